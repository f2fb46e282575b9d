/** A fault of AWS calls. */
export type CallFault = {
  /** The calls that the fault affects; an omitted field matches every call. */
  readonly service?: string;
  readonly operation?: string;
  readonly functionName?: string;
  readonly kind:
    | 'throttle'
    | 'internal-error'
    | 'drop-before'
    | 'drop-after'
    | 'delay'
    | 'crash-before'
    | 'crash-after'
    | 'freeze-before'
    | 'freeze-after';
  /** Probability 0 to 1; 1 by default. */
  readonly rate?: number;
  /** Lab milliseconds, for `delay`. */
  readonly delayMs?: number;
  /**
   * Lab milliseconds, for `freeze-before` and `freeze-after`: how long the calling environment is stopped, before or after
   * the call is performed; at least until its invocation has timed out. Then its code runs on, with the call's answer.
   */
  readonly freezeMs?: number;
  /** The number of matching calls to skip first: 0 affects the first. */
  skip?: number;
  /** The number of affected calls; unlimited by default. */
  times?: number;
};

/** Faults of the delivery of events to rules. */
export type EventFault = {
  readonly source?: string;
  readonly detailType?: string;
  readonly kind: 'lose' | 'duplicate' | 'late';
  readonly rate?: number;
  /** Lab milliseconds: late by a random time up to this, which also reorders. */
  readonly lateMs?: number;
  times?: number;
};

/** The mutable settings of the lab. A change applies from the next call. */
export type Faults = {
  calls: CallFault[];
  events: EventFault[];
  /** Probability that a request of a DynamoDB batch is left unprocessed. */
  unprocessedRate: number;
  /** Probability that a transaction of DynamoDB is canceled by a conflict, besides those that really overlap. */
  transactionConflictRate: number;
  /** Probability that Lambda throttles an invocation, as when other functions use up the account's concurrency. */
  throttledInvocationRate: number;
  /** Probability that one entry of PutEvents fails inside a 200 answer. */
  failedEntryRate: number;
  /** Probability that one entry of an SQS batch fails inside a 200 answer. */
  failedBatchEntryRate: number;
  /** Probability that a standard queue delivers a received message once more. */
  duplicateDeliveryRate: number;
  /** What a partition key value of a table or an index takes a second; DynamoDB's own limits by default. */
  partitionUnitsPerSecond: { readonly writes: number; readonly reads: number };
  /** Lab milliseconds by which DynamoDB's secondary indexes lag behind the table. */
  indexLagMs: number;
  /** Lab milliseconds by which SSM's list and get calls lag behind. */
  listLagMs: number;
  /** GetDocument answers with the content indented in another way; SSM's hash is that of the text which was given. */
  documentsAreIndented: boolean;
  /** Lab milliseconds after which a change of a role's policies is in force. */
  iamLagMs: number;
  /** Lab milliseconds between the steps of a deployment: documents and policies, functions, the rest, the cleanup. */
  deployStepMs: number;
  /** Requests a second, and burst, per service and operation (`ssm.SendCommand`); `ssm.*` for the rest of a service. */
  rateLimits: Record<string, { readonly perSecond: number; readonly burst: number }>;
};

/**
 * The default settings: no random faults, lags as observed with eventually consistent reads, and rate limits where AWS has
 * them. AWS publishes no numbers for SSM; EC2's are from "Request throttling for the Amazon EC2 API".
 */
export const defaultFaults = (): Faults => ({
  calls: [],
  events: [],
  unprocessedRate: 0,
  transactionConflictRate: 0,
  throttledInvocationRate: 0,
  failedEntryRate: 0,
  failedBatchEntryRate: 0,
  duplicateDeliveryRate: 0,
  partitionUnitsPerSecond: { writes: 1000, reads: 3000 },
  indexLagMs: 1000,
  listLagMs: 1000,
  documentsAreIndented: false,
  iamLagMs: 5000,
  deployStepMs: 10_000,
  rateLimits: {
    'ssm.SendCommand': { perSecond: 5, burst: 10 },
    'ssm.ListCommandInvocations': { perSecond: 20, burst: 40 },
    'ssm.*': { perSecond: 20, burst: 40 },
    'ec2.DescribeInstances': { perSecond: 20, burst: 100 },
    'eks.*': { perSecond: 10, burst: 50 },
    'ecr.*': { perSecond: 100, burst: 200 },
  },
});
