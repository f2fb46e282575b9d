import { setTimeout as sleepFor } from 'node:timers/promises';

/** Waits for so many milliseconds; injected so that tests need no time. */
export type Sleep = (milliseconds: number) => Promise<void>;

/** Waits on the wall clock. */
export const sleep: Sleep = async (milliseconds) => {
  await sleepFor(milliseconds);
};
