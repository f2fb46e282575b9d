import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Limits } from '../../../core/model/policy.ts';
import { type Attempt, CommandRow, NodeStateRow, PauseRow, type ResultRow } from '../../../core/state/rows.ts';
import { type Sleep, sleep } from '../messaging/partial-failure.ts';
import { expiry, type Item, isConditionFailed, rowOf } from './items.ts';
import { ALL_CLUSTERS, clusterScope, DUE_SHARDS, index, keys, RESULT_SHARDS, shardOf, TABLE } from './keys.ts';

/** Results, sent commands, what is remembered of nodes, and pauses. */
export type ResultStore = {
  /** Writes a result once: the first stands, another one for the same node and run stands beside it as late. */
  readonly putResult: (row: ResultRow) => Promise<'first' | 'late' | 'known'>;
  readonly getCommand: (commandId: string) => Promise<CommandRow | undefined>;
  /** Stores where a sent command belongs, due at its soft deadline; a second put changes nothing. */
  readonly putCommand: (row: CommandRow) => Promise<void>;
  /** When reconcile must look at the command again, or never. */
  readonly setCommandDue: (commandId: string, dueAt: string | undefined) => Promise<void>;
  readonly nodeStates: (
    instanceIds: readonly string[],
    remediation: string,
  ) => Promise<ReadonlyMap<string, NodeStateRow>>;
  /** Remembers a repair attempt under its run, so that writing it twice is one attempt. Returns all of the node's. */
  readonly recordAttempt: (
    node: Pick<NodeStateRow, 'instanceId' | 'cluster' | 'remediation'>,
    runId: string,
    attempt: Attempt,
  ) => Promise<NodeStateRow>;
  readonly quarantine: (node: NodeStateRow, at: string, advice: string) => Promise<void>;
  /** The pause in force for a cluster, or undefined. */
  readonly pauseFor: (cluster: string) => Promise<PauseRow | undefined>;
};

const resultItem = (row: ResultRow, key: { pk: string; sk: string }, retentionDays: number): Item => {
  const sort = `${row.endedAt}#${row.runId}#${row.instanceId}`;
  const shard = shardOf(row.instanceId, RESULT_SHARDS);
  return {
    ...key,
    ...row,
    [TABLE.byOwner.partitionKey]: index.node(row.instanceId),
    [TABLE.byOwner.sortKey]: sort,
    [TABLE.byOutcome.partitionKey]: index.outcome(row.cluster, row.outcome, shard),
    [TABLE.byOutcome.sortKey]: sort,
    ...(row.reason === undefined
      ? {}
      : {
          [TABLE.byReason.partitionKey]: index.reasonDay(row.reason, row.endedAt.slice(0, 10), shard),
          [TABLE.byReason.sortKey]: sort,
        }),
    [TABLE.timeToLive]: expiry(row.at, retentionDays),
  };
};

/** The results of the audit table. */
export const createResultStore = ({
  client,
  tableName,
  limits,
  wait = sleep,
}: {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  readonly limits: Pick<Limits, 'retentionDays' | 'attemptWindowSeconds'>;
  readonly wait?: Sleep;
}): ResultStore => {
  const putOnce = async (item: Item): Promise<boolean> => {
    try {
      await client.send(
        new PutCommand({ TableName: tableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }),
      );
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw thrown;
    }
  };
  const read = async (key: { pk: string; sk: string }): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }))).Item;

  return {
    putResult: async (row) => {
      const key = keys.result(row.runId, row.instanceId);
      if (await putOnce(resultItem(row, key, limits.retentionDays))) return 'first';
      const first = await read(key);
      if (first?.outcome === row.outcome && first?.commandId === row.commandId) return 'known';
      const late = resultItem({ ...row, late: true }, keys.lateResult(row.runId, row.instanceId), limits.retentionDays);
      return (await putOnce(late)) ? 'late' : 'known';
    },
    getCommand: async (commandId) => {
      const item = await read(keys.command(commandId));
      return item === undefined ? undefined : rowOf(CommandRow, item);
    },
    putCommand: async (row) => {
      await putOnce({
        ...keys.command(row.commandId),
        ...row,
        [TABLE.byDue.partitionKey]: index.open(shardOf(row.commandId, DUE_SHARDS)),
        [TABLE.byDue.sortKey]: row.softDeadlineAt,
        [TABLE.timeToLive]: expiry(row.sentAt, limits.retentionDays),
      });
    },
    setCommandDue: async (commandId, dueAt) => {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: keys.command(commandId),
          UpdateExpression: dueAt === undefined ? 'REMOVE duePk, dueSk' : 'SET dueSk = :dueAt',
          ConditionExpression: 'attribute_exists(pk)',
          ...(dueAt === undefined ? {} : { ExpressionAttributeValues: { ':dueAt': dueAt } }),
        }),
      );
    },
    nodeStates: async (instanceIds, remediation) => {
      const states = new Map<string, NodeStateRow>();
      // BatchGetItem takes at most 100 keys, and may leave some of them unprocessed.
      for (let start = 0; start < instanceIds.length; start += 100) {
        let wanted: Record<string, unknown>[] = instanceIds
          .slice(start, start + 100)
          .map((id) => keys.nodeState(id, remediation));
        for (let attempt = 1; wanted.length > 0; attempt++) {
          const answer = await client.send(
            new BatchGetCommand({ RequestItems: { [tableName]: { Keys: wanted, ConsistentRead: true } } }),
          );
          for (const item of answer.Responses?.[tableName] ?? []) {
            const state = rowOf(NodeStateRow, item);
            states.set(state.instanceId, state);
          }
          wanted = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
          if (wanted.length === 0) break;
          if (attempt === 6)
            throw new Error(`reading node states: ${wanted.length} keys were left unprocessed 6 times`);
          await wait(50 * 2 ** attempt);
        }
      }
      return states;
    },
    recordAttempt: async (node, runId, attempt) => {
      const key = keys.nodeState(node.instanceId, node.remediation);
      const oldestMs = Date.parse(attempt.at) - limits.attemptWindowSeconds * 1000;
      for (let tries = 1; ; tries++) {
        const known = await read(key);
        const before = known === undefined ? {} : rowOf(NodeStateRow, known).attempts;
        const old = Object.keys(before).filter((id) => id !== runId && Date.parse(before[id]?.at ?? '') <= oldestMs);
        const names = Object.fromEntries(old.map((id, i) => [`#old${i}`, id]));
        try {
          // Only this run's own entry is written, so that two runs which end at once do not undo each other.
          const { Attributes } = await client.send(
            new UpdateCommand({
              TableName: tableName,
              Key: key,
              ...(known === undefined
                ? {
                    UpdateExpression:
                      'SET instanceId = :id, #cluster = :cluster, remediation = :remediation, attempts = :first',
                    ConditionExpression: 'attribute_not_exists(pk)',
                    // A reserved word of DynamoDB.
                    ExpressionAttributeNames: { '#cluster': 'cluster' },
                    ExpressionAttributeValues: {
                      ':id': node.instanceId,
                      ':cluster': node.cluster,
                      ':remediation': node.remediation,
                      ':first': { [runId]: attempt },
                    },
                  }
                : {
                    UpdateExpression: [
                      'SET attempts.#run = :attempt',
                      ...(old.length === 0 ? [] : [`REMOVE ${old.map((_, i) => `attempts.#old${i}`).join(', ')}`]),
                    ].join(' '),
                    ConditionExpression: 'attribute_exists(pk)',
                    ExpressionAttributeNames: { '#run': runId, ...names },
                    ExpressionAttributeValues: { ':attempt': attempt },
                  }),
              ReturnValues: 'ALL_NEW',
            }),
          );
          return rowOf(NodeStateRow, Attributes ?? {});
        } catch (thrown) {
          if (!isConditionFailed(thrown) || tries === 2) throw thrown;
        }
      }
    },
    quarantine: async (node, at, advice) => {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: keys.nodeState(node.instanceId, node.remediation),
          UpdateExpression:
            'SET quarantinedAt = if_not_exists(quarantinedAt, :at), quarantineAdvice = :advice, duePk = :pk, dueSk = if_not_exists(dueSk, :sk)',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: {
            ':at': at,
            ':advice': advice,
            ':pk': index.quarantine,
            ':sk': `${at}#${node.instanceId}#${node.remediation}`,
          },
        }),
      );
    },
    pauseFor: async (cluster) => {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': keys.pauses, ':prefix': 'CURRENT#' },
          ConsistentRead: true,
        }),
      );
      if (page.LastEvaluatedKey !== undefined)
        throw new Error('reading the pauses: more than a page of them; resume some');
      const scopes = new Set([ALL_CLUSTERS, clusterScope(cluster)]);
      return (page.Items ?? [])
        .map((item) => rowOf(PauseRow, item))
        .find((p) => scopes.has(p.scope) && p.state === 'paused');
    },
  };
};
