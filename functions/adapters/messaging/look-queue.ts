import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Look } from '../../../core/model/look.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { sendAll } from './partial-failure.ts';

/** Asks command-tracker for looks at a command. */
export type LookQueue = {
  /** Returns once the queue has accepted one look for each delay, in seconds from now; throws if it rejects one. */
  readonly ask: (commandId: string, delaysSeconds: readonly number[]) => Promise<void>;
};

/** The progress queue, whose messages can be delayed one by one, for at most 900 s (SQS quotas). */
export const createLookQueue = ({
  client,
  queueUrl,
  wait = sleep,
}: {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly wait?: Sleep;
}): LookQueue => ({
  ask: async (commandId, delaysSeconds) => {
    const messages = delaysSeconds.map((delaySeconds, i) => ({
      look: { kind: 'look', commandId, attempt: i + 1 } satisfies Look,
      delaySeconds,
    }));
    await sendAll(
      `asking for looks at command ${commandId}`,
      messages,
      async (chunk) => {
        const answer = await client.send(
          new SendMessageBatchCommand({
            QueueUrl: queueUrl,
            Entries: chunk.map(({ look, delaySeconds }, i) => ({
              Id: String(i),
              MessageBody: JSON.stringify(look),
              DelaySeconds: delaySeconds,
            })),
          }),
        );
        return chunk.flatMap((item, i) => {
          if (answer.Successful?.some((entry) => entry.Id === String(i))) return [];
          const failed = answer.Failed?.find((entry) => entry.Id === String(i));
          return [{ item, why: `${failed?.Code ?? 'no answer'}: ${failed?.Message ?? commandId}` }];
        });
      },
      wait,
    );
  },
});
