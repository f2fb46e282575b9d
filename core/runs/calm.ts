import { epochMs } from '../model/ids.ts';
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

/**
 * The due rows of a lane of repairs whose nodes are checked first: none while the lane is calm. Whoever can write log lines
 * can name every node of a cluster, and each would take the place of a broken one.
 */
export const toCheckFirst = (due: readonly PendingNode[], now: string): readonly PendingNode[] => {
  const unseen = due.filter((row) => isUnseen(row, now));
  return unseen.length > CALM_NODES ? unseen : [];
};

/**
 * Until when a row of log lines waits for a check that looks at its node already, or has looked: the end of the check's cool-down.
 * Undefined where a check is still to come. `check` is the node's row in the check lane.
 */
export const isLookedAtUntil = (check: PendingNode | undefined, now: string): string | undefined => {
  const until = check !== undefined && isAnswered(check) ? check.notBefore : undefined;
  return until !== undefined && until > now ? until : undefined;
};

/** The rows in their order, those whose nodes a check has found broken before those that log lines alone report. */
export const checkedBefore = (rows: readonly PendingNode[], now: string): readonly PendingNode[] => [
  ...rows.filter((row) => !isUnseen(row, now)),
  ...rows.filter((row) => isUnseen(row, now)),
];
