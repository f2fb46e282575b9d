import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchedOf } from './alarm-math.ts';
import type { CfnResource } from './cfn-template.ts';
import { functionResources, type LabFixture, startFixture } from './fixture.ts';

const MINUTE_MS = 60_000;
let fixture: LabFixture;
const alarm = (properties: Readonly<Record<string, unknown>>): CfnResource => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [{ Ref: 'Topic' }],
    OKActions: [{ Ref: 'Topic' }],
    ...properties,
  },
});
const CODE = `
export const handler = async (event) => {
  if (event.fail) throw new Error('no');
  console.log(JSON.stringify({
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: 'own', Dimensions: [['service']], Metrics: [{ Name: 'Failed' }] }] },
    service: 'it', Failed: [1, 2],
  }));
};`;

beforeAll(async () => {
  const ofFunction = { Namespace: 'AWS/Lambda', Dimensions: [{ Name: 'FunctionName', Value: 'it' }], Statistic: 'Sum' };
  fixture = await startFixture(
    {
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'alerts' } },
      MayPublish: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Topic' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'cloudwatch.amazonaws.com' },
                Action: 'sns:Publish',
                Resource: { Ref: 'Topic' },
              },
            ],
          },
        },
      },
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
      ...functionResources('it'),
      Letters: alarm({
        AlarmName: 'letters',
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
        Statistic: 'Maximum',
      }),
      Age: alarm({
        AlarmName: 'age',
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateAgeOfOldestMessage',
        Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
        Statistic: 'Maximum',
        Threshold: 600,
      }),
      Errors: alarm({ AlarmName: 'errors', ...ofFunction, MetricName: 'Errors' }),
      Throttles: alarm({ AlarmName: 'throttles', ...ofFunction, MetricName: 'Throttles' }),
      Own: alarm({
        AlarmName: 'own',
        Namespace: 'own',
        MetricName: 'Failed',
        Dimensions: [{ Name: 'service', Value: 'it' }],
        Statistic: 'Sum',
        Threshold: 2,
      }),
    },
    { code: { it: CODE } },
  );
});
afterAll(() => fixture.stop());

const ringing = (): readonly string[] =>
  fixture.lab.alarms
    .states()
    .filter(({ state }) => state === 'ALARM')
    .map(({ name }) => name)
    .sort();
const published = () =>
  fixture.lab.notifications.map(({ message }) => {
    const { AlarmName, NewStateValue } = JSON.parse(message) as Record<string, string>;
    return `${AlarmName} ${NewStateValue}`;
  });

describe('the alarms of a stack', () => {
  it('ring for letters in a queue and for their age, and resolve when it is empty', async () => {
    const queue = fixture.lab.queues.all()[0];
    queue?.send({ body: 'a' });
    await fixture.lab.advance(2 * MINUTE_MS);
    expect(ringing()).toEqual(['letters']);
    await fixture.lab.advance(10 * MINUTE_MS);
    expect(ringing()).toEqual(['age', 'letters']);
    queue?.purge();
    await fixture.lab.advance(6 * MINUTE_MS);
    expect(ringing()).toEqual([]);
    await fixture.lab.settle();
    expect(published()).toEqual(['letters ALARM', 'age ALARM', 'letters OK', 'age OK']);
  });

  it("ring for a function's errors, its throttles and the metrics in its log lines", async () => {
    await fixture.lab.invoke('it', { fail: true }).catch(() => undefined);
    fixture.lab.faults.throttledInvocationRate = 1;
    await fixture.lab.invoke('it', {}).catch(() => undefined);
    fixture.lab.faults.throttledInvocationRate = 0;
    await fixture.lab.invoke('it', {});
    await expect.poll(() => fixture.lab.functionLogs('it').join()).toContain('CloudWatchMetrics');
    await fixture.lab.advance(2 * MINUTE_MS);
    expect(ringing()).toEqual(['errors', 'own', 'throttles']);
    expect(fixture.lab.alarms.states()[0]).toMatchObject({
      state: 'ALARM',
      isEvaluated: true,
      reason: expect.stringContaining('Threshold Crossed'),
    });
    await fixture.lab.advance(6 * MINUTE_MS);
    expect(ringing()).toEqual([]);
  });
});

describe('the evaluation of an alarm', () => {
  const judge = (more: Readonly<Record<string, unknown>>, ...minutesAgo: readonly number[]) =>
    watchedOf('a', {
      MetricName: 'm',
      Namespace: 'n',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 3,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      ...more,
    })?.judge([minutesAgo.map((m) => ({ at: 3_600_000 - m * MINUTE_MS, value: 1 }))], 3_600_000)?.value;

  it.each<[string, Readonly<Record<string, unknown>>, readonly number[], string | undefined]>([
    ['all periods breach', {}, [0, 1, 2], 'ALARM'],
    ['one of three periods breaches', { TreatMissingData: 'notBreaching' }, [1], 'OK'],
    ['two of three breach and two are enough', { DatapointsToAlarm: 2 }, [0, 2], 'ALARM'],
    ['data are missing and count as breaching', { TreatMissingData: 'breaching' }, [1], 'ALARM'],
    ['all data are missing', {}, [], 'INSUFFICIENT_DATA'],
    ['all data are missing and ignored', { TreatMissingData: 'ignore' }, [], undefined],
    ['all data are missing and not breaching', { TreatMissingData: 'notBreaching' }, [], 'OK'],
  ])('where %s', (_name, more, minutesAgo, state) => {
    expect(judge(more, ...minutesAgo)).toBe(state);
  });
});

describe('the evaluation of a sum', () => {
  const stat = (Id: string) => ({
    Id,
    MetricStat: { Metric: { Namespace: 'n', MetricName: Id }, Period: 60, Stat: 'Sum' },
    ReturnData: false,
  });
  const alarmOn = (Expression: string) =>
    watchedOf('a', {
      Metrics: [{ Id: 'sum', Expression }, stat('x'), stat('y')],
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
  const at = (value: number) => [{ at: 3_600_000, value }];

  it.each([
    ['one of the two is over zero', [at(0), at(2)], 'OK'],
    ['both are zero', [at(0), at(0)], 'ALARM'],
    ['one has no data', [at(5), []], 'ALARM'],
  ])('where %s', (_name, points, state) => {
    expect(alarmOn('x + y')?.judge(points, 3_600_000)?.value).toBe(state);
  });

  it('knows no other expression, and refuses a metric that is not there', () => {
    expect(alarmOn('x / y')).toBeUndefined();
    expect(() => alarmOn('x + z')).toThrow(/names a metric that the alarm does not have/);
  });
});
