import type { LabClock, SettleLimits } from './clock.ts';
import type { Queue } from './queue-types.ts';

/** The result of letting a lab run: nothing is due, or the list of the things that are. */
export type Settled = { readonly isSettled: true } | { readonly isSettled: false; readonly due: readonly string[] };

/** Lets a lab run until nothing is due, or up to the limits. */
export const createSettle =
  (clock: LabClock, queues: () => readonly Queue[]) =>
  async (limits?: SettleLimits): Promise<Settled> => {
    if (await clock.settle(limits)) return { isSettled: true };
    const waiting = queues().flatMap(({ settings: { name }, depth, peek }) => {
      const { visible, inFlight, delayed } = depth();
      const [first] = peek();
      const sample = first === undefined ? '' : `, the first: ${first.body.slice(0, 200)}`;
      return inFlight + delayed > 0
        ? [`queue ${name}: ${visible} visible, ${inFlight} in flight, ${delayed} delayed${sample}`]
        : [];
    });
    const { timers, nextAt } = clock.due();
    const when = nextAt === undefined ? '' : `, the next at ${new Date(nextAt).toISOString()}`;
    return { isSettled: false, due: [...waiting, `${timers} timers${when}`] };
  };
