import { defined } from '../../../core/model/defined.ts';
import { fnv1a } from '../../../core/model/hash.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { mergePending, type NewPendingNode } from '../../../core/signals/route.ts';
import { type DayBudget, takesFromDay } from '../../../core/signals/unproven.ts';
import { LaneState } from '../../../core/state/lane-state.ts';
import { PendingNode, requestsIn } from '../../../core/state/pending-node.ts';
import { replaceUnreadable } from './aside.ts';
import { createCounter } from './counter.ts';
import { above, absent, allOf, anyOf, below, type Condition, isAtVersion, isNew, isStored } from './expressions.ts';
import { expiresIn, type Item, inIndex, storedOf } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';
import { wholeLane } from './whole-lane.ts';

/** How many foreign signals a minute may have: of one source, and of all sources of the bus together. */
export type SignalBudget = { readonly perSource: number; readonly perBus: number };
/** A budget that is spent. */
export type SpentBudget = 'source-spent' | 'bus-spent';

/** A signal about a node that nothing proves: its source, its time, and what the cluster may have of them on a day. */
export type Unproven = { readonly source: string; readonly now: string; readonly budget: DayBudget };

/** Stores pending nodes until run-controller reads them. */
export type SignalStore = {
  /**
   * Adds a node to its lane, or merges it into the lane's row of the node; `unchanged` for a duplicate. A row that cannot be
   * read is put aside and `replaced`. Throws after too many collisions with other writers, so that SQS delivers the signal
   * again. With `unproven`, a signal that leads to another result takes one from the cluster's budget of the day; where that is
   * spent, the signal is counted there, and `cut`.
   */
  readonly addPending: (
    node: NewPendingNode,
    unproven?: Unproven,
  ) => Promise<'added' | 'merged' | 'unchanged' | 'replaced' | 'cut'>;
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
const DAY_LIFE_SECONDS = 3 * 86_400;

/** Pending nodes and counters of the audit table. */
export const createSignalStore = ({
  newId,
  ...options
}: TableOptions & { readonly newId: () => string }): SignalStore => {
  const table = createTable(options);
  const take = createCounter(table, COUNTER_LIFE_SECONDS);

  const dueNow = (lane: string, now: string) => ({
    dueAt: now,
    ...inIndex('byDue', index.open(shardOf(lane, DUE_SHARDS)), now),
  });

  /** Makes a lane due, on a condition; false where it does not hold, or the row lacks what every row of a lane has. */
  const touch = async (name: string, now: string, condition: Condition, set = {}): Promise<boolean> => {
    const { setIfAbsent, isWhole } = wholeLane(name);
    const change = { setIfAbsent, set: { ...dueNow(name, now), ...set }, add: { news: 1 } };
    return (await table.update(keys.lane(name), change, allOf(isWhole, condition))) !== undefined;
  };

  /** Makes a lane due whose row cannot be read, so that run-controller finds it; false for any other. */
  const touchUnreadable = async (lane: string, now: string, item: Item | undefined): Promise<boolean> => {
    if (storedOf(LaneState, item).kind !== 'unreadable') return false;
    await table.update(keys.lane(lane), { set: dueNow(lane, now) }, isStored);
    return true;
  };

  /** Takes one from a cluster's budget of the day; counts the signal as cut where it is spent. */
  const takeFromDay = async (cluster: string, { source, now, budget }: Unproven): Promise<boolean> => {
    const key = keys.unprovenDay(cluster, now);
    const set = expiresIn(Date.parse(now), DAY_LIFE_SECONDS);
    // Short, so that the row stays one unit to write, whatever sources call themselves.
    const ofSource = `by${fnv1a(source).toString(36)}`;
    const isLeft = (name: string, max: number) => anyOf(absent(name), below(name, max));
    const hasRoom = allOf(isLeft('taken', budget.perDay), isLeft(ofSource, budget.perSource));
    if ((await table.update(key, { set, add: { taken: 1, [ofSource]: 1 } }, hasRoom)) !== undefined) return true;
    await table.update(key, { set, add: { cut: 1 } });
    return false;
  };

  return {
    addPending: async (node, unproven) => {
      const key = keys.pendingNode(node.lane, node.instanceId);
      let isPaid = unproven === undefined;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const stored = await table.read(PendingNode, key);
        const row = stored.kind === 'row' ? stored.row : undefined;
        const next = row === undefined ? node : mergePending(row, node);
        if (next === undefined) return 'unchanged';
        if (!isPaid && unproven !== undefined && takesFromDay(row)) {
          if (!(await takeFromDay(node.cluster, unproven))) return 'cut';
          isPaid = true;
        }
        if (stored.kind === 'unreadable') {
          const { item } = stored;
          const fresh = { ...node, ...requestsIn({ ...item, ...defined({ requestIds: node.requestIds }) }) };
          if (await replaceUnreadable(table, PendingNode, item, fresh, node.lastSeenAt, newId())) return 'replaced';
          continue;
        }
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
      if (!isMoved)
        await touchUnreadable(lane, now, await table.update(keys.lane(lane), { add: { news: 1 } }, isStored));
      return lane;
    },

    // A lane is called where it is not due, or no call of the last while is unanswered.
    callLane: async (lane, now, stale) => {
      const isUncalled = anyOf(absent('dueAt'), above('dueAt', now), absent('calledAt'), below('calledAt', stale));
      if (await touch(lane, now, isUncalled, { calledAt: now })) return true;
      return await touchUnreadable(lane, now, await table.getItem(keys.lane(lane)));
    },

    // The source first, so that a source beyond its share takes nothing from the others.
    takeFromBudget: async (source, now, { perSource, perBus }) => {
      const [minute, nowMs] = [now.slice(0, 16), Date.parse(now)];
      if (!(await take(`source#${source}`, minute, nowMs, perSource))) return 'source-spent';
      return (await take('bus', minute, nowMs, perBus)) ? 'taken' : 'bus-spent';
    },
  };
};
