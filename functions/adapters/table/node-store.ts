import { amends } from '../../../core/guards/attempts.ts';
import { type Attempt, NodeStateRow } from '../../../core/state/node-state.ts';
import { absent, allOf, anyOf, atMost, type Change, isNew, isStored } from './expressions.ts';
import { rowOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';
import type { Table } from './table.ts';
import type { Write } from './transaction.ts';

/** A node and a remediation: what a node's state is stored under. */
export type NodeKey = Pick<NodeStateRow, 'instanceId' | 'cluster' | 'remediation'>;

/** The stored state of nodes: their attempts and quarantines. */
export type NodeStore = {
  readonly nodeStates: (
    instanceIds: readonly string[],
    remediation: string,
  ) => Promise<ReadonlyMap<string, NodeStateRow>>;
  /**
   * Stores a repair attempt under its run, so that writing it twice is one attempt; one of a lower grade changes nothing.
   * Returns all of the node's.
   */
  readonly recordAttempt: (node: NodeKey, runId: string, attempt: Attempt) => Promise<NodeStateRow>;
  /** Removes a run's attempt: it is proven that nothing ran, or the document reports that it tried nothing. */
  readonly takeBackAttempt: (node: NodeKey, runId: string) => Promise<void>;
  readonly quarantine: (node: NodeStateRow, at: string, advice: string) => Promise<void>;
};

type Window = { readonly attemptWindowSeconds: number };

/** The update that stores a run's attempt, and forgets those that are too old. Only this run's own entry is written. */
const changeOf = (
  node: NodeKey,
  known: Pick<NodeStateRow, 'attempts'> | undefined,
  runId: string,
  attempt: Attempt,
  { attemptWindowSeconds }: Window,
): Change => {
  const { instanceId, cluster, remediation } = node;
  if (known === undefined) return { set: { instanceId, cluster, remediation, attempts: { [runId]: attempt } } };
  const oldestMs = Date.parse(attempt.at) - attemptWindowSeconds * 1000;
  const old = Object.entries(known.attempts).filter(([id, { at }]) => id !== runId && Date.parse(at) <= oldestMs);
  return {
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
  return {
    nodeStates: async (instanceIds, remediation) => {
      const rows = await table.getMany(
        NodeStateRow,
        instanceIds.map((id) => keys.nodeState(id, remediation)),
      );
      return new Map(rows.map((row) => [row.instanceId, row]));
    },
    recordAttempt: async (node, runId, attempt) => {
      const key = keys.nodeState(node.instanceId, node.remediation);
      const stored = ['attempts', runId];
      const graded = [...stored, 'grade'];
      const isLower = anyOf(absent(stored), absent(graded), atMost(graded, attempt.grade ?? 0));
      for (let tries = 1; tries <= 2; tries++) {
        const known = await table.get(NodeStateRow, key);
        if (known !== undefined && !amends(attempt, known.attempts[runId])) return known;
        const change = changeOf(node, known, runId, attempt, window);
        const written = await table.update(key, change, known === undefined ? isNew : allOf(isStored, isLower));
        if (written !== undefined) return rowOf(NodeStateRow, written);
      }
      throw new Error(
        `recording an attempt on ${node.instanceId} (${node.remediation}): other writers came first twice`,
      );
    },
    takeBackAttempt: async ({ instanceId, remediation }, runId) => {
      const change = { removeEntries: { attempts: [runId] } };
      // No state, or no such attempt: there is nothing to take back.
      await table.update(keys.nodeState(instanceId, remediation), change, isStored);
    },
    quarantine: async (node, at, advice) => {
      const change = {
        set: { quarantineAdvice: advice, [duePk]: index.quarantine },
        setIfAbsent: { quarantinedAt: at, [dueSk]: `${at}#${node.instanceId}#${node.remediation}` },
      };
      const written = await table.update(keys.nodeState(node.instanceId, node.remediation), change, isStored);
      if (written === undefined) {
        throw new Error(`quarantining ${node.instanceId} (${node.remediation}): no attempt on it is stored`);
      }
    },
  };
};
