import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/** The monitored resources, by name. */
export type Monitored = {
  /** The stack's name, which begins the names of functions and is the namespace of their metrics. */
  readonly namePrefix: string;
  readonly sweepMinutes: number;
  readonly deadLetterQueues: Readonly<Record<string, sqs.IQueue>>;
  readonly inboxes: Readonly<Record<string, sqs.IQueue>>;
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  /** The names of the functions that count the records which they return to be tried again. */
  readonly countsFailedRecords: readonly string[];
  /** The names of the functions that no person waits for: Lambda repeats their throttled invocations. */
  readonly unattended: readonly string[];
  /** The names of the functions that count their throttled calls of EC2 and SSM. */
  readonly countsThrottledCalls: readonly string[];
  /** The names of the functions that go on without a row that they cannot read, and count it. */
  readonly countsUnreadableRows: readonly string[];
};
