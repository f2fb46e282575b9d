import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { groupOf, type Wake } from '../../../core/model/wake.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { sendAll } from './partial-failure.ts';

/** Wakes run-controller for lanes and runs. */
export type WakeQueue = {
  /** Returns once the queue has accepted every wake; throws if it rejects one, so that the input is not acknowledged. */
  readonly wake: (wakes: readonly Wake[]) => Promise<void>;
};

/**
 * The lanes queue (SQS FIFO). Wakes of one group within one call are sent once. Each message has its own deduplication id:
 * SQS must not deduplicate two wakes, because the second may follow a row that the first reader did not see.
 */
export const createWakeQueue = ({
  client,
  queueUrl,
  newId,
  wait = sleep,
}: {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly newId: () => string;
  readonly wait?: Sleep;
}): WakeQueue => ({
  wake: async (wakes) => {
    const messages = [...new Map(wakes.map((wake) => [groupOf(wake), wake]))].map(([group, wake]) => ({
      MessageBody: JSON.stringify(wake),
      MessageGroupId: group,
      MessageDeduplicationId: newId(),
    }));
    await sendAll(
      'waking lanes',
      messages,
      async (chunk) => {
        const answer = await client.send(
          new SendMessageBatchCommand({
            QueueUrl: queueUrl,
            Entries: chunk.map((message, i) => ({ Id: String(i), ...message })),
          }),
        );
        return chunk.flatMap((item, i) => {
          if (answer.Successful?.some((entry) => entry.Id === String(i))) return [];
          const failed = answer.Failed?.find((entry) => entry.Id === String(i));
          return [{ item, why: `${failed?.Code ?? 'no answer'}: ${failed?.Message ?? item.MessageGroupId}` }];
        });
      },
      wait,
    );
  },
});
