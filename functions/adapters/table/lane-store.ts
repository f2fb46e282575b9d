import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { ClusterState } from '../../../core/state/cluster-state.ts';
import { LaneState, type OutboxEntry, PendingNode } from '../../../core/state/rows.ts';
import { type Item, isConditionFailed, rowOf, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';

/** A pending row as it was read. */
export type RowKey = Pick<PendingNode, 'lane' | 'instanceId' | 'version'>;
/** What was decided on a row that is kept. */
export type Deferral = Pick<Extract<OutboxEntry, { kind: 'defer' }>, 'notBefore' | 'skipReason' | 'decidedAt'>;

/** An operator's run that waits in its lane. */
export type QueuedRun = { readonly sortKey: string; readonly runId: string };

/** Lanes, their mailboxes and their clusters' budgets. Every read is strongly consistent. */
export type LaneStore = {
  readonly get: (lane: string) => Promise<LaneState | undefined>;
  /** Takes note that a wake for news has arrived: news from now on needs one of its own. */
  readonly answerCall: (lane: string) => Promise<void>;
  /** Stores the next state; throws {@link VersionConflictError} where another has stored one. */
  readonly save: (lane: LaneState) => Promise<LaneState>;
  /** Every row of the lane: one that waits must not hide one that is due. */
  readonly mailbox: (lane: string) => Promise<readonly PendingNode[]>;
  /** Removes a row that has not changed since it was read; a changed one stays. */
  readonly drop: (row: RowKey) => Promise<void>;
  /** Keeps a row that has not changed since it was read for later. */
  readonly defer: (row: RowKey & Deferral) => Promise<void>;
  readonly queuedRuns: (lane: string) => Promise<readonly QueuedRun[]>;
  /** Orders an operator's run in its lane; ordering it twice is one order. */
  readonly queueRun: (lane: string, createdAt: string, runId: string) => Promise<void>;
  readonly removeQueuedRun: (lane: string, sortKey: string) => Promise<void>;
  readonly getCluster: (cluster: string) => Promise<ClusterState>;
  readonly saveCluster: (state: ClusterState) => Promise<ClusterState>;
};

const laneItem = (lane: LaneState): Item => ({
  ...keys.lane(lane.lane),
  ...lane,
  ...(lane.dueAt === undefined
    ? {}
    : { [TABLE.byDue.partitionKey]: index.open(shardOf(lane.lane, DUE_SHARDS)), [TABLE.byDue.sortKey]: lane.dueAt }),
});

/** The lanes of the audit table. */
export const createLaneStore = ({
  client,
  tableName,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
}): LaneStore => {
  const read = async (key: { pk: string; sk: string }): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }))).Item;

  const query = async (pk: string, prefix: string): Promise<Item[]> => {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return items;
  };

  /** Puts version + 1 over the version that was read; a first one where there is none. */
  const saveVersioned = async (item: Item, version: number, what: string): Promise<void> => {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: { ...item, version: version + 1 },
          ConditionExpression:
            version === 0 ? 'attribute_not_exists(pk) OR #version = :version' : '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': version },
        }),
      );
    } catch (thrown) {
      if (!isConditionFailed(thrown)) throw thrown;
      throw new VersionConflictError(`storing ${what}: it is no longer at version ${version}`, { cause: thrown });
    }
  };

  /** Does something to an unchanged row; a changed or removed row is left alone. */
  const ifUnchanged = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
    } catch (thrown) {
      if (!isConditionFailed(thrown)) throw thrown;
    }
  };

  return {
    get: async (lane) => {
      const item = await read(keys.lane(lane));
      return item === undefined ? undefined : rowOf(LaneState, item);
    },
    answerCall: async (lane) => {
      await client.send(
        new UpdateCommand({ TableName: tableName, Key: keys.lane(lane), UpdateExpression: 'REMOVE calledAt' }),
      );
    },
    save: async (lane) => {
      await saveVersioned(laneItem(lane), lane.version, `lane ${lane.lane}`);
      return { ...lane, version: lane.version + 1 };
    },
    mailbox: async (lane) =>
      (await query(keys.lane(lane).pk, keys.mailboxPrefix)).map((item) => rowOf(PendingNode, item)),
    drop: async ({ lane, instanceId, version }) => {
      await ifUnchanged(() =>
        client.send(
          new DeleteCommand({
            TableName: tableName,
            Key: keys.mailbox(lane, instanceId),
            ConditionExpression: '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': version },
          }),
        ),
      );
    },
    defer: async ({ lane, instanceId, version, notBefore, skipReason, decidedAt }) => {
      await ifUnchanged(() =>
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: keys.mailbox(lane, instanceId),
            UpdateExpression: [
              'SET notBefore = :notBefore',
              ...(decidedAt === undefined ? [] : [', decidedAt = :decidedAt']),
              skipReason === undefined ? ' REMOVE skipped' : ', skipped = :skipReason',
            ].join(''),
            ConditionExpression: '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: {
              ':version': version,
              ':notBefore': notBefore,
              ...(decidedAt === undefined ? {} : { ':decidedAt': decidedAt }),
              ...(skipReason === undefined ? {} : { ':skipReason': skipReason }),
            },
          }),
        ),
      );
    },
    queuedRuns: async (lane) =>
      (await query(keys.lane(lane).pk, keys.queuedPrefix)).map((item) => ({
        sortKey: String(item[TABLE.sortKey]),
        runId: String(item.runId),
      })),
    queueRun: async (lane, createdAt, runId) => {
      await client.send(
        new PutCommand({ TableName: tableName, Item: { ...keys.queuedRun(lane, createdAt, runId), runId } }),
      );
    },
    removeQueuedRun: async (lane, sortKey) => {
      await client.send(new DeleteCommand({ TableName: tableName, Key: { pk: keys.lane(lane).pk, sk: sortKey } }));
    },
    getCluster: async (cluster) => {
      const item = await read(keys.cluster(cluster));
      return item === undefined ? { cluster, version: 0, slots: {} } : rowOf(ClusterState, item);
    },
    saveCluster: async (state) => {
      await saveVersioned({ ...keys.cluster(state.cluster), ...state }, state.version, `cluster ${state.cluster}`);
      return { ...state, version: state.version + 1 };
    },
  };
};
