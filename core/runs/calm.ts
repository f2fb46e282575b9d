import { epochMs, isoTime } from '../model/ids.ts';
import { checkedAtOf, isAnswered, LOGS_SOURCE, type PendingNode } from '../state/pending-node.ts';

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

/** The decision on a row of log lines whose node a check looks at. */
export const LOOKED_AT = 'Busy';

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

/**
 * Until when a row of log lines waits for a check of its node: the end of the cool-down of one that looks at it or has looked,
 * or a minute where it is to come. Undefined where nobody has asked for one. `check` is the node's row in the check lane.
 */
export const isLookedAtUntil = (check: PendingNode | undefined, now: string): string | undefined => {
  if (check === undefined) return undefined;
  if (check.notBefore !== undefined && check.notBefore > now) return check.notBefore;
  return isAnswered(check) ? undefined : isoTime(epochMs(now) + LOOK_MS);
};

/** The rows in their order, those whose nodes a check has found broken before those that log lines alone report. */
export const checkedBefore = (rows: readonly PendingNode[], now: string): readonly PendingNode[] => [
  ...rows.filter((row) => !isUnseen(row, now)),
  ...rows.filter((row) => isUnseen(row, now)),
];
