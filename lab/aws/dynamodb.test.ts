import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
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
