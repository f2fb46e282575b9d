import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { TABLE } from '../../functions/adapters/table/keys.ts';
import { createTable, type Table } from '../../functions/adapters/table/table.ts';
import { addTransactions } from './transactions.ts';

type Dynalite = (options: Readonly<Record<string, unknown>>) => Server;

const INDEXES = [TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue] as const;

/** An audit table in dynalite, in this process. */
export type TestTable = {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  /** Every item of a partition, with its key attributes. */
  readonly items: (pk: string) => Promise<readonly Record<string, unknown>[]>;
  /** Every item of the table, as far as a megabyte holds them. */
  readonly scan: () => Promise<readonly Record<string, unknown>[]>;
  /** Stores an item as it is, whatever it is. */
  readonly put: Table['put'];
  readonly remove: Table['remove'];
  /** Another, empty table of the same server; it stops with it. */
  readonly another: () => Promise<TestTable>;
  readonly stop: () => Promise<void>;
};

const keySchema = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  { AttributeName: range, KeyType: 'RANGE' as const },
];

/** Starts dynalite with the table and the four indexes that `infra` builds from the same constants. */
export const startTable = async (): Promise<TestTable> => {
  const dynalite = createRequire(import.meta.url)('dynalite') as Dynalite;
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const raw = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const endTransactions = addTransactions(raw, port);
  const names = [TABLE.partitionKey, TABLE.sortKey, ...INDEXES.flatMap((i) => [i.partitionKey, i.sortKey])];
  const client = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } });
  let tables = 0;
  const stop = async (): Promise<void> => {
    raw.destroy();
    endTransactions();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  const create = async (): Promise<TestTable> => {
    const tableName = `audit-${++tables}`;
    await raw.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: keySchema(TABLE.partitionKey, TABLE.sortKey),
        GlobalSecondaryIndexes: INDEXES.map((i) => ({
          IndexName: i.name,
          KeySchema: keySchema(i.partitionKey, i.sortKey),
          Projection: { ProjectionType: 'ALL' },
        })),
      }),
    );
    // A table is there a moment after its creation was answered.
    while ((await raw.send(new DescribeTableCommand({ TableName: tableName }))).Table?.TableStatus !== 'ACTIVE');
    const table = createTable({ client, tableName });
    return {
      client,
      tableName,
      another: create,
      items: (key) => table.items({ key }),
      scan: async () => (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [],
      put: table.put,
      remove: table.remove,
      stop,
    };
  };
  return await create();
};
