import { Duration, Stack } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { defined } from '../../core/model/defined.ts';
import { explainDeadLetters } from './nag.ts';

/** The maximum retention of SQS: time for operators to investigate. */
const KEEP_FAILED = Duration.days(14);
const KEEP_PENDING = Duration.days(4);

/**
 * SSE-SQS unless the user has a key: EventBridge, Lambda and CloudWatch deliver to it without grants on a key, in every partition.
 */
const guarded = (key: kms.IKey | undefined) =>
  ({
    ...(key === undefined
      ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
      : { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: key }),
    enforceSSL: true,
  }) as const;

/**
 * Lets the queue of this name, or none, use a queue as its dead-letter queue; by its name, because each of the two would else refer
 * to the other.
 */
const redriveFrom = (scope: Construct, sourceName: string | undefined): sqs.RedriveAllowPolicy => {
  if (sourceName === undefined) return { redrivePermission: sqs.RedrivePermission.DENY_ALL };
  const arn = Stack.of(scope).formatArn({ service: 'sqs', resource: sourceName });
  return {
    redrivePermission: sqs.RedrivePermission.BY_QUEUE,
    sourceQueues: [sqs.Queue.fromQueueArn(scope, 'Source', arn)],
  };
};

/** The properties of a dead-letter queue. */
export type DeadLetterQueueProps = {
  readonly queueName: string;
  /** The queue whose redrive policy names it, where one does. */
  readonly sourceName?: string;
  readonly key: kms.IKey | undefined;
};

/** A standard queue for input that could not be handled; only operators and `replay` read it. */
export const deadLetterQueue = (
  scope: Construct,
  id: string,
  { queueName, sourceName, key }: DeadLetterQueueProps,
): sqs.Queue => {
  const queue = new sqs.Queue(scope, id, {
    ...guarded(key),
    queueName,
    retentionPeriod: KEEP_FAILED,
    redriveAllowPolicy: redriveFrom(scope, sourceName),
  });
  explainDeadLetters(queue);
  return queue;
};

/** The properties of an inbox that depend on its function. */
export type InboxProps = {
  /** Without `.fifo`: a FIFO inbox adds it to both queues. */
  readonly queueName: string;
  readonly visibilityTimeout: Duration;
  /**
   * How often a message is tried before it goes to the dead-letter queue. Its function shortens the waits between the tries
   * (functions/adapters/messaging/failed-records.ts).
   */
  readonly maxReceiveCount: number;
  /** A key of the user's. */
  readonly key: kms.IKey | undefined;
  /** The delivery delay of a message (SQS: at most 15 minutes). */
  readonly deliveryDelay?: Duration;
};

/** The queue of a function, and its dead-letter queue. */
export class Inbox extends Construct {
  readonly queue: sqs.Queue;
  readonly dead: sqs.Queue;

  constructor(scope: Construct, id: string, props: InboxProps) {
    super(scope, id);
    this.dead = deadLetterQueue(this, 'Dead', {
      queueName: `${props.queueName}-dlq`,
      sourceName: props.queueName,
      key: props.key,
    });
    this.queue = new sqs.Queue(this, 'Queue', {
      ...guarded(props.key),
      queueName: props.queueName,
      redriveAllowPolicy: redriveFrom(this, undefined),
      visibilityTimeout: props.visibilityTimeout,
      retentionPeriod: KEEP_PENDING,
      ...defined({ deliveryDelay: props.deliveryDelay }),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/** A FIFO queue, whose groups are processed in parallel, and its FIFO dead-letter queue. */
export class FifoInbox extends Construct {
  readonly queue: sqs.Queue;
  readonly dead: sqs.Queue;

  constructor(scope: Construct, id: string, props: InboxProps) {
    super(scope, id);
    const fifo = {
      ...guarded(props.key),
      fifo: true,
      deduplicationScope: sqs.DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    } as const;
    this.dead = new sqs.Queue(this, 'Dead', {
      ...fifo,
      queueName: `${props.queueName}-dlq.fifo`,
      redriveAllowPolicy: redriveFrom(this, `${props.queueName}.fifo`),
      retentionPeriod: KEEP_FAILED,
    });
    this.queue = new sqs.Queue(this, 'Queue', {
      ...fifo,
      queueName: `${props.queueName}.fifo`,
      redriveAllowPolicy: redriveFrom(this, undefined),
      visibilityTimeout: props.visibilityTimeout,
      retentionPeriod: KEEP_PENDING,
      deadLetterQueue: { queue: this.dead, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/** The URLs of queues as one JSON text, which CloudFormation completes. */
export const urlsAsJson = (stack: Stack, queues: readonly sqs.IQueue[]): string =>
  stack.toJsonString(queues.map((queue) => queue.queueUrl));
