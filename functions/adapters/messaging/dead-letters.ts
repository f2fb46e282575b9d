import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** The largest body that is kept whole, in UTF-16 units: three bytes each at most, within SQS's 1 MiB. */
export const MAX_LETTER_LENGTH = 250_000;
const MAX_ATTRIBUTE_LENGTH = 256;

/** A text as a message attribute: one line of printable ASCII, at most 256 characters. */
const attribute = (text: string) => ({
  DataType: 'String',
  StringValue: text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_ATTRIBUTE_LENGTH) || '-',
});

// SQS refuses characters that XML 1.0 does not have (SendMessage API reference).
const NOT_IN_SQS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Puts bad input on the function's dead-letter queue. */
export type DeadLetters = {
  readonly put: (letter: { readonly body: string; readonly reason: string }) => Promise<void>;
};

/** The function's bad-input queue; a letter carries its reason, function and time as attributes. */
export const createDeadLetters = ({
  client,
  queueUrl,
  functionName,
  now,
}: {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly functionName: string;
  readonly now: () => Date;
}): DeadLetters => ({
  put: async ({ body, reason }) => {
    const text = body.replace(NOT_IN_SQS, '\uFFFD');
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: text.slice(0, MAX_LETTER_LENGTH) || '-',
        MessageAttributes: {
          reason: attribute(reason),
          function: attribute(functionName),
          time: attribute(now().toISOString()),
          ...(text.length > MAX_LETTER_LENGTH ? { cut: attribute(`${text.length} characters`) } : {}),
        },
      }),
    );
  },
});

/** A message found on a dead-letter queue. */
export type DeadLetter = {
  readonly queueUrl: string;
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** When it was sent: to the queue that it failed on, or to this one where a function put it away. */
  readonly sentAtMs: number;
  /** Why the message is in the queue, if its sender set the reason. */
  readonly reason: string | undefined;
};

/** Reads dead-letter queues for `replay`. */
export type DeadLetterReader = {
  /** At most ten; they stay out of sight for a while, and come back unless removed. */
  readonly receive: (queueUrl: string, max: number) => Promise<readonly DeadLetter[]>;
  readonly remove: (letter: DeadLetter) => Promise<void>;
  /** Makes a received letter visible again at once. */
  readonly release: (letter: DeadLetter) => Promise<void>;
  /** About how many letters the queue holds. */
  readonly count: (queueUrl: string) => Promise<number>;
};

const HIDDEN_SECONDS = 120;

/** Reads dead-letter queues of any origin: our own letters, redriven messages, EventBridge's and Lambda's. */
export const createDeadLetterReader = ({ client }: { readonly client: Pick<SQSClient, 'send'> }): DeadLetterReader => ({
  receive: async (queueUrl, max) => {
    const answer = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(10, max),
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['SentTimestamp'],
        VisibilityTimeout: HIDDEN_SECONDS,
        // Long polling queries every server of the queue; short polling may miss messages.
        WaitTimeSeconds: 1,
      }),
    );
    return (answer.Messages ?? []).flatMap((message) =>
      message.MessageId === undefined || message.ReceiptHandle === undefined
        ? []
        : [
            {
              queueUrl,
              messageId: message.MessageId,
              receiptHandle: message.ReceiptHandle,
              body: message.Body ?? '',
              sentAtMs: Number(message.Attributes?.SentTimestamp ?? 0),
              // EventBridge sets ERROR_MESSAGE, and asynchronous invocation in Lambda sets ErrorMessage.
              reason: ['reason', 'ERROR_MESSAGE', 'ErrorMessage']
                .map((name) => message.MessageAttributes?.[name]?.StringValue)
                .find((value) => value !== undefined),
            },
          ],
    );
  },
  remove: async ({ queueUrl, receiptHandle }) => {
    await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
  },
  release: async ({ queueUrl, receiptHandle }) => {
    const input = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
    await client.send(new ChangeMessageVisibilityCommand(input));
  },
  count: async (queueUrl) => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...AttributeNames] }),
    );
    return AttributeNames.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
  },
});
