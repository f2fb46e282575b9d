import { Duration, type Stack } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { defined } from '../../core/model/defined.ts';
import { explainDeadLetters } from './nag.ts';

/** The maximum retention of SQS: time for operators to investigate. */
const KEEP_FAILED = Duration.days(14);
const KEEP_PENDING = Duration.days(4);

/**
 * SSE-SQS, not KMS: EventBridge, Lambda and CloudWatch deliver to it without grants on a key, in every partition.
 */
const GUARDED = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;

/** A standard queue for input that could not be handled; only operators and `replay` read it. */
export const deadLetterQueue = (scope: Construct, id: string, queueName: string): sqs.Queue => {
  const queue = new sqs.Queue(scope, id, { ...GUARDED, queueName, retentionPeriod: KEEP_FAILED });
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
  /** The delivery delay of a message (SQS: at most 15 minutes). */
  readonly deliveryDelay?: Duration;
};

/** The queue of a function, and its dead-letter queue. */
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
 * Denies messages from any sender but these rules and this role: a sender to the signals queue would bypass the bus, whose
 * policy restricts the sources. The role is operator-api's, which marks what it sends (functions/adapters/messaging/replay-mark.ts).
 */
export const onlyFrom = (rules: readonly events.IRule[], role: iam.IRole, queue: sqs.IQueue): void => {
  queue.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'OnlyFromItsRules',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // Both must differ. A key that a request lacks differs from every value.
      conditions: {
        ArnNotEquals: { 'aws:SourceArn': rules.map((rule) => rule.ruleArn), 'aws:PrincipalArn': role.roleArn },
      },
    }),
  );
};

/** The URLs of queues as one JSON text, which CloudFormation completes. */
export const urlsAsJson = (stack: Stack, queues: readonly sqs.IQueue[]): string =>
  stack.toJsonString(queues.map((queue) => queue.queueUrl));
