import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { LaterWake, Look } from '../../../core/model/look.ts';
import { groupOf, type Wake } from '../../../core/model/wake.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { sendAll } from './partial-failure.ts';

/** Asks command-tracker for something later. */
export type LookQueue = {
  /** Returns once the queue has accepted one look for each delay, in seconds from now; throws if it rejects one. */
  readonly ask: (commandId: string, delaysSeconds: readonly number[]) => Promise<void>;
  /** Returns once the queue has accepted the wake, to be sent so many seconds from now. */
  readonly wake: (wake: Wake, delaySeconds: number) => Promise<void>;
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
}): LookQueue => {
  type Message = { readonly body: Look | LaterWake; readonly delaySeconds: number };
  const send = async (what: string, messages: readonly Message[]): Promise<void> =>
    await sendAll(
      what,
      messages,
      async (chunk) => {
        const answer = await client.send(
          new SendMessageBatchCommand({
            QueueUrl: queueUrl,
            Entries: chunk.map(({ body, delaySeconds }, i) => ({
              Id: String(i),
              MessageBody: JSON.stringify(body),
              DelaySeconds: delaySeconds,
            })),
          }),
        );
        return chunk.flatMap((item, i) => {
          if (answer.Successful?.some((entry) => entry.Id === String(i))) return [];
          const failed = answer.Failed?.find((entry) => entry.Id === String(i));
          return [{ item, why: `${failed?.Code ?? 'no answer'}: ${failed?.Message ?? what}` }];
        });
      },
      wait,
    );
  return {
    ask: async (commandId, delaysSeconds) =>
      await send(
        `asking for looks at command ${commandId}`,
        delaysSeconds.map((delaySeconds, i) => ({ body: { kind: 'look', commandId, attempt: i + 1 }, delaySeconds })),
      ),
    wake: async (wake, delaySeconds) =>
      await send(`asking for a later wake of ${groupOf(wake)}`, [{ body: { kind: 'wake', wake }, delaySeconds }]),
  };
};
