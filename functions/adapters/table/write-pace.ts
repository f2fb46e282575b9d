import { type Sleep, sleep } from '../sleep.ts';

/** Waits until one more row may be written into a partition. */
export type WritePace = (partition: string) => Promise<void>;

/**
 * Rows in a second that all copies of a function write into a partition, which takes 1,000 units. run-controller writes at
 * most 250 rows of a lane in a second at the same time. Source: Amazon DynamoDB Developer Guide, "Best practices for designing
 * and using partition keys effectively".
 */
const PER_SECOND = 150;
/** One of very many copies must be through with a command of 50 nodes in seconds; what a throttle refuses is written again. */
const LEAST_PER_SECOND = 10;
/** As many are written at once as a batch has: it waits for nothing. */
const AT_ONCE = 10;
/** Partitions of which a copy remembers its writes. */
const MAX_REMEMBERED = 1000;

/** The pace of one of so many copies of a function. None knows of the others, so each takes its share. */
export const createWritePace = ({
  copies,
  now,
  wait = sleep,
}: {
  readonly copies: number;
  readonly now: () => Date;
  readonly wait?: Sleep;
}): WritePace => {
  const stepMs = 1000 / Math.max(LEAST_PER_SECOND, PER_SECOND / copies);
  const atOnceMs = AT_ONCE * stepMs;
  const lastMs = new Map<string, number>();
  return async (partition) => {
    const nowMs = now().getTime();
    if (lastMs.size > MAX_REMEMBERED) for (const [name, ms] of lastMs) if (ms <= nowMs - atOnceMs) lastMs.delete(name);
    const ms = Math.max(lastMs.get(partition) ?? 0, nowMs - atOnceMs) + stepMs;
    lastMs.set(partition, ms);
    if (ms > nowMs) await wait(ms - nowMs);
  };
};
