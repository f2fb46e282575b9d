import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CfnResource } from '../aws/cfn-template.ts';
import { functionResources, type LabFixture, rejection, startFixture } from '../aws/fixture.ts';
import type { LabEvent } from '../aws/lab-event.ts';

let fixture: LabFixture;
let seen: LabEvent[] = [];

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const allow = (actions: readonly string[], id: string) => ({ Effect: 'Allow', Action: actions, Resource: arn(id) });
const POLL = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const queue = (name: string, more: Readonly<Record<string, unknown>> = {}): CfnResource => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName: name, VisibilityTimeout: 60, ...more },
});
const source = (queueId: string, functionId: string, more: Readonly<Record<string, unknown>> = {}): CfnResource => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    EventSourceArn: arn(queueId),
    FunctionName: { Ref: functionId },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ...more,
  },
});

const ECHO = `
let count = 0;
export const handler = async (event, context) => {
  count += 1;
  console.log(JSON.stringify({ message: 'hello', count }));
  if (event.fail) throw new TypeError(event.fail);
  if (event.hang) await new Promise((resolve) => setTimeout(resolve, 600_000));
  return { event, count, now: Date.now(), today: new Date().toISOString(), remaining: context.getRemainingTimeInMillis(), region: process.env.AWS_REGION };
};`;
const FORWARD = `
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
const sqs = new SQSClient({ maxAttempts: 1 });
export const handler = async (event) => {
  const batchItemFailures = [];
  for (const record of event.Records) {
    if (record.body === 'bad') { batchItemFailures.push({ itemIdentifier: record.messageId }); continue; }
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.OUT, MessageBody: record.body }));
  }
  return { batchItemFailures };
};`;

beforeAll(async () => {
  const redrive = { RedrivePolicy: { deadLetterTargetArn: arn('InDead'), maxReceiveCount: 3 } };
  const forwarding = (queueId: string) => ({
    statements: [allow(POLL, queueId), allow(['sqs:SendMessage'], 'Out')],
    properties: { Environment: { Variables: { OUT: { Ref: 'Out' } } } },
  });
  fixture = await startFixture(
    {
      In: queue('in', redrive),
      InDead: queue('in-dead'),
      Ordered: queue('ordered.fifo', { FifoQueue: true }),
      Out: queue('out'),
      AsyncDead: queue('async-dead'),
      ...functionResources('echo', {
        statements: [allow(['sqs:SendMessage'], 'AsyncDead')],
        properties: { Timeout: 2, DeadLetterConfig: { TargetArn: arn('AsyncDead') } },
      }),
      ...functionResources('forward', forwarding('In')),
      ...functionResources('sequence', forwarding('Ordered')),
      ...functionResources('denied', {
        statements: [allow(POLL, 'In')],
        properties: { Environment: { Variables: { OUT: { Ref: 'Out' } } } },
      }),
      InSource: source('In', 'forward'),
      OrderedSource: source('Ordered', 'sequence', { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 3 } }),
    },
    { code: { echo: ECHO, forward: FORWARD, sequence: FORWARD, denied: FORWARD } },
  );
  fixture.lab.onEvent((event) => seen.push(event));
});
afterAll(() => fixture.stop());
beforeEach(() => {
  seen = [];
  fixture.lab.faults.calls = [];
});
afterEach(() => {
  for (const q of fixture.lab.queues.all()) q.purge();
});

const send = (name: string, body: string, group?: string) =>
  fixture.lab.queues
    .all()
    .find((q) => q.settings.name === name)
    ?.send({
      body,
      groupId: group,
      deduplicationId: group === undefined ? undefined : `${group}${body}${fixture.lab.now()}`,
    });
const bodies = (name: string) => fixture.lab.queues.messages(name).map((m) => m.body);

describe('an invocation', () => {
  it('runs the bundle on the lab clock, warm the second time, with its output captured', async () => {
    await fixture.lab.advance(86_400_000);
    const first = (await fixture.lab.invoke('echo', { a: 1 })) as Record<string, unknown>;
    const second = (await fixture.lab.invoke('echo', { a: 2 })) as Record<string, unknown>;
    expect(first).toMatchObject({ event: { a: 1 }, count: 1, region: 'cn-north-1' });
    expect(second.count).toBe(2);
    expect(Math.abs(Number(second.now) - fixture.lab.now())).toBeLessThan(5000);
    // Two looks at one clock: a moment may pass between them.
    expect(Math.abs(Date.parse(String(second.today)) - Number(second.now))).toBeLessThan(1000);
    expect(Number(first.remaining)).toBeGreaterThan(1000);
    expect(Number(first.remaining)).toBeLessThanOrEqual(2000);
    // What a process prints may arrive after its answer.
    await expect.poll(() => fixture.lab.functionLogs('echo').join('\n')).toContain('"count":2');
    expect(seen.filter((e) => e.kind === 'function-start').map((e) => e.cold)).toEqual([true, false]);
  });

  it("answers through Lambda's API, function errors and all", async () => {
    const lambda = new LambdaClient(fixture.client());
    const invoke = async (payload: unknown) => {
      const answer = await lambda.send(new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify(payload) }));
      return [answer.StatusCode, answer.FunctionError, JSON.parse(answer.Payload?.transformToString() ?? '')];
    };
    expect(await invoke({ a: 1 })).toMatchObject([200, undefined, { event: { a: 1 } }]);
    expect(await invoke({ fail: 'no' })).toMatchObject([
      200,
      'Unhandled',
      { errorType: 'TypeError', errorMessage: 'no' },
    ]);
    expect(await rejection(lambda.send(new InvokeCommand({ FunctionName: 'nobody' })))).toContain(
      'ResourceNotFoundException',
    );
  });

  it('is killed at its timeout, and the next one gets a new environment', async () => {
    expect(await rejection(fixture.lab.invoke('echo', { hang: true }))).toContain('Task timed out after 2.00 seconds');
    expect(await fixture.lab.invoke('echo', {})).toMatchObject({ count: 1 });
  });

  it('that is asynchronous is retried twice, then goes to the dead-letter queue', async () => {
    fixture.lab.invokeAsync('echo', { fail: 'always' });
    await fixture.lab.settle();
    expect(seen.filter((e) => e.kind === 'function-end').map((e) => e.error)).toEqual(
      Array(3).fill('TypeError: always'),
    );
    expect(bodies('async-dead')).toEqual(['{"fail":"always"}']);
  });
});

describe('an event source mapping', () => {
  it('deletes processed messages, and redelivers failed ones until they are dead letters', async () => {
    for (const body of ['good', 'bad', 'fine']) send('in', body);
    await fixture.lab.settle();
    expect(bodies('out')).toEqual(['good', 'fine']);
    expect(bodies('in-dead')).toEqual(['bad']);
    expect(seen.filter((e) => e.kind === 'function-start')).toHaveLength(3);
  });

  it('runs one invocation per FIFO group at a time, in order', async () => {
    for (let i = 0; i < 5; i++) for (const group of ['x', 'y']) send('ordered.fifo', `${group}${i}`, group);
    await fixture.lab.settle();
    const out = bodies('out');
    expect(out.filter((b) => b.startsWith('x'))).toEqual(['x0', 'x1', 'x2', 'x3', 'x4']);
    expect(out.filter((b) => b.startsWith('y'))).toEqual(['y0', 'y1', 'y2', 'y3', 'y4']);
  });
});

describe('a crash', () => {
  it.each([
    ['before the service acted', 'crash-before', ['a']],
    ['after it acted but before the answer', 'crash-after', ['a', 'a']],
  ] as const)('at a call, %s, brings the message again', async (_name, kind, out) => {
    fixture.lab.faults.calls = [{ functionName: 'forward', service: 'sqs', operation: 'SendMessage', kind, times: 1 }];
    send('in', 'a');
    await fixture.lab.settle();
    expect(bodies('out')).toEqual(out);
    const [first] = seen.filter((e) => e.kind === 'function-end');
    expect(first?.error).toContain('Runtime.ExitError');
  });

  it('can be placed at the n-th call', async () => {
    fixture.lab.faults.calls = [{ functionName: 'forward', kind: 'crash-after', skip: 2, times: 1 }];
    for (const body of ['1', '2', '3', '4']) send('in', body);
    await fixture.lab.settle();
    // However the four are batched: the third call acted, died before its answer, and its batch was delivered again.
    const out = bodies('out');
    expect(new Set(out)).toEqual(new Set(['1', '2', '3', '4']));
    expect(out.slice(3)).toContain(out[2]);
  });
});

describe('a freeze', () => {
  it.each([
    ['before the service acted', 'freeze-before'],
    ['after it acted but before the answer', 'freeze-after'],
  ] as const)(
    'at a call, %s, times out; the message comes back, and later the old code runs on',
    async (_name, kind) => {
      const freezeMs = 4 * 60_000;
      fixture.lab.faults.calls = [{ functionName: 'forward', operation: 'SendMessage', kind, freezeMs, times: 1 }];
      const startedAt = fixture.lab.now();
      send('in', 'a');
      await fixture.lab.settle();
      const moments = seen.flatMap((e) =>
        e.kind.startsWith('function-') && e.kind !== 'function-log'
          ? [`${e.kind}${e.kind === 'function-end' && e.error !== undefined ? ` ${e.error}` : ''}`]
          : [],
      );
      expect(moments).toEqual([
        'function-start',
        'function-frozen',
        'function-end Sandbox.Timedout: Task timed out after 10.00 seconds',
        'function-start',
        'function-end',
        'function-thawed',
      ]);
      const at = (found: LabEvent['kind'], n: number) =>
        ((seen.filter((e) => e.kind === found)[n]?.at ?? 0) - startedAt) / 1000;
      // Lab time goes on while the processes of a busy machine wait for their turn.
      const isSoonAfter = (due: number, seconds: number) => seconds >= due - 0.5 && seconds < due + 8;
      expect(isSoonAfter(10, at('function-end', 0))).toBe(true);
      expect(isSoonAfter(60, at('function-start', 1))).toBe(true);
      expect(isSoonAfter(240, at('function-thawed', 0))).toBe(true);
      // Both copies have sent: the second one, and the first one before it was frozen or when it ran on.
      expect(bodies('out')).toEqual(['a', 'a']);
      const sent = fixture.lab.calls.filter((c) => c.operation === 'SendMessage' && c.at >= startedAt && !c.error);
      expect(sent.map((c) => Math.floor((c.at - startedAt) / 59_000))).toEqual(
        kind === 'freeze-before' ? [1, 4] : [0, 1],
      );
      expect(seen.some((e) => e.kind === 'dead-letter')).toBe(false);
    },
  );
});

describe('the execution role', () => {
  it('determines the calls that the code may make', async () => {
    const event = { Records: [{ messageId: 'm', body: 'a' }] };
    expect(await rejection(fixture.lab.invoke('denied', event))).toContain(
      'is not authorized to perform: sqs:SendMessage',
    );
    expect(fixture.lab.calls.at(-1)).toMatchObject({
      principal: 'arn:aws-cn:sts::123456789012:assumed-role/deniedRole/denied',
      functionName: 'denied',
      allowed: false,
    });
  });
});
