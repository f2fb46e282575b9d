import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { AccessRequest } from './iam.ts';
import type { QueueStore } from './queue-store.ts';
import type { NewMessage, Queue, ReceivedMessage } from './queue-types.ts';
import type { Random } from './random.ts';
import { operation, type Service } from './service.ts';
import {
  batch,
  bytesOf,
  Id,
  MAX_BATCH,
  Message,
  md5,
  QueueUrl,
  systemAttributes,
  VisibilityTimeout,
} from './sqs-shapes.ts';
import { jsonWire } from './wire.ts';

/** The dependencies of the SQS service. */
export type SqsOptions = {
  readonly queues: QueueStore;
  readonly clock: LabClock;
  readonly random: Random;
  readonly faults: Faults;
};

/** SQS: the operations that fleetmend calls, AWS JSON 1.0 (`AmazonSQS.*`). */
export const createSqs = ({ queues, clock, random, faults }: SqsOptions): Service => {
  const byUrl = (url: string): Queue => {
    const path = URL.canParse(url) ? new URL(url).pathname : url;
    const queue = queues.all().find((q) => new URL(q.settings.url).pathname === path);
    if (queue === undefined) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };
  const access =
    (action: string) =>
    (input: { readonly QueueUrl: string }): readonly AccessRequest[] => [
      { action: `sqs:${action}`, resource: byUrl(input.QueueUrl).settings.arn },
    ];

  const checked = (queue: Queue, entry: z.infer<z.ZodObject<typeof Message>>): NewMessage => {
    const { fifo, contentBasedDeduplication, maxMessageBytes } = queue.settings;
    const attributes = Object.keys(entry.MessageAttributes ?? {});
    if (attributes.length > 10)
      throw new AwsError('InvalidParameterValue', 'Number of message attributes exceeds the allowed maximum of 10.');
    if (bytesOf(entry) > maxMessageBytes) {
      throw new AwsError(
        'InvalidParameterValue',
        `One or more parameters are invalid. Reason: Message must be shorter than ${maxMessageBytes} bytes.`,
      );
    }
    if (fifo && entry.MessageGroupId === undefined)
      throw new AwsError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
    if (fifo && entry.MessageDeduplicationId === undefined && !contentBasedDeduplication) {
      throw new AwsError(
        'InvalidParameterValue',
        'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
      );
    }
    if (fifo && entry.DelaySeconds !== undefined) {
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${entry.DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
      );
    }
    if (!fifo && entry.MessageDeduplicationId !== undefined) {
      throw new AwsError(
        'InvalidParameterValue',
        'The request include parameter that is not valid for this queue type',
      );
    }
    return {
      body: entry.MessageBody,
      attributes: (entry.MessageAttributes ?? {}) as NonNullable<NewMessage['attributes']>,
      delaySeconds: entry.DelaySeconds,
      groupId: entry.MessageGroupId,
      deduplicationId: entry.MessageDeduplicationId,
    };
  };

  const runBatch = <E extends { readonly Id: string }>(
    entries: readonly E[],
    each: (entry: E) => Record<string, unknown>,
  ) => {
    if (entries.length === 0)
      throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
    if (entries.length > MAX_BATCH) {
      throw new AwsError(
        'TooManyEntriesInBatchRequest',
        `Maximum number of entries per request are ${MAX_BATCH}. You have sent ${entries.length}.`,
      );
    }
    if (new Set(entries.map((e) => e.Id)).size !== entries.length)
      throw new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.');
    const Successful: Record<string, unknown>[] = [];
    const Failed: Record<string, unknown>[] = [];
    for (const entry of entries) {
      if (random() < faults.failedBatchEntryRate) {
        Failed.push({ Id: entry.Id, Code: 'InternalError', Message: 'a fault of the lab', SenderFault: false });
        continue;
      }
      try {
        Successful.push({ Id: entry.Id, ...each(entry) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  };

  const sendOne = (
    queue: Queue,
    entry: z.infer<z.ZodObject<typeof Message>>,
    senderId: string,
  ): Record<string, unknown> => {
    const sent = queue.send({ ...checked(queue, entry), senderId });
    return {
      MessageId: sent.messageId,
      MD5OfMessageBody: md5(entry.MessageBody),
      ...defined({ SequenceNumber: sent.sequenceNumber }),
    };
  };

  const removeOne = (queue: Queue, receiptHandle: string): Record<string, unknown> => {
    if (!receiptHandle.includes('#'))
      throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    if (!queue.remove(receiptHandle) && queue.settings.fifo) {
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      );
    }
    return {};
  };

  const waitFor = async (
    queue: Queue,
    seconds: number,
    take: () => readonly ReceivedMessage[],
  ): Promise<readonly ReceivedMessage[]> => {
    const untilMs = clock.now() + seconds * 1000;
    let got = take();
    while (got.length === 0 && clock.now() < untilMs) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          off();
          cancel();
          resolve();
        };
        const off = queue.onAvailable(done);
        const cancel = clock.at(untilMs, done);
      });
      got = take();
    }
    return got;
  };

  const operations: Service['operations'] = {
    SendMessage: operation(z.strictObject({ QueueUrl, ...Message }), {
      access: access('SendMessage'),
      run: (input, call) => sendOne(byUrl(input.QueueUrl), input, call.principal.arn),
    }),
    SendMessageBatch: operation(batch(z.strictObject({ Id, ...Message })), {
      access: access('SendMessage'),
      items: (input) => input.Entries.length,
      run: (input, call) => {
        const queue = byUrl(input.QueueUrl);
        if (input.Entries.reduce((n, e) => n + bytesOf(e), 0) > queue.settings.maxMessageBytes) {
          throw new AwsError(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${queue.settings.maxMessageBytes} bytes.`,
          );
        }
        return runBatch(input.Entries, (entry) => sendOne(queue, entry, call.principal.arn));
      },
    }),
    ReceiveMessage: operation(
      z.strictObject({
        QueueUrl,
        MaxNumberOfMessages: z.number().int().min(1).max(10).default(1),
        VisibilityTimeout: VisibilityTimeout.optional(),
        WaitTimeSeconds: z.number().int().min(0).max(20).default(0),
        MessageAttributeNames: z.array(z.string()).optional(),
        AttributeNames: z.array(z.string()).optional(),
        MessageSystemAttributeNames: z.array(z.string()).optional(),
      }),
      {
        access: access('ReceiveMessage'),
        run: async (input) => {
          const queue = byUrl(input.QueueUrl);
          const got = await waitFor(queue, input.WaitTimeSeconds, () =>
            queue.receive(input.MaxNumberOfMessages, input.VisibilityTimeout),
          );
          if (got.length === 0) return {};
          const wantsSystem = (name: string): boolean =>
            [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])].some(
              (n) => n === 'All' || n === name,
            );
          const wants = (name: string): boolean =>
            (input.MessageAttributeNames ?? []).some((n) => n === 'All' || n === '.*' || n === name);
          return {
            Messages: got.map((received) => {
              const attributes = Object.entries(received.message.attributes).filter(([name]) => wants(name));
              const system = Object.entries(systemAttributes(received)).filter(([name]) => wantsSystem(name));
              return {
                MessageId: received.message.messageId,
                ReceiptHandle: received.receiptHandle,
                Body: received.message.body,
                MD5OfBody: md5(received.message.body),
                ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
                ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
              };
            }),
          };
        },
      },
    ),
    DeleteMessage: operation(z.strictObject({ QueueUrl, ReceiptHandle: z.string() }), {
      access: access('DeleteMessage'),
      run: (input) => removeOne(byUrl(input.QueueUrl), input.ReceiptHandle),
    }),
    DeleteMessageBatch: operation(batch(z.strictObject({ Id, ReceiptHandle: z.string() })), {
      access: access('DeleteMessage'),
      items: (input) => input.Entries.length,
      run: (input) => runBatch(input.Entries, (entry) => removeOne(byUrl(input.QueueUrl), entry.ReceiptHandle)),
    }),
    ChangeMessageVisibility: operation(z.strictObject({ QueueUrl, ReceiptHandle: z.string(), VisibilityTimeout }), {
      access: access('ChangeMessageVisibility'),
      run: (input) => {
        if (byUrl(input.QueueUrl).changeVisibility(input.ReceiptHandle, input.VisibilityTimeout) === 'not-in-flight') {
          throw new AwsError('MessageNotInflight', 'The specified message is not in flight.');
        }
        return {};
      },
    }),
    GetQueueAttributes: operation(z.strictObject({ QueueUrl, AttributeNames: z.array(z.string()).default([]) }), {
      access: access('GetQueueAttributes'),
      run: (input) => {
        const queue = byUrl(input.QueueUrl);
        const depth = queue.depth();
        const all: Readonly<Record<string, string>> = {
          ApproximateNumberOfMessages: String(depth.visible),
          ApproximateNumberOfMessagesNotVisible: String(depth.inFlight),
          ApproximateNumberOfMessagesDelayed: String(depth.delayed),
          QueueArn: queue.settings.arn,
          VisibilityTimeout: String(queue.settings.visibilityTimeoutSeconds),
          MessageRetentionPeriod: String(queue.settings.retentionSeconds),
          DelaySeconds: String(queue.settings.delaySeconds),
          ...(queue.settings.fifo ? { FifoQueue: 'true' } : {}),
        };
        const wanted = Object.entries(all).filter(
          ([name]) => input.AttributeNames.includes('All') || input.AttributeNames.includes(name),
        );
        return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
      },
    }),
  };
  return { name: 'sqs', operations, ...jsonWire('AmazonSQS', '1.0', 'com.amazonaws.sqs') };
};
