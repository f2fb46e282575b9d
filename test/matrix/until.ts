import { setTimeout as delay } from 'node:timers/promises';

/** How long a daemon may take to notice what was done to its files, on a loaded machine. */
const NOTICED_MS = 20_000;

/** Asks again and again, for 20 s at most, until `ask` answers with true; then goes on in any case: what follows tells. */
export const untilNoticed = async (ask: () => Promise<boolean>): Promise<void> => {
  const end = Date.now() + NOTICED_MS;
  while (!(await ask()) && Date.now() < end) await delay(50);
};
