import { Readable } from 'node:stream';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { TABLE } from '../../functions/adapters/table/keys.ts';
import { createTable, type Table } from '../../functions/adapters/table/table.ts';
import { type Dynalite, SIGNATURE_HEADERS, startDynalite } from '../../lab/aws/dynalite.ts';
import { isDeep } from '../deep.ts';
import { memoryClient } from './memory/client.ts';
import { startMemory } from './memory/engine.ts';
import { addTransactions } from './transactions.ts';

const INDEXES = [TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue] as const;

/** An audit table in this process. */
export type TestTable = {
  readonly client: Pick<DynamoDBDocumentClient, 'send'>;
  readonly tableName: string;
  /** Every item of a partition, with its key attributes. */
  readonly items: (pk: string) => Promise<readonly Record<string, unknown>[]>;
  /** Every item of the table, as far as a megabyte holds them. */
  readonly scan: () => Promise<readonly Record<string, unknown>[]>;
  /** Stores an item as it is, whatever it is. */
  readonly put: Table['put'];
  readonly remove: Table['remove'];
  /** Another, empty table, which no other table affects. */
  readonly another: () => Promise<TestTable>;
  readonly stop: () => Promise<void>;
};

const keySchema = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  { AttributeName: range, KeyType: 'RANGE' as const },
];

type Request = { readonly headers: Readonly<Record<string, string>>; readonly body?: Uint8Array };

/** Sends the requests of an AWS SDK client to dynalite. */
const handlerOf = ({ answer }: Dynalite) => ({
  handle: async ({ headers, body = new Uint8Array() }: Request) => {
    const {
      status,
      headers: answered,
      body: text,
    } = await answer(headers, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return { response: { statusCode: status, headers: answered, body: Readable.from([Buffer.from(text)]) } as never };
  },
});

/** dynalite keeps every table in memory: a server that made so many is left to the garbage collector, with its tables. */
const TABLES_A_SERVER = 50;

type Server = { readonly raw: DynamoDBClient; readonly client: DynamoDBDocumentClient };

const startServer = (): Server => {
  const dynalite = startDynalite();
  const raw = new DynamoDBClient({
    endpoint: 'http://dynalite',
    requestHandler: handlerOf(dynalite),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // A real signature costs a tenth of a call, and a test makes thousands.
    signer: {
      sign: async (request) => Object.assign(request, { headers: { ...request.headers, ...SIGNATURE_HEADERS } }),
    },
  });
  addTransactions(raw, dynalite);
  return { raw, client: DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } }) };
};

const testTable = (
  client: TestTable['client'],
  tableName: string,
  more: Pick<TestTable, 'another' | 'stop'>,
): TestTable => {
  const { items, put, remove } = createTable({ client, tableName });
  return {
    ...{ client, tableName, put, remove, ...more },
    items: (key) => items({ key }),
    scan: async () => (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [],
  };
};

/** A table in memory, of which a call costs a tenth: test/contract/memory-table.test.ts holds it to dynalite. */
export const startMemoryTable = async (): Promise<TestTable> => {
  const { call } = startMemory();
  await call('CreateTable', { TableName: 'audit' });
  return testTable(memoryClient(call), 'audit', { another: startMemoryTable, stop: async () => {} });
};

/**
 * Starts dynalite, behind the SDK's own client, with the table and the four indexes that `infra` builds from the same
 * constants: for the tests of what the helper of the table sends.
 */
export const startWireTable = async (): Promise<TestTable> => {
  const names = [TABLE.partitionKey, TABLE.sortKey, ...INDEXES.flatMap((i) => [i.partitionKey, i.sortKey])];
  let server = startServer();
  let tables = 0;
  const create = async (): Promise<TestTable> => {
    if (tables > 0 && tables % TABLES_A_SERVER === 0) server = startServer();
    const { raw, client } = server;
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
    return testTable(client, tableName, { another: create, stop: async () => raw.destroy() });
  };
  return await create();
};

/** A table for the tests of what lies above its helper: in memory, and in dynalite in `npm run test:deep`. */
export const startTable = isDeep ? startWireTable : startMemoryTable;
