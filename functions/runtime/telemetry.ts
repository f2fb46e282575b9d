import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import { createLogger } from './logger.ts';
import { type Count, counter, createMetrics } from './metrics.ts';

/** A function's logger and metrics, and the ports over them. */
export type Telemetry = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly count: Count;
};

/** Builds a function's logger and metrics once per execution environment. */
export const createTelemetry = (functionName: string): Telemetry => {
  const [logger, metrics] = [createLogger(functionName), createMetrics(functionName)];
  return { logger, metrics, log: logger, count: counter(metrics) };
};
