import { createQueue } from './queue.ts';
import type { Queue, QueueContext, QueueMessage, QueueSettings } from './queue-types.ts';

/** All queues of the lab, by ARN. */
export type QueueStore = {
  readonly create: (settings: QueueSettings) => Queue;
  readonly byArn: (arn: string) => Queue | undefined;
  readonly byName: (name: string) => Queue | undefined;
  readonly all: () => readonly Queue[];
};

/** Creates the store; a redrive policy moves messages between its queues. */
export const createQueueStore = (
  context: Omit<QueueContext, 'deadLetter'>,
  onDeadLetter: (queue: string, from: string, messageId: string) => void = () => undefined,
): QueueStore => {
  const byArn = new Map<string, Queue>();
  const deadLetter = (from: QueueSettings, message: QueueMessage): void => {
    const target = byArn.get(from.redrive?.deadLetterArn ?? '');
    if (target === undefined)
      throw new Error(
        `dead-lettering from ${from.name}: its queue ${from.redrive?.deadLetterArn} does not exist; correct the redrive policy`,
      );
    target.accept({ ...message, deadLetterSourceArn: from.arn });
    onDeadLetter(target.settings.name, from.name, message.messageId);
  };
  return {
    create: (settings) => {
      const queue = createQueue(settings, { ...context, deadLetter });
      byArn.set(settings.arn, queue);
      return queue;
    },
    byArn: (arn) => byArn.get(arn),
    byName: (name) => [...byArn.values()].find((q) => q.settings.name === name),
    all: () => [...byArn.values()],
  };
};
