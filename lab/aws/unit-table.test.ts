import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWireTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

const key = (pk: string) => ({ pk, sk: 'STATE' });
const put = (pk: string, version: number) => ({
  Put: {
    TableName: table.tableName,
    Item: { ...key(pk), version },
    ConditionExpression: 'attribute_not_exists(version) OR version < :v',
    ExpressionAttributeValues: { ':v': version },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  },
});
const transact = (...items: readonly ReturnType<typeof put>[]) =>
  table.client.send(new TransactWriteCommand({ TransactItems: [...items] }));
const get = async (pk: string) =>
  (await table.client.send(new GetCommand({ TableName: table.tableName, Key: key(pk), ConsistentRead: true }))).Item;

describe('the table of the unit tests', () => {
  it('has transactions as the lab has them', async () => {
    await transact(put('A', 1), put('B', 1));
    await expect(transact(put('A', 2), put('B', 1))).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Item: { pk: { S: 'B' }, version: { N: '1' } } },
      ],
    });
    expect([await get('A'), await get('B')]).toMatchObject([{ version: 1 }, { version: 1 }]);
  });

  it('refuses a write of an item that a transaction holds', async () => {
    const others = Array.from({ length: 60 }, (_, i) => put(`D${i}`, 1));
    let isOngoing = true;
    const transaction = transact(put('C', 1), ...others).finally(() => {
      isOngoing = false;
    });
    const names: string[] = [];
    while (isOngoing) {
      const write = table.client.send(
        new UpdateCommand({
          TableName: table.tableName,
          Key: key('C'),
          UpdateExpression: 'ADD hits :one',
          ExpressionAttributeValues: { ':one': 1 },
        }),
      );
      await write.catch((error: Error) => names.push(error.name));
    }
    await transaction;
    expect(new Set(names)).toEqual(new Set(['TransactionConflictException']));
    expect(await get('C')).toMatchObject({ version: 1 });
  });

  it('leaves the next transaction nothing of one that it has refused', async () => {
    const mistake = put('', 1);
    for (let i = 0; i < 5; i++) {
      await expect(transact(put(`E${i}`, 1), mistake)).rejects.toMatchObject({ name: 'ValidationException' });
      // Its condition holds only where the item is not there.
      await transact(put(`E${i}`, 1));
      expect(await get(`E${i}`)).toMatchObject({ version: 1 });
    }
  });
});
