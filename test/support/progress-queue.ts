import type { LaterWake, Look } from '../../core/model/look.ts';
import type { LookQueue } from '../../functions/adapters/messaging/look-queue.ts';

/** The event of SSM by which a command has ended. */
export const endEvent = (commandId: string, documentName: string) => ({
  source: 'aws.ssm',
  'detail-type': 'EC2 Command Status-change Notification',
  detail: { 'command-id': commandId, 'document-name': documentName, status: 'Success' },
});

/** The looks and wakes that wait in a progress queue, by the test's clock. */
export const delayedLooks = (clock: { readonly ms: number }) => {
  const asked: (readonly [commandId: string, delaysSeconds: readonly number[]])[] = [];
  const state = { isAway: false };
  const waiting: { readonly dueMs: number; readonly message: Look | LaterWake }[] = [];
  const queue: LookQueue = {
    ask: async (commandId, delaysSeconds) => {
      if (state.isAway) throw new Error('the queue is away');
      asked.push([commandId, delaysSeconds]);
      for (const [i, delay] of delaysSeconds.entries())
        waiting.push({ dueMs: clock.ms + delay * 1000, message: { kind: 'look', commandId, attempt: i + 1 } });
    },
    wake: async (wake, delaySeconds) => {
      if (state.isAway) throw new Error('the queue is away');
      waiting.push({ dueMs: clock.ms + delaySeconds * 1000, message: { kind: 'wake', wake } });
    },
  };
  /** Delivers the messages that are due. One that fails stays. */
  const deliver = async (take: (message: Look | LaterWake) => Promise<boolean>): Promise<void> => {
    for (const item of waiting.filter(({ dueMs }) => dueMs <= clock.ms)) {
      if (await take(item.message)) waiting.splice(waiting.indexOf(item), 1);
    }
  };
  return { queue, deliver, asked, state };
};
