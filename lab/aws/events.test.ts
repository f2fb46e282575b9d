import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CfnResource } from './cfn-template.ts';
import { type LabFixture, rejection, startFixture } from './fixture.ts';
import type { LabEvent } from './lab-event.ts';

let fixture: LabFixture;
let events: EventBridgeClient;
let seen: LabEvent[] = [];

const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const queue = (name: string): CfnResource => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName: name } });
const mayDeliver = (queueId: string, ...ruleIds: readonly string[]): CfnResource => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: [{ Ref: queueId }],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: ruleIds.map((id) => ({
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: arn(queueId),
        Condition: { ArnEquals: { 'aws:SourceArn': arn(id) } },
      })),
    },
  },
});
const rule = (target: string, pattern: unknown): CfnResource => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventBusName: { Ref: 'Bus' },
    EventPattern: pattern,
    Targets: [
      {
        Id: 't',
        Arn: arn(target),
        DeadLetterConfig: { Arn: arn('Dead') },
        RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
      },
    ],
  },
});

beforeAll(async () => {
  fixture = await startFixture({
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'fleetmend' } },
    OnlyLogs: {
      Type: 'AWS::Events::EventBusPolicy',
      Properties: {
        EventBusName: { Ref: 'Bus' },
        StatementId: 'OnlyLogs',
        Statement: {
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'events:PutEvents',
          Resource: arn('Bus'),
          // `events:source` is multi-valued in the service authorization reference: StringEquals alone would not bind.
          Condition: { 'ForAnyValue:StringEquals': { 'events:source': 'fleetmend.logs' } },
        },
      },
    },
    Signals: queue('signals'),
    Closed: queue('closed'),
    Dead: queue('dead'),
    Symptoms: rule('Signals', { 'detail-type': ['Node Symptom'], detail: { reason: [{ prefix: 'Sandbox' }] } }),
    Denied: rule('Closed', { 'detail-type': ['Denied'] }),
    SignalsPolicy: mayDeliver('Signals', 'Symptoms'),
    DeadPolicy: mayDeliver('Dead', 'Denied'),
    Tick: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(5 minutes)',
        Targets: [{ Id: 't', Arn: arn('Ticks'), Input: '{"kind":"overdue"}' }],
      },
    },
    Ticks: queue('ticks'),
    TicksPolicy: mayDeliver('Ticks', 'Tick'),
  });
  events = new EventBridgeClient(fixture.client());
  fixture.lab.onEvent((event) => seen.push(event));
});
afterAll(() => fixture.stop());
beforeEach(() => {
  for (const q of fixture.lab.queues.all()) q.purge();
  fixture.lab.faults.events = [];
  fixture.lab.faults.failedEntryRate = 0;
  seen = [];
});

const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'fleetmend',
  Source: 'people',
  DetailType: 'Node Symptom',
  Detail: JSON.stringify({ reason: 'SandboxImageMissing' }),
  ...more,
});
const put = (...entries: PutEventsRequestEntry[]) => events.send(new PutEventsCommand({ Entries: entries }));
const bodies = (name: string) => fixture.lab.queues.messages(name).map((m) => JSON.parse(m.body));

describe('PutEvents', () => {
  it('delivers the whole envelope to the targets of matching rules', async () => {
    await put(entry(), entry({ Detail: '{"reason":"CNINotReady"}' }));
    await fixture.lab.settle();
    expect(bodies('signals')).toEqual([
      {
        version: '0',
        id: expect.any(String),
        'detail-type': 'Node Symptom',
        source: 'people',
        account: '123456789012',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        region: 'cn-north-1',
        resources: [],
        detail: { reason: 'SandboxImageMissing' },
      },
    ]);
  });

  it.each<[string, Partial<PutEventsRequestEntry>, string]>([
    ['a detail that is no object', { Detail: '[]' }, 'MalformedDetail'],
    ['a source of AWS', { Source: 'aws.ssm' }, 'NotAuthorizedForSourceException'],
    ['no detail type', { DetailType: '' }, 'InvalidArgument'],
  ])('fails the entry with %s, inside a 200 answer', async (_name, more, code) => {
    const answer = await put(entry(), entry(more));
    expect([answer.FailedEntryCount, answer.Entries?.map((e) => e.ErrorCode)]).toEqual([1, [undefined, code]]);
  });

  it('refuses eleven entries, an unknown bus, and a source that the bus denies', async () => {
    expect(await rejection(put(...Array.from({ length: 11 }, () => entry())))).toContain("'entries'");
    expect(await rejection(put(entry({ EventBusName: 'no' })))).toContain('ResourceNotFoundException');
    expect(await rejection(put(entry({ Source: 'fleetmend.logs' })))).toContain('explicit deny');
  });

  it('fails entries on demand', async () => {
    fixture.lab.faults.failedEntryRate = 1;
    expect((await put(entry())).FailedEntryCount).toBe(1);
  });
});

describe('delivery', () => {
  it('goes to the dead-letter queue where the policy of the target denies the rule', async () => {
    await put(entry({ DetailType: 'Denied' }));
    await fixture.lab.settle();
    expect(bodies('closed')).toEqual([]);
    const [dead] = fixture.lab.queues.messages('dead');
    expect(dead?.attributes.ERROR_CODE?.StringValue).toBe('NO_PERMISSIONS');
    expect(dead?.attributes.RULE_ARN?.StringValue).toContain('rule/fleetmend/');
    expect(seen.find((e) => e.kind === 'delivery-failed')).toMatchObject({ deadLettered: true });
  });

  it.each([
    ['lost', { kind: 'lose' }, 0],
    ['doubled', { kind: 'duplicate' }, 2],
  ] as const)('can be %s', async (_name, fault, count) => {
    fixture.lab.faults.events = [fault];
    await put(entry());
    await fixture.lab.settle();
    expect(bodies('signals')).toHaveLength(count);
  });

  it('can be late and out of order', async () => {
    fixture.lab.faults.events = [{ kind: 'late', lateMs: 60_000, times: 3 }];
    const send = async (n: number) => put(entry({ Detail: JSON.stringify({ reason: 'SandboxImageMissing', n }) }));
    for (const n of [1, 2, 3, 4]) await send(n);
    await fixture.lab.settle();
    const order = bodies('signals').map((b) => b.detail.n);
    expect(order.toSorted()).toEqual([1, 2, 3, 4]);
    expect(order[0]).toBe(4);
  });
});

describe('a schedule', () => {
  it('fires on the lab clock with its input', async () => {
    await fixture.lab.advance(16 * 60_000);
    expect(bodies('ticks')).toEqual(Array(3).fill({ kind: 'overdue' }));
  });
});
