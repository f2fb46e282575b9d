import { DeleteItemCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CancelCommandCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_SYMPTOM } from '../../events/node-symptom.ts';
import { NOTICES_OF_STATE, TEST_NOTICE } from '../../events/rules.ts';
import { servicePrincipal } from '../../lab/aws/iam.ts';
import { readTemplate } from '../../lab/aws/stack.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { templateStatements } from './grants.ts';
import { openScene, type Scene, synthScene } from './support.ts';

const assembly = synthScene([{ name: 'demo' }]);
const template = readTemplate(assembly.assembly, assembly.stackName);

type ClientConfig = ReturnType<typeof client>;
type Attempt = (config: ClientConfig) => Promise<unknown>;

let scene: Scene;
let node: SimulatedNode;
beforeAll(async () => {
  scene = await openScene(assembly);
  node = scene.addNodes('demo', 1)[0] as SimulatedNode;
});
afterAll(() => scene.lab.stop());

const client = (at: Scene, credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }) => ({
  endpoint: at.lab.endpointUrl,
  region: at.lab.region,
  credentials,
  maxAttempts: 1,
});

/** The result of an attempt: allowed, denied, or the error of a call that was allowed and invalid. */
const outcomeOf = async (attempt: Attempt, config: ClientConfig): Promise<string> => {
  try {
    await attempt(config);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return /AccessDenied/.test(error.name) ? 'denied' : error.name;
  }
};

/** The principals, of the functions and an administrator, that are not denied. */
const whoMay = async (attempt: Attempt, at = scene): Promise<readonly string[]> => {
  const who: string[] = [];
  for (const name of at.lab.functionNames()) {
    const credentials = at.lab.iam.issue(at.lab.roleOf(name));
    if ((await outcomeOf(attempt, client(at, credentials))) !== 'denied') who.push(name.replace('fleetmend-', ''));
  }
  const admin = at.lab.credentialsFor('admin');
  if ((await outcomeOf(attempt, client(at, admin))) !== 'denied') who.push('administrator');
  return who;
};

const documents = Object.values(template.Resources)
  .filter((r) => r.Type === 'AWS::SSM::Document')
  .map((r) => String(r.Properties?.Name));
const send =
  (DocumentName: string, ...InstanceIds: string[]): Attempt =>
  (config) =>
    new SSMClient(config).send(new SendCommandCommand({ DocumentName, InstanceIds }));
/** One at a time, with a second between: SSM takes few SendCommand calls a second. */
const asAdvance = async (attempt: Attempt): Promise<string> => {
  await scene.lab.advance(1000);
  return await outcomeOf(attempt, client(scene, scene.lab.iam.issue(scene.lab.roleOf('fleetmend-run-controller'))));
};

describe('running commands on nodes', () => {
  it('is for run-controller alone', async () => {
    const [document = ''] = documents;
    expect(await whoMay(send(document, node.instanceId))).toEqual(['run-controller', 'administrator']);
    const CommandId = scene.chronicle.commands[0]?.commandId ?? '';
    expect(CommandId).not.toBe('');
    expect(await whoMay((config) => new SSMClient(config).send(new CancelCommandCommand({ CommandId })))).toEqual([
      'run-controller',
      'administrator',
    ]);
  });

  it("goes by fleetmend's documents that the policy wants, and by no others", async () => {
    const outcomes: [string, string][] = [];
    for (const name of documents) {
      outcomes.push([name.replace(/^fleetmend-|-[0-9a-f]{12}$/g, ''), await asAdvance(send(name, node.instanceId))]);
    }
    // Nothing allows a disruptive repair or a variant here.
    const wanted = remediations.flatMap(({ name, disruptive }): [string, string][] => [
      [`${name}-check`, 'allowed'],
      [`${name}-repair`, disruptive ? 'denied' : 'allowed'],
    ]);
    expect(outcomes.toSorted()).toEqual(
      [
        ...wanted,
        ...NODE_CHECK_KEYS.map((key): [string, string] => [key, 'allowed']),
        ['pause-image-repair-mirror', 'denied'],
      ].toSorted(),
    );
    for (const arn of [
      'arn:aws-cn:ssm:cn-north-1:123456789012:document/AWS-RunShellScript',
      'arn:aws-cn:ssm:cn-north-1:123456789012:document/fleetmend-evil',
    ]) {
      const request = { action: 'ssm:SendCommand', resource: arn };
      expect(await scene.lab.iam.decide(scene.lab.roleOf('fleetmend-run-controller'), request)).toMatchObject({
        allowed: false,
      });
    }
  });

  it("reaches the cluster's instances and no others, not even beside them", async () => {
    const [document = ''] = documents;
    const [foreign] = scene.addNodes('foreign', 1);
    const [bare] = scene.addNodes('bare', 1);
    const [lookalike] = scene.addNodes('lookalike', 1, { tags: { 'eks:cluster-name': 'demo-2', Name: 'demo' } });
    if (foreign === undefined || bare === undefined || lookalike === undefined) throw new Error('no node was made');
    scene.lab.nodes.add({ ...bare, tags: {} });
    for (const { instanceId } of [foreign, bare, lookalike]) {
      expect(await asAdvance(send(document, instanceId))).toBe('denied');
      expect(await asAdvance(send(document, node.instanceId, instanceId))).toBe('denied');
    }
  });
});

describe('the audit record', () => {
  it('cannot be changed or deleted by any function', async () => {
    const TableName = scene.lab.outputs.AuditTableName ?? '';
    const Key = { pk: { S: 'RESULT#r-1' }, sk: { S: node.instanceId } };
    const update: Attempt = (config) =>
      new DynamoDBClient(config).send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'SET outcome = :h',
          ExpressionAttributeValues: { ':h': { S: 'Healthy' } },
        }),
      );
    const remove: Attempt = (config) => new DynamoDBClient(config).send(new DeleteItemCommand({ TableName, Key }));
    expect([await whoMay(update), await whoMay(remove)]).toEqual([['administrator'], ['administrator']]);
    const put: Attempt = (config) => new DynamoDBClient(config).send(new PutItemCommand({ TableName, Item: Key }));
    expect((await whoMay(put)).toSorted()).toEqual(['administrator', 'command-tracker', 'run-controller', 'scheduler']);
  });
});

const put =
  (Source: string, DetailType = NODE_SYMPTOM): Attempt =>
  (config) =>
    new EventBridgeClient(config).send(
      new PutEventsCommand({
        Entries: [{ EventBusName: 'fleetmend', Source, DetailType, Detail: '{}' }],
      }),
    );
const signal =
  (at: Scene): Attempt =>
  (config) =>
    new SQSClient(config).send(
      new SendMessageCommand({ QueueUrl: at.lab.outputs.SignalsQueueUrl ?? '', MessageBody: 'forged' }),
    );

describe("signals in fleetmend's name", () => {
  it('are for log-classifier alone, notices for those who tell what they did, whatever other permissions there are', async () => {
    expect(await whoMay(put('fleetmend.logs'))).toEqual(['log-classifier']);
    expect(await whoMay(put('fleetmend'))).toEqual(['run-controller']);
    for (const [detailType, functions] of [
      [TEST_NOTICE, ['operator-api', 'run-controller']],
      ...NOTICES_OF_STATE.map((name) => [name, ['run-controller', 'scheduler']] as const),
    ] as const)
      expect((await whoMay(put('fleetmend', detailType))).toSorted()).toEqual(functions.toSorted());
    expect((await whoMay(put('acme.monitoring'))).toSorted()).toEqual([
      'administrator',
      'log-classifier',
      'run-controller',
    ]);
  });

  it('cannot bypass the bus into the queue, but for operator-api, which marks what it sends', async () => {
    expect(await whoMay(signal(scene))).toEqual(['operator-api']);
  });

  it('would be for others without the denials, which the tests above detect', async () => {
    const denials = templateStatements(template).filter(
      (s) => s.effect === 'Deny' && /Only(Logs|Advance)May|SignalsQueuePolicy.*sqs:SendMessage/.test(s.what),
    );
    expect(denials).toHaveLength(3);
    const open = await openScene(assembly, {
      edit: (from) => denials.reduce((edited, { without }) => without(edited), from),
    });
    try {
      expect(await whoMay(put('fleetmend.logs'), open)).toEqual(['log-classifier', 'run-controller', 'administrator']);
      expect(await whoMay(put('fleetmend'), open)).toEqual(['log-classifier', 'run-controller', 'administrator']);
      expect(await whoMay(signal(open), open)).toEqual(['operator-api', 'administrator']);
    } finally {
      await open.lab.stop();
    }
  });
});

describe('the topic of notices', () => {
  const TOPIC = 'arn:aws-cn:sns:cn-north-1:123456789012:fleetmend-notices';
  const REGIONAL = 'cn-north-1:123456789012';
  const publish = (service: string, sourceArn: string, account = '123456789012') =>
    scene.lab.iam.decide(servicePrincipal(service), {
      action: 'sns:Publish',
      resource: TOPIC,
      context: { 'aws:SourceArn': sourceArn, 'aws:SourceAccount': account },
    });

  it.each([
    ['a rule of the bus', 'events', `arn:aws-cn:events:${REGIONAL}:rule/fleetmend/fleetmend-notices`, false],
    ['an alarm of the stack', 'cloudwatch', `arn:aws-cn:cloudwatch:${REGIONAL}:alarm:fleetmend-any`, true],
    ['another alarm of the account', 'cloudwatch', `arn:aws-cn:cloudwatch:${REGIONAL}:alarm:any`, false],
    ['no alarm', 'cloudwatch', `arn:aws-cn:cloudwatch:${REGIONAL}:dashboard/fleetmend-any`, false],
    ['another service', 's3', `arn:aws-cn:cloudwatch:${REGIONAL}:alarm:fleetmend-any`, false],
  ])('lets %s publish: %s %s: %s', async (_, service, arn, allowed) => {
    expect(await publish(`${service}.amazonaws.com`, arn)).toMatchObject({ allowed });
  });

  it('is closed to the rules and alarms of another account', async () => {
    const other = 'cn-north-1:999999999999';
    const rule = `arn:aws-cn:events:${other}:rule/fleetmend/fleetmend-notices`;
    const alarm = `arn:aws-cn:cloudwatch:${other}:alarm:fleetmend-any`;
    expect(await publish('events.amazonaws.com', rule, '999999999999')).toMatchObject({ allowed: false });
    expect(await publish('cloudwatch.amazonaws.com', alarm, '999999999999')).toMatchObject({ allowed: false });
  });

  it("takes an alarm's action and a stranger's rule does not get through", async () => {
    const open = await openScene(assembly, {
      edit: (from) => ({
        ...from,
        Resources: {
          ...from.Resources,
          OwnAlarm: {
            Type: 'AWS::CloudWatch::Alarm',
            Properties: { AlarmName: 'fleetmend-own', AlarmRule: 'ALARM(x)', AlarmActions: [TOPIC] },
          },
          Stranger: {
            Type: 'AWS::Events::Rule',
            Properties: {
              Name: 'stranger',
              EventPattern: { source: ['acme'] },
              State: 'ENABLED',
              Targets: [{ Id: 'T', Arn: TOPIC }],
            },
          },
        },
      }),
    });
    try {
      open.lab.alarms.setState('fleetmend-own', 'ALARM');
      open.lab.putEvent({ source: 'acme', detailType: 'Forged', detail: { text: 'all is well' } });
      await open.lab.settle();
      expect(open.lab.notifications.map(({ message }) => message)).toEqual([
        expect.stringContaining('"AlarmName":"fleetmend-own"'),
      ]);
      expect(open.chronicle.denials.join()).toMatch(/stranger.*sns:Publish/);
    } finally {
      await open.lab.stop();
    }
  });
});
