import type { Lab } from './lab.ts';
import type { QueueStore } from './queue-store.ts';
import type { Queue } from './queue-types.ts';

/** The queues as a test looks at them. */
export const viewQueues = (queues: QueueStore): Lab['queues'] => {
  const queueOf = (name: string): Queue => {
    const queue = queues.byName(name);
    if (queue === undefined)
      throw new Error(
        `looking at queue ${name}: the lab has ${queues
          .all()
          .map((q) => q.settings.name)
          .join(', ')}`,
      );
    return queue;
  };
  return {
    all: queues.all,
    depth: (name) => queueOf(name).depth(),
    messages: (name) => queueOf(name).peek(),
    deadLetters: () =>
      Object.fromEntries(
        queues
          .all()
          .filter(
            (q) =>
              /dlq|dead/i.test(q.settings.name) ||
              queues.all().some((other) => other.settings.redrive?.deadLetterArn === q.settings.arn),
          )
          .map((q) => [q.settings.name, q.peek()] as const)
          .filter(([, messages]) => messages.length > 0),
      ),
  };
};
