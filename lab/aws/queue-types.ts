import type { LabClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

/** A message attribute as SQS has it on the wire. */
export type MessageAttribute = {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
};

/** A message in a queue. */
export type QueueMessage = {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly sentAt: number;
  readonly senderId: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequenceNumber?: string;
  /** Set on messages that a redrive policy moved here. */
  readonly deadLetterSourceArn?: string;
};

/** A message as it was received. */
export type ReceivedMessage = {
  readonly message: QueueMessage;
  readonly receiptHandle: string;
  readonly receiveCount: number;
  readonly firstReceivedAt: number;
};

/** What to send. */
export type NewMessage = {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  readonly delaySeconds?: number | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly senderId?: string;
};

/** A queue's settings, from the template. */
export type QueueSettings = {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  /** FIFO: whether a deduplication id counts within its message group only (`DeduplicationScope`). */
  readonly deduplicatesPerGroup?: boolean;
  readonly visibilityTimeoutSeconds: number;
  readonly delaySeconds: number;
  readonly retentionSeconds: number;
  readonly maxMessageBytes: number;
  readonly redrive?: { readonly deadLetterArn: string; readonly maxReceiveCount: number };
};

/** A queue: standard (at least once) or FIFO (groups strictly in order, five minutes of deduplication). */
export type Queue = {
  readonly settings: QueueSettings;
  readonly send: (message: NewMessage) => { readonly messageId: string; readonly sequenceNumber?: string };
  /** Takes up to `max` visible messages; a FIFO group with a message in flight delivers none. */
  readonly receive: (max: number, visibilityTimeoutSeconds?: number) => readonly ReceivedMessage[];
  /** False where the receipt handle is not a current one (SQS answers success all the same on standard queues). */
  readonly remove: (receiptHandle: string) => boolean;
  readonly changeVisibility: (receiptHandle: string, seconds: number) => 'changed' | 'not-in-flight';
  /** Adds a message from a redrive of another queue; its id, body and time stay. */
  readonly accept: (message: QueueMessage) => void;
  readonly depth: () => { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** All messages that wait to be received, oldest first, without taking them. */
  readonly peek: () => readonly QueueMessage[];
  /** Whether anything waits for messages now, and how many were received so far. */
  readonly activity: () => { readonly isPolled: boolean; readonly received: number };
  /** Calls back whenever a message may have become receivable. */
  readonly onAvailable: (listener: () => void) => () => void;
  readonly purge: () => void;
};

/** The dependencies of all queues. */
export type QueueContext = {
  readonly clock: LabClock;
  readonly random: Random;
  readonly faults: Faults;
  /** The destination of messages that were received too often. */
  readonly deadLetter: (from: QueueSettings, message: QueueMessage) => void;
};
