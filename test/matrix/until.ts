import { setTimeout as delay } from 'node:timers/promises';

/** How long a daemon may take to notice what was done to its files, on a loaded machine. */
const NOTICED_MS = 20_000;

/** Polls `ask` for at most 20 s, until it returns true. Returns in any case: the caller's assertions decide. */
export const untilNoticed = async (ask: () => Promise<boolean>): Promise<void> => {
  const end = Date.now() + NOTICED_MS;
  while (!(await ask()) && Date.now() < end) await delay(50);
};
