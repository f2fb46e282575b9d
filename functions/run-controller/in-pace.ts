import pMap from 'p-map';
import type { RunControllerPorts } from './ports.ts';

/** Table writes at once. */
const CONCURRENCY = 16;
/**
 * Writes in a second. The rows of a lane share a partition, which takes 1,000, and signal-intake writes there at the same time.
 * Source: Amazon DynamoDB Developer Guide, "Best practices for designing and using partition keys effectively".
 */
const PER_SECOND = 250;
/** As many are written at once as a small cluster has: they wait for nothing. */
const AT_ONCE = 25;
const MIN_MS = (1000 * AT_ONCE) / PER_SECOND;

/** Makes writes of rows, never more in a second than a partition takes. */
export const inPace = async (
  { now, wait }: Pick<RunControllerPorts, 'now' | 'wait'>,
  writes: readonly (() => Promise<unknown>)[],
): Promise<void> => {
  for (let first = 0; first < writes.length; first += AT_ONCE) {
    const startedMs = now().getTime();
    await pMap(writes.slice(first, first + AT_ONCE), (write) => write(), { concurrency: CONCURRENCY });
    const leftMs = MIN_MS - (now().getTime() - startedMs);
    if (leftMs > 0 && first + AT_ONCE < writes.length) await wait(leftMs);
  }
};
