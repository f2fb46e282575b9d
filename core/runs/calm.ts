import { epochMs, isoTime } from '../model/ids.ts';
import { checkedAtOf, isAnswered, LOGS_SOURCE, LOOKED_AT, type PendingNode } from '../state/pending-node.ts';
import type { PutOff } from './step.ts';

/** The most nodes that no check has seen, of which a lane believes the log lines. */
const CALM_NODES = 3;
/** How long a check's finding is good for where the lane is not calm. */
const FINDING_LIFE_MS = 600_000;

/** Whether log lines alone report a row: no check found the node broken lately, and no request wants it. */
const isUnseen = (row: PendingNode, now: string): boolean => {
  if (row.source !== LOGS_SOURCE || row.requestIds !== undefined) return false;
  const checkedAt = checkedAtOf(row);
  return checkedAt === undefined || epochMs(now) - epochMs(checkedAt) > FINDING_LIFE_MS;
};

/**
 * The due rows of a lane of repairs whose nodes are checked first: none while the lane is calm. Whoever can write log lines
 * can name every node of a cluster, and each would take the place of a broken one. A row that has waited for a check, which
 * found nothing, is not believed later either.
 */
export const toCheckFirst = (due: readonly PendingNode[], now: string): readonly PendingNode[] => {
  const unseen = due.filter((row) => isUnseen(row, now));
  return unseen.length > CALM_NODES ? unseen : unseen.filter(({ skipped }) => skipped === LOOKED_AT);
};

/** When a row that waits for a check which has not begun is looked at again. */
const LOOK_MS = 60_000;

/** How long a row of log lines waits for a check of its node, and the time of the last line that the check answers. */
type Wait = Pick<PutOff, 'notBefore' | 'decidedAt'>;

/**
 * How long a row of log lines waits for a check of its node: to the end of the cool-down of one that looks at it or has
 * looked, or a minute where it is to come. Undefined where nobody has asked for one. `check` is the node's row in the check
 * lane, or in another lane of repairs that has asked for a check.
 */
export const waitForCheck = (check: PendingNode | undefined, now: string): Wait | undefined => {
  if (check === undefined) return undefined;
  const { notBefore, decidedAt = now } = check;
  if (notBefore !== undefined && notBefore > now) return { notBefore, decidedAt };
  return isAnswered(check) ? undefined : { notBefore: isoTime(epochMs(now) + LOOK_MS), decidedAt: now };
};

/** Whether a row shows that a check looks at its node: its lane has asked for the check. */
export const isLookedAt = ({ skipped, decidedAt, notBefore }: PendingNode, now: string): boolean =>
  skipped === LOOKED_AT && decidedAt !== undefined && notBefore !== undefined && notBefore > now;

/** The change to rows whose nodes a check looks at. A line that comes after `decidedAt` is not answered by it. */
export const putOffForCheck = (lane: string, rows: PutOff['rows'], wait: Wait): PutOff => ({
  kind: 'defer',
  lane,
  rows,
  ...wait,
  skipReason: LOOKED_AT,
});

/** The rows in their order, those whose nodes a check has found broken before those that log lines alone report. */
export const checkedBefore = (rows: readonly PendingNode[], now: string): readonly PendingNode[] => [
  ...rows.filter((row) => !isUnseen(row, now)),
  ...rows.filter((row) => isUnseen(row, now)),
];
