import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { REPLAY_MARK } from './replay-mark.ts';

/** Sends a letter back to the queue that it failed on. Returns once the queue has it. */
export type LetterReturn = {
  readonly toSignals: (body: string, messageId: string) => Promise<void>;
  readonly toProgress: (body: string, messageId: string) => Promise<void>;
};

/** The queues of signals and of progress; each message carries the mark of a replay. */
export const createLetterReturn = ({
  client,
  signalsQueueUrl,
  progressQueueUrl,
}: {
  readonly client: Pick<SQSClient, 'send'>;
  readonly signalsQueueUrl: string;
  readonly progressQueueUrl: string;
}): LetterReturn => {
  const to = (queueUrl: string) => async (body: string, messageId: string) => {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: { [REPLAY_MARK]: { DataType: 'String', StringValue: messageId } },
      }),
    );
  };
  return { toSignals: to(signalsQueueUrl), toProgress: to(progressQueueUrl) };
};
