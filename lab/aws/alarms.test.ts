import { afterEach, describe, expect, it } from 'vitest';
import { type Alarms, createAlarms } from './alarms.ts';
import { createClock, type LabClock } from './clock.ts';
import type { NewEvent } from './event-bus.ts';

let clock: LabClock | undefined;
afterEach(() => clock?.stop());

const METRIC = {
  Namespace: 'ContainerInsights',
  MetricName: 'node_filesystem_utilization',
  Dimensions: [{ Name: 'ClusterName', Value: 'demo' }],
  Statistic: 'Maximum',
  Period: 300,
  EvaluationPeriods: 1,
  Threshold: 80,
  ComparisonOperator: 'GreaterThanThreshold',
  AlarmDescription: 'a disk is filling',
  TreatMissingData: 'notBreaching',
};

const world = (properties: Readonly<Record<string, unknown>> = METRIC) => {
  const events: NewEvent[] = [];
  const made = createClock({ skipIdle: true });
  clock = made;
  const alarms: Alarms = createAlarms(made, (event) => {
    events.push(event);
    return 'id';
  });
  alarms.add('disk', 'arn:aws:cloudwatch:eu-west-1:1:alarm:disk', properties);
  const put = (value: number, cluster = 'demo') =>
    alarms.putMetric('ContainerInsights', 'node_filesystem_utilization', { ClusterName: cluster }, value);
  const states = () =>
    events.map((event) => (event.detail as { state: { value: string; actionsSuppressedBy?: string } }).state.value);
  return { alarms, events, put, states, settle: () => made.settle() };
};

describe('an alarm on a metric', () => {
  it('emits the event of CloudWatch when its metric breaches, and when it recovers', async () => {
    const { events, put, states, settle } = world();
    put(70);
    put(91);
    await settle();
    expect(states()).toEqual(['ALARM', 'OK']);
    expect(events[0]).toMatchObject({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: ['arn:aws:cloudwatch:eu-west-1:1:alarm:disk'],
      detail: {
        alarmName: 'disk',
        configuration: {
          description: 'a disk is filling',
          metrics: [
            {
              metricStat: {
                metric: {
                  dimensions: { ClusterName: 'demo' },
                  name: 'node_filesystem_utilization',
                  namespace: 'ContainerInsights',
                },
                period: 300,
                stat: 'Maximum',
              },
              returnData: true,
            },
          ],
        },
        previousState: { value: 'OK' },
        state: { value: 'ALARM', timestamp: expect.stringMatching(/\d\+0000$/) },
      },
    });
  });

  it('emits nothing at its threshold, and for the metric of another cluster', async () => {
    const { put, states, settle } = world();
    put(80);
    put(99, 'other');
    await settle();
    expect(states()).toEqual([]);
  });

  it('is refused where the lab could not evaluate it', () => {
    expect(() => world({ ...METRIC, Statistic: 'p99' })).toThrow(/plain statistics/);
  });
});

it('sets a composite alarm with its suppressor, and emits an event when the suppression ends', () => {
  const { alarms, events, states } = world({ AlarmRule: 'ALARM("a") OR ALARM("b")' });
  alarms.setState('disk', 'ALARM', 'WaitPeriod');
  alarms.setState('disk', 'ALARM', 'WaitPeriod');
  alarms.setState('disk', 'ALARM');
  expect(states()).toEqual(['ALARM', 'ALARM']);
  expect(events.map(({ detail }) => (detail as { state: object }).state)).toMatchObject([
    { actionsSuppressedBy: 'WaitPeriod' },
    expect.not.objectContaining({ actionsSuppressedBy: expect.anything() }),
  ]);
  expect(events[0]?.detail).toMatchObject({ configuration: { alarmRule: 'ALARM("a") OR ALARM("b")' } });
  expect(alarms.stateOf('disk')).toBe('ALARM');
  expect(() => alarms.stateOf('other')).toThrow(/the lab has disk/);
});
