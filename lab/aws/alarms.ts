import { defined } from '../../core/model/defined.ts';
import type { LabClock } from './clock.ts';
import type { NewEvent } from './event-bus.ts';

/** The state of an alarm, in the terms of CloudWatch. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
/** The reason why the actions of a composite alarm are suppressed. Source: CloudWatch API, CompositeAlarm. */
export type Suppressor = 'Alarm' | 'WaitPeriod' | 'ExtensionPeriod';

type Dimensions = Readonly<Record<string, string>>;
type Properties = Readonly<Record<string, unknown>>;

/** An alarm on one metric, which the lab evaluates; or one that is only set (metric math, composite). */
type Alarm = {
  readonly name: string;
  readonly arn: string;
  readonly configuration: unknown;
  readonly actions: readonly string[];
  readonly watched?: {
    readonly namespace: string;
    readonly metricName: string;
    readonly dimensions: Dimensions;
    readonly periodMs: number;
    readonly breaches: (values: readonly number[]) => boolean;
  };
  state: { value: AlarmState; at: number; suppressor?: Suppressor };
};

/** The alarms of CloudWatch; their changes of state are events on the default bus. */
export type Alarms = {
  /** From the properties of AWS::CloudWatch::Alarm or CompositeAlarm. */
  readonly add: (name: string, arn: string, properties: Properties) => void;
  /** A data point of now; alarms on its metric are evaluated at the next minute. */
  readonly putMetric: (namespace: string, metricName: string, dimensions: Dimensions, value: number) => void;
  /** As SetAlarmState does; `suppressor` for a composite alarm whose actions are suppressed. */
  readonly setState: (name: string, value: AlarmState, suppressor?: Suppressor) => void;
  readonly stateOf: (name: string) => AlarmState;
};

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  Average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  SampleCount: (values) => values.length,
};
const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};
const MINUTE_MS = 60_000;

const dimensionsOf = (list: unknown): Dimensions =>
  Object.fromEntries(
    ((list ?? []) as readonly { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]),
  );
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

const watchedOf = (name: string, p: Properties): Alarm['watched'] => {
  if (p.MetricName === undefined) return undefined;
  const statistic = STATISTICS[String(p.Statistic)];
  const compare = COMPARISONS[String(p.ComparisonOperator)];
  if (statistic === undefined || compare === undefined || p.EvaluationPeriods !== 1) {
    throw new Error(
      `booting the lab: alarm ${name}: the lab evaluates plain statistics and comparisons over one period`,
    );
  }
  return {
    namespace: String(p.Namespace),
    metricName: String(p.MetricName),
    dimensions: dimensionsOf(p.Dimensions),
    periodMs: Number(p.Period) * 1000,
    // All alarms of the stack treat missing data as not breaching.
    breaches: (values) => values.length > 0 && compare(statistic(values), Number(p.Threshold)),
  };
};

/** An action of an alarm: the topic, the alarm that acts, and its message. */
export type AlarmAction = { readonly topicArn: string; readonly alarmArn: string; readonly message: string };

/** Creates CloudWatch's alarms; they start `OK`. `act` is called for each action of an alarm that enters ALARM. */
export const createAlarms = (
  clock: LabClock,
  putService: (event: NewEvent) => string,
  act: (action: AlarmAction) => void = () => {},
): Alarms => {
  const alarms = new Map<string, Alarm>();
  const series = new Map<string, { at: number; value: number }[]>();

  const named = (name: string): Alarm => {
    const alarm = alarms.get(name);
    if (alarm === undefined) throw new Error(`looking at alarm ${name}: the lab has ${[...alarms.keys()].join(', ')}`);
    return alarm;
  };
  const change = (alarm: Alarm, value: AlarmState, reason: string, suppressor?: Suppressor): void => {
    const before = alarm.state;
    if (before.value === value && before.suppressor === suppressor) return;
    alarm.state = { value, at: clock.now(), ...defined({ suppressor }) };
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
    if (value === 'ALARM' && suppressor === undefined) acts(alarm, reason);
  };
  const acts = (alarm: Alarm, reason: string): void => {
    const message = JSON.stringify({ AlarmName: alarm.name, NewStateValue: 'ALARM', NewStateReason: reason });
    for (const topicArn of alarm.actions) act({ topicArn, alarmArn: alarm.arn, message });
  };
  const evaluate = (alarm: Alarm, watched: NonNullable<Alarm['watched']>): void => {
    const since = clock.now() - watched.periodMs;
    const points = series.get(seriesKey(watched.namespace, watched.metricName, watched.dimensions)) ?? [];
    const values = points.filter(({ at }) => at > since).map(({ value }) => value);
    const breaches = watched.breaches(values);
    change(alarm, breaches ? 'ALARM' : 'OK', `Threshold Crossed: ${values.length} datapoints`);
    if (breaches) clock.after(watched.periodMs, () => evaluate(alarm, watched));
  };

  return {
    add: (name, arn, properties) => {
      const watched = watchedOf(name, properties);
      alarms.set(name, {
        name,
        arn,
        configuration: configurationOf(properties),
        actions: ((properties.AlarmActions ?? []) as readonly unknown[]).map(String),
        ...defined({ watched }),
        state: { value: 'OK', at: clock.now() },
      });
    },
    putMetric: (namespace, metricName, dimensions, value) => {
      const key = seriesKey(namespace, metricName, dimensions);
      const points = series.get(key) ?? [];
      points.push({ at: clock.now(), value });
      series.set(key, points);
      for (const alarm of alarms.values()) {
        const { watched } = alarm;
        if (watched === undefined) continue;
        if (seriesKey(watched.namespace, watched.metricName, watched.dimensions) !== key) continue;
        clock.at((Math.floor(clock.now() / MINUTE_MS) + 1) * MINUTE_MS, () => evaluate(alarm, watched));
      }
    },
    setState: (name, value, suppressor) => change(named(name), value, 'set by hand', suppressor),
    stateOf: (name) => named(name).state.value,
  };
};
