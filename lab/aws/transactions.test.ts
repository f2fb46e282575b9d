import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LabFixture, rejection, startFixture } from './fixture.ts';

let fixture: LabFixture;
let dynamo: DynamoDBClient;
const TableName = 'audit';

beforeAll(async () => {
  fixture = await startFixture({
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: ['pk', 'sk'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
      },
    },
  });
  dynamo = new DynamoDBClient(fixture.client());
});
afterAll(() => fixture.stop());
afterEach(() => {
  fixture.lab.faults.transactionConflictRate = 0;
  fixture.lab.faults.calls = [];
});

const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'STATE' } });
const put = (pk: string, n: number, more: Partial<NonNullable<TransactWriteItem['Put']>> = {}): TransactWriteItem => ({
  Put: { TableName, Item: { ...key(pk), n: { N: String(n) } }, ...more },
});
const isNew = {
  ConditionExpression: 'attribute_not_exists(pk)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;
const check = (pk: string, n: number): TransactWriteItem => ({
  ConditionCheck: {
    TableName,
    Key: key(pk),
    ConditionExpression: '#n = :n',
    ExpressionAttributeNames: { '#n': 'n' },
    ExpressionAttributeValues: { ':n': { N: String(n) } },
  },
});
const transact = (items: readonly TransactWriteItem[], ClientRequestToken?: string, client = dynamo) =>
  client.send(new TransactWriteItemsCommand({ TransactItems: [...items], ClientRequestToken }));
const numberOf = async (pk: string): Promise<string | undefined> =>
  (await dynamo.send(new GetItemCommand({ TableName, Key: key(pk), ConsistentRead: true }))).Item?.n?.N;

describe('a transaction', () => {
  it('writes, updates, deletes and checks items at once', async () => {
    await transact([put('A1', 1), put('A2', 2)]);
    await transact([
      check('A1', 1),
      { Delete: { TableName, Key: key('A2') } },
      put('A3', 3, isNew),
      {
        Update: {
          TableName,
          Key: key('A4'),
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        },
      },
    ]);
    expect(await Promise.all(['A1', 'A2', 'A3', 'A4'].map(numberOf))).toEqual(['1', undefined, '3', '1']);
  });

  it('changes nothing when one condition fails, and gives the reasons in order, the item with its own', async () => {
    await transact([put('B1', 1)]);
    await expect(transact([put('B2', 2), put('B1', 9, isNew), check('B3', 0)])).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: { n: { N: '1' } } },
        { Code: 'ConditionalCheckFailed' },
      ],
    });
    expect(await Promise.all(['B1', 'B2', 'B3'].map(numberOf))).toEqual(['1', undefined, undefined]);
  });

  it('is refused with two actions on one item, with none, with 101, and over 4 MB', async () => {
    const big = (pk: string): TransactWriteItem => ({
      Put: { TableName, Item: { ...key(pk), text: { S: 'x'.repeat(390_000) } } },
    });
    const many = (count: number) => Array.from({ length: count }, (_, i) => put(`C${i}`, i));
    const refused = [
      [[put('C', 1), check('C', 1)], 'Transaction request cannot include multiple operations on one item'],
      [[], 'Member must have length greater than or equal to 1'],
      [many(101), 'Member must have length less than or equal to 100'],
      [[{}], 'TransactItems can only contain one of Check, Put, Update or Delete'],
      [many(11).map((_, i) => big(`C${i}`)), 'exceeds 4 MB'],
      [[put('C', 1, { ConditionExpression: 'n >' })], 'Invalid ConditionExpression'],
    ] as const;
    for (const [items, why] of refused) {
      const text = await rejection(transact(items));
      expect(text).toContain('ValidationException');
      expect(text).toContain(why);
    }
    await transact(many(100));
    expect(await numberOf('C99')).toBe('99');
  });

  it('is canceled by an item over 400 KB', async () => {
    const text = { S: 'x'.repeat(410_000) };
    await expect(transact([put('D', 1), { Put: { TableName, Item: { ...key('D2'), text } } }])).rejects.toMatchObject({
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ValidationError', Message: expect.stringContaining('Item size') },
      ],
    });
  });
});

describe('a request token', () => {
  it('makes the same transaction take effect once, for ten minutes, and refuses another one', async () => {
    const add = (by: string): TransactWriteItem => ({
      Update: {
        TableName,
        Key: key('T'),
        UpdateExpression: 'ADD n :n',
        ExpressionAttributeValues: { ':n': { N: by } },
      },
    });
    await transact([add('1')], 'token');
    await transact([add('1')], 'token');
    expect(await numberOf('T')).toBe('1');
    expect(await rejection(transact([add('2')], 'token'))).toContain('IdempotentParameterMismatchException');
    await fixture.lab.advance(11 * 60_000);
    await transact([add('1')], 'token');
    expect(await numberOf('T')).toBe('2');
  });

  it('of a transaction that was canceled can be used again', async () => {
    expect(await rejection(transact([check('T9', 1)], 'again'))).toContain('TransactionCanceledException');
    await transact([put('T9', 1)]);
    await transact([check('T9', 1)], 'again');
  });
});

describe('a conflict', () => {
  it('cancels all but one of the transactions that overlap, and refuses single writes meanwhile', async () => {
    const own = Array.from({ length: 60 }, (_, i) => put(`E${i}`, i));
    const settled = await Promise.allSettled([
      ...[1, 2, 3, 4].map((n) => transact([put('E', n), ...own])),
      ...[5, 6, 7, 8].map((n) =>
        dynamo.send(new PutItemCommand({ TableName, Item: { ...key('E'), n: { N: `${n}` } } })),
      ),
    ]);
    const transactions = settled.slice(0, 4);
    expect(transactions.filter((t) => t.status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    const failed = transactions.flatMap((t) => (t.status === 'rejected' ? [t.reason] : []));
    expect(failed.length).toBeGreaterThanOrEqual(1);
    for (const reason of failed)
      expect(reason.CancellationReasons[0]).toEqual({
        Code: 'TransactionConflict',
        Message: 'Transaction is ongoing for the item',
      });
    const singles = settled.slice(4).flatMap((t) => (t.status === 'rejected' ? [t.reason.name] : []));
    expect(new Set(singles)).toEqual(new Set(['TransactionConflictException']));
  });

  it('loses no update of a counter', async () => {
    await transact([put('F', 0)]);
    const increment = async (): Promise<void> => {
      for (;;) {
        const n = Number(await numberOf('F'));
        try {
          await transact([
            put('F', n + 1, {
              ConditionExpression: 'n = :n',
              ExpressionAttributeValues: { ':n': { N: String(n) } },
            }),
          ]);
          return;
        } catch (error) {
          if ((error as Error).name !== 'TransactionCanceledException') throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    expect(await numberOf('F')).toBe('8');
  });

  it('happens at the rate of the setting', async () => {
    fixture.lab.faults.transactionConflictRate = 1;
    await expect(transact([put('G', 1), put('G2', 1)])).rejects.toMatchObject({
      CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }],
    });
    expect(await numberOf('G')).toBeUndefined();
  });
});

describe('access', () => {
  const client = (...actions: readonly string[]) =>
    new DynamoDBClient(
      fixture.client([
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: actions.map((a) => `dynamodb:${a}`),
              Resource: '*',
              Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['RUN#*'] } },
            },
          ],
        },
      ]),
    );

  it('is decided for each action, with the key of its item', async () => {
    const both = [put('RUN#1', 1), check('RUN#2', 1)];
    expect(await rejection(transact(both, undefined, client('PutItem', 'TransactWriteItems')))).toContain(
      'dynamodb:ConditionCheckItem',
    );
    const allowed = client('PutItem', 'ConditionCheckItem');
    expect(await rejection(transact(both, undefined, allowed))).toContain('[None, ConditionalCheckFailed]');
    expect(await rejection(transact([put('RUN#1', 1), put('NODE#1', 1)], undefined, allowed))).toContain(
      'not authorized to perform: dynamodb:PutItem',
    );
  });
});
