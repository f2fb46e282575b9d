import { ClusterState } from '../../../core/state/cluster-state.ts';
import { type Failures, LaneState } from '../../../core/state/lane-state.ts';
import type { OutboxEntry } from '../../../core/state/outbox-entry.ts';
import { PendingNode } from '../../../core/state/pending-node.ts';
import { replaceUnreadable } from './aside.ts';
import { absent, allOf, equals, isAtVersion, isNew, isStored } from './expressions.ts';
import { type Item, inIndex, type Rows, type Stored, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';
import { wholeLane } from './whole-lane.ts';

/** A pending node as it was read. */
export type RowKey = Pick<PendingNode, 'lane' | 'instanceId' | 'version'>;
/** The decision on a pending node that is kept. */
export type Deferral = Pick<Extract<OutboxEntry, { kind: 'defer' }>, 'notBefore' | 'skipReason' | 'decidedAt'>;

/** A pending node whose row cannot be read. */
export type BrokenPending = { readonly instanceId: string; readonly problem: string };

/** An operator's run that is queued in its lane. */
export type QueuedRun = { readonly sortKey: string; readonly runId: string };

/** Lanes, their pending nodes and their clusters' budgets. Every read is strongly consistent. */
export type LaneStore = {
  /** The lane; of one that cannot be read, nothing. */
  readonly get: (lane: string) => Promise<LaneState | undefined>;
  /** As {@link get}; of a row that cannot be read, its item and its problem. */
  readonly read: (lane: string) => Promise<Stored<LaneState>>;
  /** Puts a lane's row that cannot be read aside, and another in its place; false where somebody else has. */
  readonly replace: (stored: Item, lane: LaneState, at: string) => Promise<boolean>;
  /** Marks the lane's wake as received: the next signal sends a new wake. */
  readonly answerCall: (lane: string) => Promise<void>;
  /** Stores how many turns of the lane failed, where no other turn has since it was read. */
  readonly setFailures: (lane: LaneState, failures: Failures | undefined) => Promise<void>;
  /** Stores the next state; throws {@link VersionConflictError} where another has stored one. */
  readonly save: (lane: LaneState) => Promise<LaneState>;
  /** The pending nodes of the lane that are understood: one that waits must not hide one that is due. */
  readonly pendingNodes: (lane: string) => Promise<readonly PendingNode[]>;
  /** As {@link pendingNodes}, with the rows that are not understood: they stay where they are. */
  readonly readPending: (lane: string) => Promise<Rows<PendingNode>>;
  /** Removes a row that has not changed since it was read; a changed one stays. */
  readonly drop: (row: RowKey) => Promise<void>;
  /** Keeps a row that has not changed since it was read for later. */
  readonly defer: (row: RowKey & Deferral) => Promise<void>;
  /** The rows of these nodes, as far as the lane has any, and those that are not understood. */
  readonly rowsOf: (
    lane: string,
    instanceIds: readonly string[],
  ) => Promise<Pick<Rows<PendingNode>, 'understood'> & { readonly broken: readonly BrokenPending[] }>;
  /** Changes which requests want a row that has not changed since it was read. */
  readonly keepRequests: (row: RowKey, requestIds: readonly string[]) => Promise<void>;
  readonly queuedRuns: (lane: string) => Promise<readonly QueuedRun[]>;
  /** Queues an operator's run in its lane; a second call changes nothing. */
  readonly queueRun: (lane: string, createdAt: string, runId: string) => Promise<void>;
  readonly removeQueuedRun: (lane: string, sortKey: string) => Promise<void>;
  /** What is stored of a cluster, or of one without a row. */
  readonly getCluster: (cluster: string) => Promise<ClusterState>;
  readonly readCluster: (cluster: string) => Promise<Stored<ClusterState>>;
  /** Puts a cluster's row that cannot be read aside, and another in its place; false where somebody else has. */
  readonly replaceCluster: (stored: Item, state: ClusterState, at: string) => Promise<boolean>;
  readonly saveCluster: (state: ClusterState) => Promise<ClusterState>;
};

/** The version of a row that is put off. It changes, so that news which was merged from an earlier read does not undo it. */
const deferredVersion = (version: string): string => {
  const [id = version, times = '0'] = version.split('~');
  return `${id}~${Number(times) + 1}`;
};

const laneItem = (lane: LaneState): Item => ({
  ...keys.lane(lane.lane),
  ...lane,
  ...(lane.dueAt === undefined ? {} : inIndex('byDue', index.open(shardOf(lane.lane, DUE_SHARDS)), lane.dueAt)),
});

/** The lanes of the audit table. */
export const createLaneStore = (options: TableOptions): LaneStore => {
  const table = createTable(options);

  /** Puts version + 1 over the version that was read; a first one where there is none. */
  const save = async <State extends { readonly version: number }>(
    item: Item,
    state: State,
    what: string,
  ): Promise<State> => {
    const { version } = state;
    if (await table.putVersion(item, version, ...(version === 0 ? [isNew] : []))) {
      return { ...state, version: version + 1 };
    }
    throw new VersionConflictError(`storing ${what}: it is no longer at version ${version}`);
  };

  const readPending = (lane: string): Promise<Rows<PendingNode>> =>
    table.rows(PendingNode, startingWith(keys.lane(lane).pk, keys.pendingNodePrefix));

  return {
    get: async (lane) => {
      const stored = await table.read(LaneState, keys.lane(lane));
      return stored.kind === 'row' ? stored.row : undefined;
    },
    read: (lane) => table.read(LaneState, keys.lane(lane)),
    replace: (stored, lane, at) => replaceUnreadable(table, LaneState, stored, laneItem(lane), at),
    answerCall: async (lane) => {
      await table.update(keys.lane(lane), { remove: ['calledAt'] }, isStored);
    },
    setFailures: async ({ lane, failures: before }, failures) => {
      const isAsRead = before === undefined ? absent('failures') : equals(['failures', 'count'], before.count);
      const { setIfAbsent, isWhole } = wholeLane(lane);
      const change = failures === undefined ? { remove: ['failures'] } : { setIfAbsent, set: { failures } };
      await table.update(keys.lane(lane), change, allOf(isWhole, isAsRead));
    },
    save: (lane) => save(laneItem(lane), lane, `lane ${lane.lane}`),
    pendingNodes: async (lane) => (await readPending(lane)).understood,
    readPending,
    drop: async ({ lane, instanceId, version }) => {
      await table.remove(keys.pendingNode(lane, instanceId), isAtVersion(version));
    },
    defer: async ({ lane, instanceId, version, notBefore, skipReason, decidedAt }) => {
      const change = {
        set: { notBefore, decidedAt, skipped: skipReason, version: deferredVersion(version) },
        remove: skipReason === undefined ? ['skipped'] : [],
      };
      await table.update(keys.pendingNode(lane, instanceId), change, isAtVersion(version));
    },
    rowsOf: async (lane, instanceIds) => {
      const { understood, unreadable } = await table.rowsAt(
        PendingNode,
        instanceIds.map((id) => keys.pendingNode(lane, id)),
      );
      const idOf = (sortKey: string) => sortKey.slice(keys.pendingNodePrefix.length);
      return { understood, broken: unreadable.map(({ sortKey, problem }) => ({ instanceId: idOf(sortKey), problem })) };
    },
    keepRequests: async ({ lane, instanceId, version }, requestIds) => {
      const change = requestIds.length === 0 ? { remove: ['requestIds'] } : { set: { requestIds } };
      await table.update(keys.pendingNode(lane, instanceId), change, isAtVersion(version));
    },
    queuedRuns: async (lane) =>
      (await table.items(startingWith(keys.lane(lane).pk, keys.queuedPrefix))).map((item) => ({
        sortKey: String(item[TABLE.sortKey]),
        // Of the key, which no writer can spoil.
        runId: keys.queuedRunOf(String(item[TABLE.sortKey])),
      })),
    queueRun: async (lane, createdAt, runId) => {
      await table.put({ ...keys.queuedRun(lane, createdAt, runId), runId });
    },
    removeQueuedRun: async (lane, sortKey) => {
      await table.remove({ pk: keys.lane(lane).pk, sk: sortKey });
    },
    getCluster: async (cluster) =>
      (await table.get(ClusterState, keys.cluster(cluster))) ?? { cluster, version: 0, slots: {} },
    readCluster: (cluster) => table.read(ClusterState, keys.cluster(cluster)),
    replaceCluster: (stored, state, at) => replaceUnreadable(table, ClusterState, stored, state, at),
    saveCluster: (state) => save({ ...keys.cluster(state.cluster), ...state }, state, `cluster ${state.cluster}`),
  };
};
