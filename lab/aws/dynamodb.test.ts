import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LabFixture, rejection, startFixture } from './fixture.ts';

let fixture: LabFixture;
let dynamo: DynamoDBClient;
const TableName = 'audit';

beforeAll(async () => {
  const attribute = (name: string) => ({ AttributeName: name, AttributeType: 'S' });
  const schema = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: range, KeyType: 'RANGE' },
  ];
  fixture = await startFixture({
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName,
        KeySchema: schema('pk', 'sk'),
        AttributeDefinitions: ['pk', 'sk', 'duePk', 'dueSk'].map(attribute),
        GlobalSecondaryIndexes: [
          { IndexName: 'byDue', KeySchema: schema('duePk', 'dueSk'), Projection: { ProjectionType: 'ALL' } },
        ],
      },
    },
  });
  dynamo = new DynamoDBClient(fixture.client());
});
afterAll(() => fixture.stop());

const item = (pk: string, sk = 'STATE') => ({ pk: { S: pk }, sk: { S: sk } });
const due = async (): Promise<readonly string[]> => {
  const { Items: items = [] } = await dynamo.send(
    new QueryCommand({
      TableName,
      IndexName: 'byDue',
      KeyConditionExpression: '#p = :p',
      ExpressionAttributeNames: { '#p': 'duePk' },
      ExpressionAttributeValues: { ':p': { S: 'OPEN' } },
    }),
  );
  return items.map((i) => i.pk?.S ?? '');
};

describe('the table', () => {
  it('lets one of two conditional writes succeed, and shows the other the present item', async () => {
    const put = () =>
      dynamo.send(
        new PutItemCommand({
          TableName,
          Item: { ...item('RUN#1'), version: { N: '1' } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    await put();
    await expect(put()).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { version: { N: '1' } },
    });
  });

  it('updates, and returns the requested values', async () => {
    const update = (ReturnValues: 'NONE' | 'ALL_NEW') =>
      dynamo.send(
        new UpdateItemCommand({
          TableName,
          Key: item('RUN#2'),
          UpdateExpression: 'ADD #n :one',
          ExpressionAttributeNames: { '#n': 'n' },
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues,
        }),
      );
    expect((await update('NONE')).Attributes).toBeUndefined();
    expect((await update('ALL_NEW')).Attributes?.n).toEqual({ N: '2' });
  });
});

describe('an index', () => {
  it('lags behind the table, for new rows and for changed ones', async () => {
    await dynamo.send(
      new PutItemCommand({ TableName, Item: { ...item('RUN#3'), duePk: { S: 'OPEN' }, dueSk: { S: '1' } } }),
    );
    expect(await due()).toEqual([]);
    await fixture.lab.settle();
    expect(await due()).toEqual(['RUN#3']);
    await dynamo.send(
      new UpdateItemCommand({ TableName, Key: item('RUN#3'), UpdateExpression: 'REMOVE duePk, dueSk' }),
    );
    expect(await due()).toEqual(['RUN#3']);
    await fixture.lab.settle();
    expect(await due()).toEqual([]);
  });

  it('cannot be read consistently', async () => {
    const query = new QueryCommand({
      TableName,
      IndexName: 'byDue',
      ConsistentRead: true,
      KeyConditionExpression: 'duePk = :p',
      ExpressionAttributeValues: { ':p': { S: 'OPEN' } },
    });
    expect(await rejection(dynamo.send(query))).toContain('Consistent reads are not supported');
  });
});

describe('a batch', () => {
  it('leaves some requests unprocessed when the fault is on', async () => {
    fixture.lab.faults.unprocessedRate = 1;
    const requests = [1, 2, 3].map((n) => ({ PutRequest: { Item: item('BATCH', `${n}`) } }));
    const written = await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
    expect(written.UnprocessedItems?.[TableName]).toHaveLength(2);
    const read = await dynamo.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [item('BATCH', '1'), item('BATCH', '2')] } } }),
    );
    expect(read.Responses?.[TableName]).toHaveLength(1);
    expect(read.UnprocessedKeys?.[TableName]?.Keys).toHaveLength(1);
    fixture.lab.faults.unprocessedRate = 0;
  });
});

describe('a partition', () => {
  const put = (pk: string, sk: string, more = {}, client = dynamo) =>
    client.send(new PutItemCommand({ TableName, Item: { ...item(pk, sk), ...more } }));
  const loadOf = (partition: string, index?: string) =>
    fixture.lab.tableLoad().find((load) => load.partition === partition && load.index === index);

  it('takes only so many writes a second, of the table and of an index; others go on', async () => {
    fixture.lab.faults.partitionUnitsPerSecond = { writes: 5, reads: 3000 };
    const puts = (pk: (i: number) => string, more = {}) =>
      Promise.allSettled(Array.from({ length: 20 }, (_, i) => put(pk(i), `${i}`, more)));
    const refusals = (settled: readonly PromiseSettledResult<unknown>[]) =>
      settled.flatMap((s) => (s.status === 'rejected' ? [s.reason.name] : []));
    const hot = refusals(await puts(() => 'HOT'));
    expect(new Set(hot)).toEqual(new Set(['ThrottlingException']));
    expect(hot.length).toBeGreaterThan(5);
    expect(refusals(await puts((i) => `COLD#${i}`))).toEqual([]);
    const index = refusals(await puts((i) => `WARM#${i}`, { duePk: { S: 'HOT#0' }, dueSk: { S: '1' } }));
    expect(index.length).toBeGreaterThan(5);
    expect(loadOf('HOT#0', 'byDue')?.throttled).toBe(index.length);
    fixture.lab.faults.partitionUnitsPerSecond = { writes: 1000, reads: 3000 };
  });

  it('is metered by the size of its items: writes by the kilobyte, reads by four, transactions twice', async () => {
    await put('METER', '1', { text: { S: 'x'.repeat(2500) } });
    expect(loadOf('METER')).toMatchObject({ peakWrites: 3, writeUnits: 3, throttled: 0 });
    await dynamo.send(new GetItemCommand({ TableName, Key: item('METER', '1'), ConsistentRead: true }));
    expect(loadOf('METER')?.readUnits).toBe(1);
    await dynamo.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item('METER', '2') } }] }),
    );
    expect(loadOf('METER')?.writeUnits).toBe(5);
  });

  it('that is throttled leaves requests of a batch unprocessed, cancels a transaction, and the SDK tries again', async () => {
    fixture.lab.faults.partitionUnitsPerSecond = { writes: 1, reads: 3000 };
    const requests = [1, 2, 3].map((n) => ({ PutRequest: { Item: item('THIN', `${n}`) } }));
    const written = await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
    expect(written.UnprocessedItems?.[TableName]).toHaveLength(2);
    const transaction = new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName, Item: item('THICK') } }, { Put: { TableName, Item: item('THIN', '9') } }],
    });
    await expect(dynamo.send(transaction)).rejects.toMatchObject({
      CancellationReasons: [{ Code: 'None' }, { Code: 'ThrottlingError' }],
    });
    await put('THIN', '4', {}, new DynamoDBClient({ ...fixture.client(), maxAttempts: 10 }));
    fixture.lab.faults.partitionUnitsPerSecond = { writes: 1000, reads: 3000 };
  });
});

describe('access', () => {
  const fenced = (...keys: readonly string[]) => [
    {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:BatchWriteItem'],
          Resource: '*',
          Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
        },
      ],
    },
  ];

  it('is fenced by leading keys: of items, of queries and of batches', async () => {
    const client = new DynamoDBClient(fixture.client(fenced('RUN#*')));
    await client.send(new GetItemCommand({ TableName, Key: item('RUN#1') }));
    const refused = [
      client.send(new PutItemCommand({ TableName, Item: item('RESULT#1') })),
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
          ExpressionAttributeValues: { ':p': { S: 'RESULT#1' }, ':s': { S: 'i-' } },
        }),
      ),
      client.send(
        new BatchWriteItemCommand({
          RequestItems: { [TableName]: ['RUN#9', 'RESULT#9'].map((pk) => ({ PutRequest: { Item: item(pk) } })) },
        }),
      ),
    ];
    for (const call of refused) expect(await rejection(call)).toContain('AccessDeniedException');
  });

  it('refuses operations that the lab does not have, and unknown members', async () => {
    const unknown = await fixture.raw('dynamodb', 'DynamoDB_20120810.TransactGetItems', '1.0', {});
    expect(String(unknown.__type)).toContain('UnknownOperationException');
    const member = await fixture.raw('dynamodb', 'DynamoDB_20120810.GetItem', '1.0', {
      TableName,
      Key: item('RUN#1'),
      Consistent: true,
    });
    expect(String(member.message)).toContain("'Consistent'");
  });
});
