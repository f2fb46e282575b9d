import { BatchWriteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { TableOptions } from '../../functions/adapters/table/table.ts';

/** BatchWriteItem takes at most so many items. */
const BATCH = 25;

/** A table that takes new rows alone, some in one call, and the call that writes the last of them. */
export type BatchedWrites = TableOptions & { readonly flush: () => Promise<void> };

/** Stores new rows by BatchWriteItem: a call for each of a million rows takes hours. Conditions are not looked at. */
export const batchedWrites = ({ client, tableName }: TableOptions): BatchedWrites => {
  let waiting: PutCommand['input'][] = [];
  const flush = async (): Promise<void> => {
    const puts = waiting.map(({ Item }) => ({ PutRequest: { Item } }));
    waiting = [];
    if (puts.length === 0) return;
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [tableName]: puts } }));
    if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error(`writing ${puts.length} rows: some were left`);
  };
  const send = async (command: unknown): Promise<object> => {
    if (!(command instanceof PutCommand)) throw new Error('batched writes take new rows alone');
    waiting.push(command.input);
    if (waiting.length >= BATCH) await flush();
    return {};
  };
  return { client: { send: send as DynamoDBDocumentClient['send'] }, tableName, flush };
};
