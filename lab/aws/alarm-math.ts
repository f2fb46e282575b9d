type Properties = Readonly<Record<string, unknown>>;

/** One value of a metric. */
export type Point = { readonly at: number; readonly value: number };

/** What an alarm's properties say about its evaluation. */
export type Watched = {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly periodMs: number;
  readonly evaluationPeriods: number;
  /** The state that these points lead to at this moment; undefined leaves the state as it is. */
  readonly judge: (points: readonly Point[], nowMs: number) => Verdict | undefined;
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

/**
 * Reads how an alarm on one metric is evaluated; undefined for metric math and composite alarms, which are only set. Source:
 * "How CloudWatch alarms evaluate", with "Configuring how alarms treat missing data".
 */
export const watchedOf = (name: string, p: Properties): Watched | undefined => {
  if (p.MetricName === undefined) return undefined;
  const statistic = STATISTICS[String(p.Statistic)];
  const compare = COMPARISONS[String(p.ComparisonOperator)];
  if (statistic === undefined || compare === undefined)
    throw new Error(`booting the lab: alarm ${name}: the lab evaluates plain statistics and comparisons`);
  const periodMs = Number(p.Period) * 1000;
  const evaluationPeriods = Number(p.EvaluationPeriods);
  const needed = Number(p.DatapointsToAlarm ?? evaluationPeriods);
  const threshold = Number(p.Threshold);
  const treatsMissing = String(p.TreatMissingData ?? 'missing');
  const judge: Watched['judge'] = (points, nowMs) => {
    const periods = Array.from({ length: evaluationPeriods }, (_, i) => {
      const untilMs = nowMs - i * periodMs;
      return points.filter(({ at }) => at > untilMs - periodMs && at <= untilMs).map(({ value }) => value);
    });
    const present = periods.filter((values) => values.length > 0).map(statistic);
    const missing = evaluationPeriods - present.length;
    if (present.length === 0 && treatsMissing === 'ignore') return undefined;
    if (present.length === 0 && treatsMissing === 'missing')
      return { value: 'INSUFFICIENT_DATA', reason: 'Insufficient Data: no datapoints' };
    const breaching = present.filter((value) => compare(value, threshold)).length;
    const isAlarm = breaching + (treatsMissing === 'breaching' ? missing : 0) >= needed;
    const reason = `Threshold Crossed: ${breaching} of ${present.length} datapoints ([${present.join(', ')}]), threshold ${threshold}`;
    return { value: isAlarm ? 'ALARM' : 'OK', reason };
  };
  return {
    namespace: String(p.Namespace),
    metricName: String(p.MetricName),
    dimensions: dimensionsOf(p.Dimensions),
    periodMs,
    evaluationPeriods,
    judge,
  };
};
