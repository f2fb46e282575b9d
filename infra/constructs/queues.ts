import { Duration, type Stack } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { explainDeadLetters } from './nag.ts';

/** The longest that SQS keeps a message: time for people to look at what went wrong. */
const KEEP_FAILED = Duration.days(14);
const KEEP_PENDING = Duration.days(4);

/**
 * SSE-SQS, not KMS: EventBridge, Lambda and CloudWatch deliver to it without grants on a key, in every partition.
 */
const GUARDED = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;

/** A standard queue for what could not be handled; nothing reads it but people and `replay`. */
export const deadLetterQueue = (scope: Construct, id: string, queueName: string): sqs.Queue => {
  const queue = new sqs.Queue(scope, id, { ...GUARDED, queueName, retentionPeriod: KEEP_FAILED });
  explainDeadLetters(queue);
  return queue;
};

/** What an inbox needs to know of the function that works on it. */
export type InboxProps = {
  /** Without `.fifo`: a FIFO inbox adds it to both queues. */
  readonly queueName: string;
  readonly visibilityTimeout: Duration;
  /** How often a message is tried before it goes to the dead-letter queue. */
  readonly maxReceiveCount: number;
  /** How long a message waits before anyone sees it (SQS: at most 15 minutes). */
  readonly deliveryDelay?: Duration;
};

/** A queue that a function works on, and the dead-letter queue behind it. */
export class Inbox extends Construct {
  readonly queue: sqs.Queue;
  readonly dead: sqs.Queue;

  constructor(scope: Construct, id: string, props: InboxProps) {
    super(scope, id);
    this.dead = deadLetterQueue(this, 'Dead', `${props.queueName}-dlq`);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...GUARDED,
      queueName: props.queueName,
      visibilityTimeout: props.visibilityTimeout,
      retentionPeriod: KEEP_PENDING,
      ...(props.deliveryDelay === undefined ? {} : { deliveryDelay: props.deliveryDelay }),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/** A FIFO queue, whose groups go on side by side, and the FIFO dead-letter queue behind it. */
export class FifoInbox extends Construct {
  readonly queue: sqs.Queue;
  readonly dead: sqs.Queue;

  constructor(scope: Construct, id: string, props: InboxProps) {
    super(scope, id);
    const fifo = {
      ...GUARDED,
      fifo: true,
      deduplicationScope: sqs.DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    } as const;
    this.dead = new sqs.Queue(this, 'Dead', {
      ...fifo,
      queueName: `${props.queueName}-dlq.fifo`,
      retentionPeriod: KEEP_FAILED,
    });
    this.queue = new sqs.Queue(this, 'Queue', {
      ...fifo,
      queueName: `${props.queueName}.fifo`,
      visibilityTimeout: props.visibilityTimeout,
      retentionPeriod: KEEP_PENDING,
      deadLetterQueue: { queue: this.dead, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/**
 * Refuses what any but these rules send to a queue: who could write to the queue of signals would get around the bus,
 * whose policy says who may name which source.
 */
export const onlyFrom = (rules: readonly events.IRule[], queue: sqs.IQueue): void => {
  queue.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'OnlyFromItsRules',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnNotEquals: { 'aws:SourceArn': rules.map((rule) => rule.ruleArn) } },
    }),
  );
};

/** The URLs of queues as one JSON text, which CloudFormation completes. */
export const urlsAsJson = (stack: Stack, queues: readonly sqs.IQueue[]): string =>
  stack.toJsonString(queues.map((queue) => queue.queueUrl));
