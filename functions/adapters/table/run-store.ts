import { type DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ObservationRow, RunState } from '../../../core/state/rows.ts';
import { expiry, type Item, isConditionFailed, rowOf, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';

/** Runs, and what was observed of their commands. Every read is strongly consistent. */
export type RunStore = {
  readonly get: (runId: string) => Promise<RunState | undefined>;
  /** Stores a new run; false where it is there already (it is left as it is). */
  readonly create: (run: RunState) => Promise<boolean>;
  /** Stores the next state; throws {@link VersionConflictError} where another has stored one. Returns what was stored. */
  readonly save: (run: RunState) => Promise<RunState>;
  readonly observations: (runId: string) => Promise<readonly ObservationRow[]>;
  /** A final observation stands; an early one is replaced by a final one. */
  readonly putObservation: (row: ObservationRow) => Promise<void>;
  readonly isCancelled: (runId: string) => Promise<boolean>;
};

/** The run as an item. An ended run leaves the index of what is due, and lives for the retention time. */
export const runItem = (run: RunState, retentionDays: number): Item => ({
  ...keys.run(run.runId),
  ...run,
  [TABLE.byOwner.partitionKey]: index.runsOf(run.cluster),
  [TABLE.byOwner.sortKey]: `${run.createdAt}#${run.runId}`,
  ...(run.status === 'ended' && run.outbox.length === 0
    ? {}
    : { [TABLE.byDue.partitionKey]: index.open(shardOf(run.runId, DUE_SHARDS)), [TABLE.byDue.sortKey]: run.dueAt }),
  [TABLE.timeToLive]: expiry(run.createdAt, retentionDays),
});

/** The runs of the audit table. */
export const createRunStore = ({
  client,
  tableName,
  retentionDays,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  readonly retentionDays: number;
}): RunStore => ({
  get: async (runId) => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: keys.run(runId), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : rowOf(RunState, Item);
  },
  create: async (run) => {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: runItem(run, retentionDays),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw thrown;
    }
  },
  save: async (run) => {
    const next = { ...run, version: run.version + 1 };
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: runItem(next, retentionDays),
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': run.version },
        }),
      );
      return next;
    } catch (thrown) {
      if (!isConditionFailed(thrown)) throw thrown;
      throw new VersionConflictError(`storing run ${run.runId}: it is no longer at version ${run.version}`, {
        cause: thrown,
      });
    }
  },
  observations: async (runId) => {
    const rows: ObservationRow[] = [];
    let start: Item | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': keys.run(runId).pk, ':prefix': 'COMMAND#' },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []).map((item) => rowOf(ObservationRow, item)));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return rows;
  },
  putObservation: async (row) => {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: {
            ...keys.observation(row.runId, row.key),
            ...row,
            [TABLE.timeToLive]: expiry(row.at, retentionDays),
          },
          ...(row.final
            ? {
                ConditionExpression: 'attribute_not_exists(pk) OR #final = :false',
                ExpressionAttributeNames: { '#final': 'final' },
                ExpressionAttributeValues: { ':false': false },
              }
            : { ConditionExpression: 'attribute_not_exists(pk)' }),
        }),
      );
    } catch (thrown) {
      // What stands there is as good or better.
      if (!isConditionFailed(thrown)) throw thrown;
    }
  },
  isCancelled: async (runId) => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: keys.cancelRequest(runId), ConsistentRead: true }),
    );
    return Item !== undefined;
  },
});
