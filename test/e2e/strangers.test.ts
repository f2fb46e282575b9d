import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servicePrincipal } from '../../lab/aws/iam.ts';
import { openScene, type Scene, synthScene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene([{ name: 'demo' }]));
});
afterAll(() => scene.lab.stop());

describe('the queues', () => {
  const ALL_WAKERS = ['command-tracker', 'operator-api', 'run-controller', 'scheduler', 'signal-intake'];
  /** By queue: who may send to it, who may delete its messages. Nobody else may, an administrator neither. */
  const USERS: Readonly<Record<string, readonly [senders: readonly string[], takers: readonly string[]]>> = {
    signals: [['operator-api'], ['signal-intake']],
    progress: [['operator-api', 'run-controller'], ['command-tracker']],
    'lanes.fifo': [ALL_WAKERS, ['run-controller']],
    'signals-dlq': [['signal-intake'], ['operator-api']],
    'progress-dlq': [['command-tracker'], ['operator-api']],
    'lanes-dlq.fifo': [[], ['operator-api']],
    'rules-dlq': [[], ['operator-api']],
    'log-classifier-dlq': [['log-classifier'], ['operator-api']],
    'operator-api-dlq': [['operator-api'], ['operator-api']],
    'scheduler-dlq': [['scheduler'], ['operator-api']],
    'run-controller-dlq': [['run-controller'], ['operator-api']],
    'notifier-dlq': [['notifier'], ['operator-api']],
  };
  /** The functions and an administrator that may do this with a queue. */
  const mayDo = async (action: string, queue: string): Promise<readonly string[]> => {
    const { lab } = scene;
    const admin = lab.iam.principalOf(lab.credentialsFor('admin').accessKeyId);
    if (admin === undefined) throw new Error('looking for the administrator: there is no such principal');
    const principals = [
      ...lab.functionNames().map((name) => [name, lab.roleOf(name)] as const),
      ['admin', admin] as const,
    ];
    const resource =
      lab.queues.all().find(({ settings }) => settings.name === `fleetmend-${queue}`)?.settings.arn ?? '';
    const who: string[] = [];
    for (const [name, principal] of principals)
      if ((await lab.iam.decide(principal, { action, resource })).allowed) who.push(name.replace('fleetmend-', ''));
    return who.toSorted();
  };

  it('are all in this list', () => {
    const names = scene.lab.queues.all().map(({ settings }) => settings.name.replace('fleetmend-', ''));
    expect(names.toSorted()).toEqual(Object.keys(USERS).toSorted());
  });

  it.each(Object.entries(USERS))(
    '%s takes messages of its senders alone, and gives them to its function alone',
    async (queue, [senders, takers]) => {
      expect(await mayDo('sqs:SendMessage', queue)).toEqual(senders);
      expect(await mayDo('sqs:DeleteMessage', queue)).toEqual(takers);
      expect(await mayDo('sqs:PurgeQueue', queue)).toEqual([]);
      // People look at dead letters, to find the cause.
      const lookers = queue.includes('-dlq') ? ['admin'] : [];
      expect(await mayDo('sqs:ReceiveMessage', queue)).toEqual([...lookers, ...takers].toSorted());
    },
  );

  it('take messages of their own rules alone', async () => {
    const sends = (queue: string, rule: string) =>
      scene.lab.iam.decide(servicePrincipal('events.amazonaws.com'), {
        action: 'sqs:SendMessage',
        resource: `arn:aws-cn:sqs:cn-north-1:123456789012:fleetmend-${queue}`,
        context: {
          'aws:SourceArn': `arn:aws-cn:events:cn-north-1:123456789012:rule/${rule}`,
          'aws:SourceAccount': '123456789012',
        },
      });
    expect(await sends('progress', 'fleetmend-command-ends')).toMatchObject({ allowed: true });
    expect(await sends('rules-dlq', 'fleetmend-command-ends')).toMatchObject({ allowed: true });
    expect(await sends('rules-dlq', 'fleetmend-overdue')).toMatchObject({ allowed: true });
    for (const [queue, rule] of [
      ['progress', 'other'],
      ['progress', 'fleetmend-launches'],
      ['rules-dlq', 'other'],
      ['lanes.fifo', 'fleetmend-command-ends'],
    ] as const)
      expect(await sends(queue, rule)).toMatchObject({ allowed: false });
  });
});

it('the topic of notices takes no message of a person or of a function but notifier, whatever their own policies allow', async () => {
  const { lab } = scene;
  const TopicArn = 'arn:aws-cn:sns:cn-north-1:123456789012:fleetmend-notices';
  const issued = (name: string) => lab.iam.issue(lab.roleOf(name));
  const publish = (credentials: ReturnType<typeof issued>) =>
    new SNSClient({ endpoint: lab.endpointUrl, region: lab.region, credentials, maxAttempts: 1 }).send(
      new PublishCommand({ TopicArn, Message: 'all is well' }),
    );
  const others = lab.functionNames().filter((name) => name !== 'fleetmend-notifier');
  for (const credentials of [lab.credentialsFor('admin'), ...others.map(issued)])
    await expect(publish(credentials)).rejects.toThrow(/explicit deny/);
  expect(lab.notifications).toEqual([]);
  await publish(issued('fleetmend-notifier'));
  expect(lab.notifications).toHaveLength(1);
});

it('the topic of notices takes messages of no rule, and of the alarms of the stack alone', async () => {
  const publishes = (service: string, source: string, account = '123456789012') =>
    scene.lab.iam.decide(servicePrincipal(`${service}.amazonaws.com`), {
      action: 'sns:Publish',
      resource: 'arn:aws-cn:sns:cn-north-1:123456789012:fleetmend-notices',
      context: {
        'aws:SourceArn': `arn:aws-cn:${service === 'events' ? 'events' : 'cloudwatch'}:cn-north-1:${account}:${source}`,
        'aws:SourceAccount': account,
        'aws:SecureTransport': 'true',
      },
    });
  expect(await publishes('cloudwatch', 'alarm:fleetmend-heartbeat')).toMatchObject({ allowed: true });
  for (const [service, source] of [
    ['events', 'rule/fleetmend/fleetmend-notices'],
    ['events', 'rule/other'],
    ['events', 'rule/fleetmend/other'],
    ['events', 'alarm:fleetmend-heartbeat'],
    ['cloudwatch', 'alarm:other'],
    ['cloudwatch', 'rule/fleetmend/fleetmend-notices'],
    ['s3', 'alarm:fleetmend-heartbeat'],
  ] as const) {
    expect([source, await publishes(service, source)]).toMatchObject([source, { allowed: false }]);
  }
  expect(await publishes('cloudwatch', 'alarm:fleetmend-heartbeat', '210987654321')).toMatchObject({ allowed: false });
});
