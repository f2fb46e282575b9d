/**
 * Options of the AWS clients, by how often a call may be repeated. The SDK repeats a call that was throttled, that was
 * lost, or that failed with a 5xx, with growing waits; without options it makes three attempts. Source: AWS SDK for
 * JavaScript v3, `@smithy/core` retry. A client is built in its function's `compose.ts`.
 */
export const AWS_CLIENT = {
  /** DynamoDB, SQS, EventBridge and EKS. */
  standard: { maxAttempts: 3 },
  /** EC2 and SSM throttle by account: a batch of reads is worth more attempts. */
  throttled: { maxAttempts: 6 },
  /**
   * For SendCommand, which has no idempotency token: a repeated call after a lost answer would run the document twice.
   * Also for advice that is not worth a wait.
   */
  once: { maxAttempts: 1 },
} as const;
