import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newLane } from '../../../core/runs/lane.ts';
import { mergePending, type NewPendingNode } from '../../../core/signals/route.ts';
import { PendingNode } from '../../../core/state/rows.ts';
import { type Item, isConditionFailed, rowOf } from './items.ts';
import { DUE_SHARDS, index, keys, laneName, shardOf } from './keys.ts';

/** Where news is kept until run-controller looks. */
export type SignalStore = {
  /**
   * Adds news of a node to its row in the news' lane; `unchanged` for a duplicate. Throws after too many collisions
   * with other writers, so that the message comes again.
   */
  readonly addPending: (news: NewPendingNode) => Promise<'added' | 'merged' | 'unchanged'>;
  /** Makes the lane due now, so that reconcile finds it even where the wake is lost. Returns the lane's name. */
  readonly touchLane: (cluster: string, remediation: string, now: string) => Promise<string>;
  /**
   * As {@link touchLane}; false where a wake for news is under way already, so that a storm's thousand signals wake the
   * lane once. `stale` is before when a call counts as lost.
   */
  readonly callLane: (lane: string, now: string, stale: string) => Promise<boolean>;
  /** Takes one from a source's budget of this minute; false where it is spent. */
  readonly takeFromBudget: (source: string, now: string, maxPerMinute: number) => Promise<boolean>;
};

/** A lane is called where it is not due, or no call of the last while is unanswered. */
const CALLS = 'attribute_not_exists(dueAt) OR dueAt > :now OR attribute_not_exists(calledAt) OR calledAt < :stale';

const ATTEMPTS = 8;
const COUNTER_LIFE_SECONDS = 7200;

/** The mailboxes and counters of the audit table. */
export const createSignalStore = ({
  client,
  tableName,
  newId,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  readonly newId: () => string;
}): SignalStore => {
  const read = async (news: NewPendingNode): Promise<PendingNode | undefined> => {
    const { Item: item } = await client.send(
      new GetCommand({ TableName: tableName, Key: keys.mailbox(news.lane, news.instanceId), ConsistentRead: true }),
    );
    return item === undefined ? undefined : rowOf(PendingNode, item);
  };

  /** Puts a row over the version that was read, or where there was none; false after a collision. */
  const put = async (row: PendingNode, over: string | undefined): Promise<boolean> => {
    const item: Item = { ...keys.mailbox(row.lane, row.instanceId), ...row };
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: item,
          ...(over === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#version = :version',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':version': over },
              }),
        }),
      );
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw thrown;
    }
  };

  /** Makes a lane due, on a condition; false where it does not hold. */
  const touch = async (
    name: string,
    now: string,
    more: string,
    condition: string,
    values: Readonly<Record<string, string>>,
  ): Promise<boolean> => {
    const { lane, cluster, remediation } = newLane(name);
    try {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: keys.lane(lane),
          UpdateExpression:
            'SET lane = if_not_exists(lane, :lane), #cluster = if_not_exists(#cluster, :cluster), ' +
            'remediation = if_not_exists(remediation, :remediation), #version = if_not_exists(#version, :zero), ' +
            `dueAt = :now, duePk = :due, dueSk = :now${more}`,
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#cluster': 'cluster', '#version': 'version' },
          ExpressionAttributeValues: {
            ':lane': lane,
            ':cluster': cluster,
            ':remediation': remediation,
            ':zero': 0,
            ':now': now,
            ':due': index.open(shardOf(lane, DUE_SHARDS)),
            ...values,
          },
        }),
      );
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw thrown;
    }
  };

  return {
    addPending: async (news) => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const row = await read(news);
        const next = row === undefined ? news : mergePending(row, news);
        if (next === undefined) return 'unchanged';
        if (await put({ ...next, version: newId() }, row?.version)) return row === undefined ? 'added' : 'merged';
      }
      throw new Error(`adding news of ${news.instanceId} to ${news.lane}: ${ATTEMPTS} collisions; it will come again`);
    },

    touchLane: async (cluster, remediation, now) => {
      const lane = laneName(cluster, remediation);
      // Where the condition fails it is due already.
      await touch(lane, now, '', 'attribute_not_exists(dueAt) OR dueAt > :now', {});
      return lane;
    },

    callLane: (lane, now, stale) => touch(lane, now, ', calledAt = :now', CALLS, { ':stale': stale }),

    takeFromBudget: async (source, now, maxPerMinute) => {
      const minute = now.slice(0, 16);
      try {
        await client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: keys.rate(source, minute),
            UpdateExpression: 'SET expiresAt = :expiry ADD taken :one',
            ConditionExpression: 'attribute_not_exists(taken) OR taken < :max',
            ExpressionAttributeValues: {
              ':one': 1,
              ':max': maxPerMinute,
              ':expiry': Math.floor(Date.parse(now) / 1000) + COUNTER_LIFE_SECONDS,
            },
          }),
        );
        return true;
      } catch (thrown) {
        if (isConditionFailed(thrown)) return false;
        throw thrown;
      }
    },
  };
};
