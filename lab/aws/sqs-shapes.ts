import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import type { ReceivedMessage } from './queue-types.ts';

const Attribute = z.strictObject({
  DataType: z.string().max(256),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});
/** Message attributes. */
export const Attributes = z.record(z.string().max(256), Attribute).optional();
const Delay = z.number().int().min(0).max(900).optional();
/** A batch entry's id. */
export const Id = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/);
const FifoId = z
  .string()
  .regex(
    /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/,
    'FIFO ids have 1 to 128 letters, digits and punctuation',
  );
/** A queue by its URL. */
export const QueueUrl = z.string();
/** Members of a message to send. */
export const Message = {
  MessageBody: z.string().min(1),
  DelaySeconds: Delay,
  MessageAttributes: Attributes,
  MessageGroupId: FifoId.optional(),
  MessageDeduplicationId: FifoId.optional(),
};
/** A batch of entries for one queue. */
export const batch = <S extends z.ZodType>(entry: S) => z.strictObject({ QueueUrl, Entries: z.array(entry) });
/** Seconds, up to twelve hours. */
export const VisibilityTimeout = z.number().int().min(0).max(43_200);

/** Entries that one batch call takes. */
export const MAX_BATCH = 10;
/** The digest that the SDK checks. */
export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** The bytes that count towards the size limit. */
export const bytesOf = (entry: {
  readonly MessageBody: string;
  readonly MessageAttributes?: z.infer<typeof Attributes>;
}): number => {
  const attributes = Object.entries(entry.MessageAttributes ?? {});
  const extra = attributes.reduce(
    (n, [k, a]) => n + k.length + a.DataType.length + Buffer.byteLength(a.StringValue ?? a.BinaryValue ?? ''),
    0,
  );
  return Buffer.byteLength(entry.MessageBody) + extra;
};

/** A received message's system attributes, as SQS and Lambda's records name them. */
export const systemAttributes = (received: ReceivedMessage): Readonly<Record<string, string>> => ({
  ApproximateReceiveCount: String(received.receiveCount),
  ApproximateFirstReceiveTimestamp: String(received.firstReceivedAt),
  SentTimestamp: String(received.message.sentAt),
  SenderId: received.message.senderId,
  ...defined({
    MessageGroupId: received.message.groupId,
    MessageDeduplicationId: received.message.deduplicationId,
    SequenceNumber: received.message.sequenceNumber,
    DeadLetterQueueSourceArn: received.message.deadLetterSourceArn,
  }),
});
