import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MeasureOf } from '../../core/runs/run-measures.ts';

/** Counts notices that the bus refused until they were given up. */
export const NOTICE_GIVEN_UP = 'NoticeGivenUp';

/** Counts something under a PascalCase name, once or `by` times. */
export type Count = (name: string, by?: number) => void;

/**
 * The function's metrics, printed as CloudWatch embedded metric format; the namespace comes from
 * `POWERTOOLS_METRICS_NAMESPACE`. Dimension `function`: the function's name, so the number of metrics stays small.
 */
export const createMetrics = (functionName: string): Metrics =>
  new Metrics({ defaultDimensions: { function: functionName } });

/** What several functions count for one alarm: it has no dimension `function`, so that the alarm misses none of them. */
const SHARED: ReadonlySet<string> = new Set([NOTICE_GIVEN_UP]);

/** The counting port over a Metrics. The middleware prints the counts at the end of the invocation, and shared ones come at once. */
export const counter =
  (metrics: Metrics): Count =>
  (name, by = 1) => {
    const own = SHARED.has(name) ? new Metrics() : metrics;
    own.addMetric(name, MetricUnit.Count, by);
    if (own !== metrics) own.publishStoredMetrics();
  };

/** Records numbers about a cluster. */
export type Measure = (cluster: string, measures: readonly MeasureOf[]) => void;

/** Prints the numbers at once: under the dimension `cluster`, and without that of the function. */
export const measure: Measure = (cluster, measures) => {
  if (measures.length === 0) return;
  const metrics = new Metrics({ defaultDimensions: { cluster } });
  for (const { name, unit, value } of measures) metrics.addMetric(name, MetricUnit[unit], value);
  metrics.publishStoredMetrics();
};
