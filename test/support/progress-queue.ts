import type { Look } from '../../core/model/look.ts';
import type { LookQueue } from '../../functions/adapters/messaging/look-queue.ts';

/** The event of SSM by which a command has ended. */
export const endEvent = (commandId: string, documentName: string) => ({
  source: 'aws.ssm',
  'detail-type': 'EC2 Command Status-change Notification',
  detail: { 'command-id': commandId, 'document-name': documentName, status: 'Success' },
});

/** The looks that wait in a progress queue, by the test's clock. */
export const delayedLooks = (clock: { readonly ms: number }) => {
  const asked: (readonly [commandId: string, delaysSeconds: readonly number[]])[] = [];
  const state = { isAway: false };
  const waiting: { readonly dueMs: number; readonly look: Look }[] = [];
  const queue: LookQueue = {
    ask: async (commandId, delaysSeconds) => {
      if (state.isAway) throw new Error('the queue is away');
      asked.push([commandId, delaysSeconds]);
      for (const [i, delay] of delaysSeconds.entries())
        waiting.push({ dueMs: clock.ms + delay * 1000, look: { kind: 'look', commandId, attempt: i + 1 } });
    },
  };
  /** Delivers the looks that are due. One that fails stays. */
  const deliver = async (take: (look: Look) => Promise<boolean>): Promise<void> => {
    for (const item of waiting.filter(({ dueMs }) => dueMs <= clock.ms)) {
      if (await take(item.look)) waiting.splice(waiting.indexOf(item), 1);
    }
  };
  return { queue, deliver, asked, state };
};
