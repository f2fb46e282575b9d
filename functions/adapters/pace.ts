/**
 * Waits until the rate limit allows one more call. Throws if the wait would be too long, so that SQS or Lambda redelivers
 * the input.
 */
export type Pace = () => Promise<void>;
