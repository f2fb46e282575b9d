import type { Pace } from '../pace.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { createCounter } from './counter.ts';
import { createTable, type TableOptions } from './table.ts';

/** The counter that the EC2 calls of lanes, sweeps and looks share. */
export const EC2_COUNTER = 'calls-of-ec2';
/** The counter of operator-api's EC2 calls: a person must not wait until the lanes of sixty clusters have counted their nodes. */
export const OPERATORS_EC2_COUNTER = 'calls-of-ec2-for-operators';
/** The counter of signal-intake's EC2 calls: signals, which anybody may send in numbers, must not make the repairs wait. */
export const SIGNALS_EC2_COUNTER = 'calls-of-ec2-for-signals';

const MAX_WAIT_MS = 30_000;
const COUNTER_LIFE_SECONDS = 600;

/**
 * A rate limit over all instances of all functions. Each call increments the counter of the current second in the table, and
 * waits for the next second if the limit is reached. It costs one small write per call.
 */
export const createPace = ({
  counter,
  maxPerSecond,
  now,
  wait = sleep,
  ...options
}: TableOptions & {
  readonly counter: string;
  readonly maxPerSecond: number;
  readonly now: () => Date;
  readonly wait?: Sleep;
}): Pace => {
  const take = createCounter(createTable(options), COUNTER_LIFE_SECONDS);
  return async () => {
    const startedMs = now().getTime();
    for (let waitedMs = 0; ; ) {
      const ms = startedMs + waitedMs;
      const nowMs = Math.max(ms, now().getTime());
      if (await take(counter, new Date(nowMs).toISOString().slice(0, 19), nowMs, maxPerSecond)) return;
      const toNextSecondMs = 1000 - (nowMs % 1000);
      waitedMs = nowMs - startedMs + toNextSecondMs;
      if (waitedMs > MAX_WAIT_MS) {
        throw new Error(
          `waiting for a turn (${counter}): more than ${MAX_WAIT_MS / 1000} s at ${maxPerSecond} calls a second; SQS or Lambda delivers the input again`,
        );
      }
      await wait(toNextSecondMs);
    }
  };
};
