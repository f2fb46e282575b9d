type Properties = Readonly<Record<string, unknown>>;

/** One value of a metric. */
export type Point = { readonly at: number; readonly value: number };

/** A metric that an alarm looks at. */
export type WatchedMetric = {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
};

/** What an alarm's properties say about its evaluation. */
export type Watched = {
  /** One, or those of a sum. */
  readonly metrics: readonly WatchedMetric[];
  readonly periodMs: number;
  readonly evaluationPeriods: number;
  /** The state that the points of each metric lead to at this moment; undefined leaves the state as it is. */
  readonly judge: (points: readonly (readonly Point[])[], nowMs: number) => Verdict | undefined;
};

/** A state with its reason. */
export type Verdict = { readonly value: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'; readonly reason: string };

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

/** Dimensions of the template as a record. */
export const dimensionsOf = (list: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ((list ?? []) as readonly { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]),
  );

type Term = { readonly metric: WatchedMetric; readonly statistic: (values: readonly number[]) => number };
type Looked = { readonly terms: readonly Term[]; readonly periodMs: number };

const termOf = (name: string, metric: Properties, statistic: unknown): Term => {
  const reduced = STATISTICS[String(statistic)];
  if (reduced === undefined)
    throw new Error(`booting the lab: alarm ${name}: the lab evaluates plain statistics and comparisons`);
  const { Namespace, MetricName, Dimensions } = metric;
  return {
    metric: {
      namespace: String(Namespace),
      metricName: String(MetricName),
      dimensions: dimensionsOf(Dimensions),
    },
    statistic: reduced,
  };
};

type MathMetric = {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: Properties; readonly Period: number; readonly Stat: string };
};

/** The metrics of an alarm: its own, or those of a sum such as `a + b`; undefined for any other expression. */
const lookedAt = (name: string, p: Properties): Looked | undefined => {
  if (p.MetricName !== undefined) return { terms: [termOf(name, p, p.Statistic)], periodMs: Number(p.Period) * 1000 };
  const math = (p.Metrics ?? []) as readonly MathMetric[];
  const sum = math.find(({ Expression }) => Expression !== undefined)?.Expression;
  if (sum === undefined || !/^\w+(?: \+ \w+)*$/.test(sum)) return undefined;
  const stats = sum.split(' + ').map((id) => math.find(({ Id }) => Id === id)?.MetricStat);
  const [first] = stats;
  if (first === undefined || stats.some((stat) => stat === undefined))
    throw new Error(`booting the lab: alarm ${name}: ${sum} names a metric that the alarm does not have`);
  return {
    terms: stats.flatMap((stat) => (stat === undefined ? [] : [termOf(name, stat.Metric, stat.Stat)])),
    periodMs: first.Period * 1000,
  };
};

/**
 * Reads how an alarm on one metric, or on a sum of metrics, is evaluated; undefined for other metric math and composite alarms,
 * which are only set. A sum has a value where each of its metrics has one. Source: "How CloudWatch alarms evaluate", with
 * "Configuring how alarms treat missing data".
 */
export const watchedOf = (name: string, p: Properties): Watched | undefined => {
  const looked = lookedAt(name, p);
  if (looked === undefined) return undefined;
  const { terms, periodMs } = looked;
  const compare = COMPARISONS[String(p.ComparisonOperator)];
  if (compare === undefined)
    throw new Error(`booting the lab: alarm ${name}: the lab evaluates plain statistics and comparisons`);
  const evaluationPeriods = Number(p.EvaluationPeriods);
  const needed = Number(p.DatapointsToAlarm ?? evaluationPeriods);
  const threshold = Number(p.Threshold);
  const treatsMissing = String(p.TreatMissingData ?? 'missing');
  const judge: Watched['judge'] = (points, nowMs) => {
    const valueAt = (untilMs: number): number | undefined => {
      const values = terms.map(({ statistic }, i) => {
        const inPeriod = (points[i] ?? []).filter(({ at }) => at > untilMs - periodMs && at <= untilMs);
        return inPeriod.length === 0 ? undefined : statistic(inPeriod.map(({ value }) => value));
      });
      return values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value), 0);
    };
    const present = Array.from({ length: evaluationPeriods }, (_, i) => valueAt(nowMs - i * periodMs)).filter(
      (value) => value !== undefined,
    );
    const missing = evaluationPeriods - present.length;
    if (present.length === 0 && treatsMissing === 'ignore') return undefined;
    if (present.length === 0 && treatsMissing === 'missing')
      return { value: 'INSUFFICIENT_DATA', reason: 'Insufficient Data: no datapoints' };
    const breaching = present.filter((value) => compare(value, threshold)).length;
    const isAlarm = breaching + (treatsMissing === 'breaching' ? missing : 0) >= needed;
    const reason = `Threshold Crossed: ${breaching} of ${present.length} datapoints ([${present.join(', ')}]), threshold ${threshold}`;
    return { value: isAlarm ? 'ALARM' : 'OK', reason };
  };
  return { metrics: terms.map(({ metric }) => metric), periodMs, evaluationPeriods, judge };
};
