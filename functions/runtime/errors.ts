/**
 * Input for which no retry can succeed. It goes to the bad-input queue with its message as the reason, and is acknowledged;
 * every other error is rethrown, so that the sender retries.
 */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/**
 * An input that cannot be decided yet, because a service does not show something that is new. It is returned to its queue and
 * tried again soon; that is no failure.
 */
export class NotYetError extends Error {
  override readonly name = 'NotYetError';
}

/** The thrown value as an Error: JavaScript can throw anything. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
