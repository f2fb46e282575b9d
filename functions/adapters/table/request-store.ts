import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type CancelRow, type ReleaseRow, RequestRow } from '../../../core/api/request.ts';
import { NodeStateRow, type PauseRow } from '../../../core/state/rows.ts';
import { expiry, type Item, isConditionFailed, rowOf } from './items.ts';
import { index, keys, TABLE } from './keys.ts';

/** What operator-api writes beside runs. */
export type RequestStore = {
  /** Claims a requestId: returns what is stored under it, which is `row` where it was free. */
  readonly claim: (row: RequestRow) => Promise<RequestRow>;
  readonly findRequest: (requestId: string) => Promise<RequestRow | undefined>;
  /** Puts a run into its lane's line; advance takes it from there. Putting it twice is one place in the line. */
  readonly enqueue: (lane: string, createdAt: string, runId: string) => Promise<void>;
  /** Sets a pause or resumes, in force for the next decision, then writes the record of it. */
  readonly setPause: (row: PauseRow, id: string) => Promise<void>;
  /** Ends a quarantine and forgets the attempts that led to it; `none` where the node is not quarantined. */
  readonly release: (row: Omit<ReleaseRow, 'quarantinedAt'>, id: string) => Promise<'released' | 'none'>;
  readonly requestCancel: (row: CancelRow) => Promise<void>;
};

/** The operators' rows of the audit table. */
export const createRequestStore = ({
  client,
  tableName,
  retentionDays,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  readonly retentionDays: number;
}): RequestStore => {
  const read = async (key: { pk: string; sk: string }): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }))).Item;
  const put = async (item: Item): Promise<void> => {
    await client.send(new PutCommand({ TableName: tableName, Item: item }));
  };
  const findRequest = async (requestId: string): Promise<RequestRow | undefined> => {
    const item = await read(keys.request(requestId));
    return item === undefined ? undefined : rowOf(RequestRow, item);
  };

  return {
    findRequest,
    claim: async (row) => {
      try {
        await client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...keys.request(row.requestId), ...row, [TABLE.timeToLive]: expiry(row.createdAt, retentionDays) },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
        return row;
      } catch (thrown) {
        if (!isConditionFailed(thrown)) throw thrown;
        const stored = await findRequest(row.requestId);
        if (stored === undefined) throw new Error(`claiming request ${row.requestId}: it came and went; ask again`);
        return stored;
      }
    },
    enqueue: async (lane, createdAt, runId) => {
      await put({ ...keys.queuedRun(lane, createdAt, runId), runId });
    },
    setPause: async (row, id) => {
      await put({ ...keys.pause(row.scope), ...row });
      await put({ ...keys.pauseEvent(row.at, id), ...row, [TABLE.timeToLive]: expiry(row.at, retentionDays) });
    },
    release: async (row, id) => {
      const key = keys.nodeState(row.instanceId, row.remediation);
      const item = await read(key);
      const state = item === undefined ? undefined : rowOf(NodeStateRow, item);
      if (state?.quarantinedAt === undefined || state.cluster !== row.cluster) return 'none';
      // The record first: a release that nobody can explain is worse than a record of one that must be repeated.
      await put({
        ...keys.nodeEvent(row.instanceId, row.at, id),
        ...row,
        quarantinedAt: state.quarantinedAt,
        [TABLE.byOwner.partitionKey]: index.node(row.instanceId),
        [TABLE.byOwner.sortKey]: `${row.at}#${id}#${row.instanceId}`,
        [TABLE.timeToLive]: expiry(row.at, retentionDays),
      });
      try {
        await client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: key,
            UpdateExpression: 'SET attempts = :none REMOVE quarantinedAt, quarantineAdvice, duePk, dueSk',
            ConditionExpression: 'quarantinedAt = :at',
            ExpressionAttributeValues: { ':none': {}, ':at': state.quarantinedAt },
          }),
        );
        return 'released';
      } catch (thrown) {
        if (isConditionFailed(thrown)) return 'none';
        throw thrown;
      }
    },
    requestCancel: async (row) => {
      await put({ ...keys.cancelRequest(row.runId), ...row, [TABLE.timeToLive]: expiry(row.at, retentionDays) });
    },
  };
};
