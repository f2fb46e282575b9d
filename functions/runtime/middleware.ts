import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { asError } from './errors.ts';

/**
 * Options of every `middy(…)` here. The handler's signal aborts a second before Lambda ends the invocation; middy's
 * default of 5 ms leaves no time to report anything.
 */
export const MIDDY_OPTIONS = { timeoutEarlyInMillis: 1000 } as const;

/** What a handler needs at its end: to store a last answer, to count that its time was over, and to answer. */
const END_MS = 5000;

/** A signal that aborts some seconds before the end of the invocation, while there is time to say so. */
export const endingSoon = (context: Pick<Context, 'getRemainingTimeInMillis'>, signal: AbortSignal): AbortSignal => {
  const soon = new AbortController();
  setTimeout(() => soon.abort(), Math.max(0, context.getRemainingTimeInMillis() - END_MS)).unref();
  return AbortSignal.any([signal, soon.signal]);
};

/** As EventBridge and people write ids. A request may have any text there, and every line would repeat it. */
const EVENT_ID = /^[\w.:-]{1,64}$/;

const correlationOf = (event: unknown, requestId: string): string => {
  const id = typeof event === 'object' && event !== null && 'id' in event ? event.id : undefined;
  return typeof id === 'string' && EVENT_ID.test(id) ? id : requestId;
};

/**
 * The one middleware bundle: correlation id (EventBridge's event id, else the Lambda request id) on every log line,
 * a cold start metric, metrics printed at the end, and errors logged once and rethrown.
 */
export const observability = ({
  logger,
  metrics,
}: {
  readonly logger: Logger;
  readonly metrics: Metrics;
}): MiddlewareObj => {
  const close = (): void => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    logger.resetKeys();
  };
  return {
    before: ({ event, context }) => {
      logger.refreshSampleRateCalculation();
      logger.addContext(context);
      logger.setCorrelationId(correlationOf(event, context.awsRequestId));
      metrics.captureColdStartMetric(context.functionName);
    },
    after: close,
    // The handler must return nothing: middy uses a returned value as the response, which would hide the error.
    onError: ({ error }) => {
      logger.error('failing invocation', asError(error));
      close();
    },
  };
};
