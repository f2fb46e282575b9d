import { defined } from '../../core/model/defined.ts';
import { dimensionsOf, type Point, type Watched, type WatchedMetric, watchedOf } from './alarm-math.ts';
import type { LabClock } from './clock.ts';
import type { NewEvent } from './event-bus.ts';

/** The state of an alarm, in the terms of CloudWatch. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
/** The reason why the actions of a composite alarm are suppressed. Source: CloudWatch API, CompositeAlarm. */
export type Suppressor = 'Alarm' | 'WaitPeriod' | 'ExtensionPeriod';

type Dimensions = Readonly<Record<string, string>>;
type Properties = Readonly<Record<string, unknown>>;

/** An alarm on a metric or a sum, which the lab evaluates; or one that is only set (other metric math, composite). */
type Alarm = {
  readonly name: string;
  readonly arn: string;
  readonly configuration: unknown;
  readonly actions: readonly string[];
  readonly okActions: readonly string[];
  readonly watched?: Watched;
  state: { value: AlarmState; at: number; reason: string; suppressor?: Suppressor };
};

/** An alarm as it is now. */
export type ShownAlarm = {
  readonly name: string;
  readonly state: AlarmState;
  /** Lab time since when it has been so, and why. */
  readonly since: number;
  readonly reason: string;
  /** False for composite alarms, and metric math other than a sum: those are only set. */
  readonly isEvaluated: boolean;
};

/** The alarms of CloudWatch; their changes of state are events on the default bus. */
export type Alarms = {
  /** From the properties of AWS::CloudWatch::Alarm or CompositeAlarm. */
  readonly add: (name: string, arn: string, properties: Properties) => void;
  /** A data point of now; alarms on its metric are evaluated at the next minute. */
  readonly putMetric: (namespace: string, metricName: string, dimensions: Dimensions, value: number) => void;
  /** A data point of now, which is looked at when time goes on: nothing waits for it, as `settle` does for a metric that is put. */
  readonly record: Alarms['putMetric'];
  readonly evaluateAll: () => void;
  /** All alarms: those that would ring now first. */
  readonly states: () => readonly ShownAlarm[];
  readonly remove: (name: string) => void;
  /** As SetAlarmState does; `suppressor` for a composite alarm whose actions are suppressed. */
  readonly setState: (name: string, value: AlarmState, suppressor?: Suppressor) => void;
  readonly stateOf: (name: string) => AlarmState;
};

const MINUTE_MS = 60_000;

const seriesKey = (namespace: string, metricName: string, dimensions: Dimensions): string =>
  JSON.stringify([namespace, metricName, Object.entries(dimensions).toSorted()]);
/** CloudWatch's times have no colon in the offset. */
const stamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

const metricStat = (p: Properties) => ({
  metric: { dimensions: dimensionsOf(p.Dimensions), name: String(p.MetricName), namespace: String(p.Namespace) },
  period: Number(p.Period),
  stat: String(p.Statistic),
});

const configurationOf = (p: Properties): unknown => {
  const description = p.AlarmDescription === undefined ? {} : { description: String(p.AlarmDescription) };
  if (p.AlarmRule !== undefined) {
    return {
      alarmRule: String(p.AlarmRule),
      ...(p.ActionsSuppressor === undefined ? {} : { actionsSuppressor: String(p.ActionsSuppressor) }),
      ...description,
    };
  }
  const math = p.Metrics as readonly Properties[] | undefined;
  const metrics = math?.map((m) => {
    const stat = m.MetricStat as { Metric: Properties; Period: number; Stat: string } | undefined;
    return {
      id: m.Id,
      ...(stat === undefined
        ? { expression: m.Expression }
        : { metricStat: metricStat({ ...stat.Metric, Period: stat.Period, Statistic: stat.Stat }) }),
      returnData: m.ReturnData ?? true,
    };
  }) ?? [{ id: 'm1', metricStat: metricStat(p), returnData: true }];
  return { ...description, metrics };
};

/** An action of an alarm: the topic, the alarm that acts, and its message. */
export type AlarmAction = { readonly topicArn: string; readonly alarmArn: string; readonly message: string };

/** Creates CloudWatch's alarms; they start `OK`. `act` is called for each action of an alarm that enters ALARM or OK. */
export const createAlarms = (
  clock: LabClock,
  putService: (event: NewEvent) => string,
  act: (action: AlarmAction) => void = () => {},
): Alarms => {
  const alarms = new Map<string, Alarm>();
  const series = new Map<string, Point[]>();

  const named = (name: string): Alarm => {
    const alarm = alarms.get(name);
    if (alarm === undefined) throw new Error(`looking at alarm ${name}: the lab has ${[...alarms.keys()].join(', ')}`);
    return alarm;
  };
  const change = (alarm: Alarm, value: AlarmState, reason: string, suppressor?: Suppressor): void => {
    const before = alarm.state;
    if (before.value === value && before.suppressor === suppressor) return;
    alarm.state = { value, at: clock.now(), reason, ...defined({ suppressor }) };
    const shown = (state: Alarm['state'], why: string) => ({
      ...(state.suppressor === undefined
        ? {}
        : {
            actionsSuppressedBy: state.suppressor,
            actionsSuppressedReason: `Actions suppressed by ${state.suppressor}`,
          }),
      reason: why,
      timestamp: stamp(state.at),
      value: state.value,
    });
    putService({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [alarm.arn],
      detail: {
        alarmName: alarm.name,
        configuration: alarm.configuration,
        previousState: shown(before, 'the state before'),
        state: shown(alarm.state, reason),
      },
    });
    if (suppressor === undefined) acts(alarm, reason);
  };
  const acts = (alarm: Alarm, reason: string): void => {
    const { value } = alarm.state;
    const message = JSON.stringify({ AlarmName: alarm.name, NewStateValue: value, NewStateReason: reason });
    const topics = value === 'ALARM' ? alarm.actions : value === 'OK' ? alarm.okActions : [];
    for (const topicArn of topics) act({ topicArn, alarmArn: alarm.arn, message });
  };
  const keyOf = (metric: WatchedMetric): string => seriesKey(metric.namespace, metric.metricName, metric.dimensions);
  const look = (alarm: Alarm, watched: Watched): void => {
    const points = watched.metrics.map((metric) => series.get(keyOf(metric)) ?? []);
    const verdict = watched.judge(points, clock.now());
    if (verdict !== undefined) change(alarm, verdict.value, verdict.reason);
  };
  /** Evaluates an alarm whose metric was put, until it has recovered. */
  const follow = (alarm: Alarm, watched: Watched): void => {
    look(alarm, watched);
    if (alarm.state.value === 'ALARM') clock.after(watched.periodMs, () => follow(alarm, watched));
  };
  /** Keeps a point where an alarm watches its metric, for as long as one may look at it. */
  const keep = (key: string, value: number): readonly { readonly alarm: Alarm; readonly watched: Watched }[] => {
    const watchers = [...alarms.values()].flatMap((alarm) =>
      alarm.watched?.metrics.some((metric) => keyOf(metric) === key) ? [{ alarm, watched: alarm.watched }] : [],
    );
    if (watchers.length === 0) return [];
    const longestMs = Math.max(...watchers.map(({ watched: w }) => w.periodMs * w.evaluationPeriods));
    const points = (series.get(key) ?? []).filter(({ at }) => at > clock.now() - longestMs);
    series.set(key, [...points, { at: clock.now(), value }]);
    return watchers;
  };

  return {
    add: (name, arn, properties) => {
      const watched = watchedOf(name, properties);
      alarms.set(name, {
        name,
        arn,
        configuration: configurationOf(properties),
        actions: ((properties.AlarmActions ?? []) as readonly unknown[]).map(String),
        okActions: ((properties.OKActions ?? []) as readonly unknown[]).map(String),
        ...defined({ watched }),
        state: alarms.get(name)?.state ?? { value: 'OK', at: clock.now(), reason: 'the alarm is new' },
      });
    },
    putMetric: (namespace, metricName, dimensions, value) => {
      for (const { alarm, watched } of keep(seriesKey(namespace, metricName, dimensions), value))
        clock.at((Math.floor(clock.now() / MINUTE_MS) + 1) * MINUTE_MS, () => follow(alarm, watched));
    },
    record: (namespace, metricName, dimensions, value) => {
      keep(seriesKey(namespace, metricName, dimensions), value);
    },
    evaluateAll: () => {
      for (const alarm of alarms.values()) if (alarm.watched !== undefined) look(alarm, alarm.watched);
    },
    states: () =>
      [...alarms.values()]
        .map(({ name, state, watched }) => ({
          name,
          state: state.value,
          since: state.at,
          reason: state.reason,
          isEvaluated: watched !== undefined,
        }))
        .sort((a, b) => Number(b.state === 'ALARM') - Number(a.state === 'ALARM')),
    remove: (name) => {
      alarms.delete(name);
    },
    setState: (name, value, suppressor) => change(named(name), value, 'set by hand', suppressor),
    stateOf: (name) => named(name).state.value,
  };
};
