import { defined } from '../../../core/model/defined.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { newLane } from '../../../core/runs/lane.ts';
import { mergePending, type NewPendingNode } from '../../../core/signals/route.ts';
import { PendingNode, requestsIn } from '../../../core/state/pending-node.ts';
import { replaceUnreadable } from './aside.ts';
import { createCounter } from './counter.ts';
import { above, absent, anyOf, below, type Condition, isAtVersion, isNew, isStored } from './expressions.ts';
import { inIndex } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** How many foreign signals a minute may have: of one source, and of all sources of the bus together. */
export type SignalBudget = { readonly perSource: number; readonly perBus: number };
/** A budget that is spent. */
export type SpentBudget = 'source-spent' | 'bus-spent';

/** Stores pending nodes until run-controller reads them. */
export type SignalStore = {
  /**
   * Adds a node to its lane, or merges it into the lane's row of the node; `unchanged` for a duplicate. A row that cannot be
   * read is put aside and `replaced`. Throws after too many collisions with other writers, so that SQS delivers the signal
   * again.
   */
  readonly addPending: (node: NewPendingNode) => Promise<'added' | 'merged' | 'unchanged' | 'replaced'>;
  /** Makes the lane due now, so that scheduler finds it even where the wake is lost. Returns the lane's name. */
  readonly touchLane: (cluster: string, remediation: string, now: string) => Promise<string>;
  /**
   * As {@link touchLane}; false where a wake is under way already, so that a thousand signals wake the lane once.
   * A call from before `stale` counts as lost.
   */
  readonly callLane: (lane: string, now: string, stale: string) => Promise<boolean>;
  /** Takes one from the budgets of this minute: that of the source, and that of the whole bus. Names the spent one. */
  readonly takeFromBudget: (source: string, now: string, budget: SignalBudget) => Promise<'taken' | SpentBudget>;
};

const ATTEMPTS = 8;
const COUNTER_LIFE_SECONDS = 7200;

/** Pending nodes and counters of the audit table. */
export const createSignalStore = ({
  newId,
  ...options
}: TableOptions & { readonly newId: () => string }): SignalStore => {
  const table = createTable(options);
  const take = createCounter(table, COUNTER_LIFE_SECONDS);

  /** Makes a lane due, on a condition; false where it does not hold. */
  const touch = async (name: string, now: string, condition: Condition, set = {}): Promise<boolean> => {
    const { lane, cluster, remediation } = newLane(name);
    const change = {
      setIfAbsent: { lane, cluster, remediation, version: 0 },
      set: { dueAt: now, ...inIndex('byDue', index.open(shardOf(lane, DUE_SHARDS)), now), ...set },
      add: { news: 1 },
    };
    return (await table.update(keys.lane(lane), change, condition)) !== undefined;
  };

  return {
    addPending: async (node) => {
      const key = keys.pendingNode(node.lane, node.instanceId);
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const stored = await table.read(PendingNode, key);
        if (stored.kind === 'unreadable') {
          const { item } = stored;
          const fresh = { ...node, ...requestsIn({ ...item, ...defined({ requestIds: node.requestIds }) }) };
          if (await replaceUnreadable(table, PendingNode, item, fresh, node.lastSeenAt, newId())) return 'replaced';
          continue;
        }
        const row = stored.kind === 'row' ? stored.row : undefined;
        const next = row === undefined ? node : mergePending(row, node);
        if (next === undefined) return 'unchanged';
        const item = { ...key, ...next, version: newId() };
        if (await table.put(item, row === undefined ? isNew : isAtVersion(row.version))) {
          return row === undefined ? 'added' : 'merged';
        }
      }
      throw new Error(
        `adding ${node.instanceId} to ${node.lane}: ${ATTEMPTS} collisions with other writers; SQS delivers the signal again`,
      );
    },

    touchLane: async (cluster, remediation, now) => {
      const lane = laneName(cluster, remediation);
      const isMoved = await touch(lane, now, anyOf(absent('dueAt'), above('dueAt', now)));
      // Where it is due already, run-controller may be about to store that nothing is left to do.
      if (!isMoved) await table.update(keys.lane(lane), { add: { news: 1 } }, isStored);
      return lane;
    },

    // A lane is called where it is not due, or no call of the last while is unanswered.
    callLane: (lane, now, stale) =>
      touch(lane, now, anyOf(absent('dueAt'), above('dueAt', now), absent('calledAt'), below('calledAt', stale)), {
        calledAt: now,
      }),

    // The source first, so that a source beyond its share takes nothing from the others.
    takeFromBudget: async (source, now, { perSource, perBus }) => {
      const [minute, nowMs] = [now.slice(0, 16), Date.parse(now)];
      if (!(await take(`source#${source}`, minute, nowMs, perSource))) return 'source-spent';
      return (await take('bus', minute, nowMs, perBus)) ? 'taken' : 'bus-spent';
    },
  };
};
