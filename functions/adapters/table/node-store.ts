import { type QuarantineCause, quarantineNotice } from '../../../core/api/state-notices.ts';
import { amends, isLeftToResult } from '../../../core/guards/attempts.ts';
import type { KnownNode } from '../../../core/guards/decide-node.ts';
import type { Limits } from '../../../core/model/policy.ts';
import { type Attempt, NodeStateRow } from '../../../core/state/node-state.ts';
import { absent, allOf, anyOf, atMost, type Change, isNew, isStored, isThere } from './expressions.ts';
import { expiresIn, type Item, rowOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import { noticeWrite } from './notice-store.ts';
import { withResults } from './result-briefs.ts';
import type { Table } from './table.ts';
import type { Write } from './transaction.ts';

/** A node and a remediation: what a node's state is stored under. */
export type NodeKey = Pick<NodeStateRow, 'instanceId' | 'cluster' | 'remediation'>;

/** The stored state of nodes: their attempts and quarantines. */
export type NodeStore = {
  /**
   * The states of these nodes, each attempt with its result. A row that is not understood is that node's own trouble, and hides no
   * other.
   */
  readonly nodeStates: (instanceIds: readonly string[], remediation: string) => Promise<ReadonlyMap<string, KnownNode>>;
  /**
   * Stores a repair attempt under its run, so that writing it twice is one attempt; one of a lower grade changes nothing, nor
   * does one whose result is read from its own row, which is stored before. Returns all of the node's. Where the node's row is not understood, nothing is stored: the node is not repaired again
   * before a person has seen to the row. `states` are those of several nodes, read before in one call.
   */
  readonly recordAttempt: (
    node: NodeKey,
    runId: string,
    attempt: Attempt,
    states?: ReadonlyMap<string, KnownNode>,
  ) => Promise<KnownNode>;
  /** Removes a run's attempt: it is proven that nothing ran, or the document reports that it tried nothing. */
  readonly takeBackAttempt: (node: NodeKey, runId: string) => Promise<void>;
  /** Puts a node into quarantine, with the notice about it. One that is there already only gets the newer advice. */
  readonly quarantine: (node: NodeStateRow, cause: QuarantineCause, advice: string) => Promise<void>;
};

type Window = Pick<Limits, 'attemptWindowSeconds' | 'relapseSeconds'>;

/** For how long an attempt matters: it may count towards quarantine, or be the repair before a relapse. */
const mattersSeconds = ({ attemptWindowSeconds, relapseSeconds }: Window): number =>
  Math.max(attemptWindowSeconds, relapseSeconds);

/**
 * A write of an attempt loses at most three times to others: the row is created, the node is quarantined, the attempt gets a
 * higher grade. Only a row that is removed meanwhile can make it lose once more.
 */
const ATTEMPT_WRITES = 5;

/** Whether an attempt has no result yet, or this one. */
const isSaid = (known: Attempt, { outcome, grade }: Attempt): boolean =>
  known.outcome === undefined || (known.outcome === outcome && known.grade === grade);

/** How long a node's state is kept after the last of its attempts matters. That of a quarantined node is kept. */
const KEPT_SECONDS = 7 * 86_400;

/** How long an attempt and its result are kept, however short the retention is. */
export const keptSeconds = (window: Window): number => mattersSeconds(window) + KEPT_SECONDS;

/** The attribute by which DynamoDB forgets a node's state that was last written at a time. */
export const forgets = (at: string, window: Window): Item => expiresIn(Date.parse(at), keptSeconds(window));

/** The update that stores a run's attempt, and forgets those that are too old. Only this run's own entry is written. */
const changeOf = (
  node: NodeKey,
  known: Pick<NodeStateRow, 'attempts' | 'quarantinedAt'> | undefined,
  runId: string,
  attempt: Attempt,
  window: Window,
): Change => {
  const { instanceId, cluster, remediation } = node;
  const expiry = known?.quarantinedAt === undefined ? forgets(attempt.at, window) : {};
  if (known === undefined)
    return { set: { instanceId, cluster, remediation, attempts: { [runId]: attempt }, ...expiry } };
  const oldestMs = Date.parse(attempt.at) - mattersSeconds(window) * 1000;
  const old = Object.entries(known.attempts).filter(([id, { at }]) => id !== runId && Date.parse(at) <= oldestMs);
  return {
    set: expiry,
    setEntries: { attempts: { [runId]: attempt } },
    removeEntries: { attempts: old.map(([id]) => id) },
  };
};

/**
 * The write that books a repair attempt before its command is sent, for the transaction that stores the sending. It fails
 * if the node is quarantined, or if its state has been created or removed since it was read.
 */
export const bookingOf = (
  node: NodeKey,
  known: NodeStateRow | undefined,
  runId: string,
  at: string,
  window: Window,
): Write => ({
  kind: 'update',
  key: keys.nodeState(node.instanceId, node.remediation),
  change: changeOf(node, known, runId, { at }, window),
  condition: known === undefined ? isNew : allOf(isStored, absent('quarantinedAt')),
});

/** The state of nodes in the audit table. */
export const createNodeStore = (table: Table, window: Window): NodeStore => {
  const { partitionKey: duePk, sortKey: dueSk } = TABLE.byDue;

  const nodeStates: NodeStore['nodeStates'] = async (instanceIds, remediation) => {
    const byKey = new Map(instanceIds.map((id) => [keys.nodeState(id, remediation).pk, id]));
    const rows = await table.rowsAt(
      NodeStateRow,
      instanceIds.map((id) => keys.nodeState(id, remediation)),
    );
    const unread = rows.unreadable.map(({ partitionKey, problem }): KnownNode => {
      const instanceId = byKey.get(partitionKey) ?? '';
      return { instanceId, cluster: '', remediation, attempts: {}, unread: { kind: 'refused', problem } };
    });
    const understood = await withResults(table, rows.understood);
    return new Map([...understood, ...unread].map((row) => [row.instanceId, row]));
  };

  return {
    nodeStates,
    recordAttempt: async (node, runId, attempt, states) => {
      const key = keys.nodeState(node.instanceId, node.remediation);
      const stored = ['attempts', runId];
      const graded = [...stored, 'grade'];
      const isLower = anyOf(absent(stored), absent(graded), atMost(graded, attempt.grade ?? 0));
      for (let tries = 1; tries <= ATTEMPT_WRITES; tries++) {
        // Where the state has changed since it was read, the condition fails, and it is read again.
        const read = tries === 1 ? states : undefined;
        const known = (read ?? (await nodeStates([node.instanceId], node.remediation))).get(node.instanceId);
        if (known !== undefined && (known.unread !== undefined || !amends(attempt, known.attempts[runId])))
          return known;
        const booked = known?.attempts[runId];
        // The row of the result says it, and has been written before.
        if (known !== undefined && booked !== undefined && isLeftToResult(attempt) && isSaid(booked, attempt))
          return { ...known, attempts: { ...known.attempts, [runId]: attempt } };
        const change = changeOf(node, known, runId, attempt, window);
        // The state of a node that has just been quarantined must not expire.
        const isAsRead = known?.quarantinedAt === undefined ? allOf(isLower, absent('quarantinedAt')) : isLower;
        const written = await table.update(key, change, known === undefined ? isNew : allOf(isStored, isAsRead));
        if (written !== undefined) return rowOf(NodeStateRow, written);
      }
      throw new Error(
        `recording an attempt on ${node.instanceId} (${node.remediation}): other writers came first ${ATTEMPT_WRITES} times; it is tried again`,
      );
    },
    takeBackAttempt: async ({ instanceId, remediation }, runId) => {
      const change = { removeEntries: { attempts: [runId] } };
      // No state, or no such attempt: there is nothing to take back.
      await table.update(
        keys.nodeState(instanceId, remediation),
        change,
        allOf(isStored, isThere(['attempts', runId])),
      );
    },
    quarantine: async (node, cause, advice) => {
      const { instanceId, remediation } = node;
      const key = keys.nodeState(instanceId, remediation);
      const { at } = cause;
      const entry: Write = {
        kind: 'update',
        key,
        change: {
          set: {
            quarantineAdvice: advice,
            quarantinedAt: at,
            [duePk]: index.quarantine,
            [dueSk]: `${at}#${instanceId}#${remediation}`,
          },
          remove: [TABLE.timeToLive],
        },
        condition: allOf(isStored, absent('quarantinedAt')),
      };
      if ((await table.transact([entry, noticeWrite(quarantineNotice(node, cause, advice))])).ok) return;
      if ((await table.update(key, { set: { quarantineAdvice: advice } }, isThere('quarantinedAt'))) === undefined)
        throw new Error(`quarantining ${instanceId} (${remediation}): no attempt on it is stored`);
    },
  };
};
