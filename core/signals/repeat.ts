import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import { CHECK_SOURCE, isAnswered, isAnsweredByCheck, LOGS_SOURCE, type PendingNode } from '../state/pending-node.ts';
import type { NewPendingNode } from './route.ts';

const REPEAT_MS = 300_000;
/** A row must not look stale to a repair because nobody wrote down that its node goes on logging. */
const SHARE_OF_STALE = 1 / 6;

/** How long a waiting row stands for further log lines about its node. */
export const repeatMs = ({ staleSeconds }: Pick<Limits, 'staleSeconds'>): number =>
  Math.min(REPEAT_MS, staleSeconds * 1000 * SHARE_OF_STALE);

/** Whether a row says what a log line says: of a line with the same reason, or of a check that found the node broken. */
const saysIt = (row: PendingNode, reason: string): boolean =>
  row.source === CHECK_SOURCE || (row.source === LOGS_SOURCE && row.reason === reason);

/** Whether a row has been answered, and this is the first line since. */
const isNews = (row: PendingNode, lastSeenAt: string): boolean =>
  isAnswered(row) || (isAnsweredByCheck(row) && !isAnsweredByCheck({ ...row, lastSeenAt }));

/**
 * Whether a signal says again, within a time, what a row says already. A broken node logs its fault until it is repaired, and
 * a row that waits for that needs no write for each line. A row that has been answered is always told: then the fault is
 * still there, or has come back. So is one whose node a check looks at, of the first line since the check was planned.
 */
export const isRepeat = (row: PendingNode, added: NewPendingNode, withinMs: number): boolean => {
  const { lane, cluster, instanceId, because, signals, source, reason, image, firstSeenAt, lastSeenAt, ...more } =
    added;
  const isSame = source === LOGS_SOURCE && saysIt(row, reason);
  const isOfImage = image === undefined || image === row.image;
  if (!isSame || !isOfImage || Object.keys(more).length > 0 || isNews(row, lastSeenAt)) return false;
  const isLater = epochMs(firstSeenAt) >= epochMs(row.firstSeenAt);
  return isLater && epochMs(lastSeenAt) - epochMs(row.lastSeenAt) < withinMs;
};
