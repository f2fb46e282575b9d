import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import { isAnswered, LOGS_SOURCE, type PendingNode } from '../state/pending-node.ts';
import type { NewPendingNode } from './route.ts';

const REPEAT_MS = 300_000;
/** A row must not look stale to a repair because nobody wrote down that its node goes on logging. */
const SHARE_OF_STALE = 1 / 6;

/** How long a waiting row stands for further log lines about its node. */
export const repeatMs = ({ staleSeconds }: Pick<Limits, 'staleSeconds'>): number =>
  Math.min(REPEAT_MS, staleSeconds * 1000 * SHARE_OF_STALE);

/**
 * Whether a signal says again, within a time, what a row of log lines says already. A broken node logs its fault until it is
 * repaired, and a row that waits for that needs no write for each line. A row that has been answered is always told: then the
 * fault is still there, or has come back.
 */
export const isRepeat = (row: PendingNode, added: NewPendingNode, withinMs: number): boolean => {
  const { lane, cluster, instanceId, because, signals, source, reason, image, firstSeenAt, lastSeenAt, ...more } =
    added;
  const isSame = source === LOGS_SOURCE && row.source === source && row.reason === reason;
  const isOfImage = image === undefined || image === row.image;
  if (!isSame || !isOfImage || Object.keys(more).length > 0 || isAnswered(row)) return false;
  const isLater = epochMs(firstSeenAt) >= epochMs(row.firstSeenAt);
  return isLater && epochMs(lastSeenAt) - epochMs(row.lastSeenAt) < withinMs;
};
