import type { Unread } from '../../core/guards/look.ts';

type ServiceError = Error & {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: object;
};

/** Errors with a status of 4xx that pass by themselves: throttling, and credentials that are being renewed. */
const PASSING =
  /^(?:Throttl|RequestLimitExceeded|RequestThrottled|TooManyRequests|SlowDown|RequestTimeout|ExpiredToken|RequestExpired|PriorRequestNotComplete|EC2ThrottledException)/u;

/** Whether a service throttled a call, or asks for it again later: nobody's failure. */
export const isThrottled = (thrown: unknown): boolean =>
  thrown instanceof Error && (PASSING.test(thrown.name) || (thrown as ServiceError).$metadata?.httpStatusCode === 429);

/**
 * Why a read failed. A throttled, lost or failed call passes. An answer with a status of 4xx does not: access denied, not
 * found, or a request that the service does not take.
 */
export const unreadOf = (asked: string, thrown: unknown): Unread => {
  if (!(thrown instanceof Error)) return { kind: 'retry', problem: `${asked}: ${String(thrown)}` };
  const { name, message, $metadata, $retryable } = thrown as ServiceError;
  const status = $metadata?.httpStatusCode ?? 500;
  const passes = status >= 500 || status === 429 || $retryable !== undefined || PASSING.test(name);
  return { kind: passes ? 'retry' : 'refused', problem: `${asked}: ${name}: ${message}`.slice(0, 300) };
};
