import { describe, expect, it } from 'vitest';
import { equals, isAtVersion, isNew } from './expressions.ts';
import { ItemTooLargeError } from './item-size.ts';
import { ContentionError, createTable } from './table.ts';
import type { Write } from './transaction.ts';

const key = (pk: string) => ({ pk, sk: 'STATE' });
const put = (pk: string, over = {}): Write => ({ kind: 'put', item: { ...key(pk), ...over } });

/** DynamoDB's refusal of a transaction, with a code for each write. */
const cancelled = (...codes: readonly (string | { Code: string; Message: string })[]): Error =>
  Object.assign(new Error('Transaction cancelled'), {
    name: 'TransactionCanceledException',
    CancellationReasons: codes.map((code) => (typeof code === 'string' ? { Code: code } : code)),
  });
const named = (name: string, message = name): Error => Object.assign(new Error(message), { name });

/** A table whose client refuses the first requests with the errors, and then takes them. */
const refusing = (...errors: readonly Error[]) => {
  const left = [...errors];
  const requests: unknown[] = [];
  const waits: number[] = [];
  const send = async (command: { readonly input: unknown }) => {
    requests.push(command.input);
    const error = left.shift();
    if (error !== undefined) throw error;
    return {};
  };
  const table = createTable({
    client: { send: send as never },
    tableName: 't',
    wait: async (ms) => {
      waits.push(ms);
    },
    random: () => 0.5,
  });
  return { table, requests, waits };
};

describe('a transaction', () => {
  it('sends each kind of write with its own names and values', async () => {
    const { table, requests } = refusing();
    expect(
      await table.transact([
        { kind: 'put', item: { ...key('A'), version: 3 }, condition: isAtVersion(2) },
        { kind: 'update', key: key('B'), change: { set: { name: 'b' } }, condition: isNew },
        { kind: 'remove', key: key('C'), condition: equals('name', 'c') },
        { kind: 'check', key: key('D'), condition: equals('state', 'resumed') },
        { kind: 'remove', key: key('E') },
      ]),
    ).toEqual({ ok: true });
    expect(requests).toEqual([
      {
        TransactItems: [
          {
            Put: {
              TableName: 't',
              Item: { schemaVersion: 1, pk: 'A', sk: 'STATE', version: 3 },
              ConditionExpression: '#n0 = :v0',
              ExpressionAttributeNames: { '#n0': 'version' },
              ExpressionAttributeValues: { ':v0': 2 },
            },
          },
          {
            Update: {
              TableName: 't',
              Key: key('B'),
              UpdateExpression: 'SET #n0 = :v0, #n1 = if_not_exists(#n1, :v1)',
              ConditionExpression: 'attribute_not_exists(#n2)',
              ExpressionAttributeNames: { '#n0': 'name', '#n1': 'schemaVersion', '#n2': 'pk' },
              ExpressionAttributeValues: { ':v0': 'b', ':v1': 1 },
            },
          },
          {
            Delete: {
              TableName: 't',
              Key: key('C'),
              ConditionExpression: '#n0 = :v0',
              ExpressionAttributeNames: { '#n0': 'name' },
              ExpressionAttributeValues: { ':v0': 'c' },
            },
          },
          {
            ConditionCheck: {
              TableName: 't',
              Key: key('D'),
              ConditionExpression: '#n0 = :v0',
              ExpressionAttributeNames: { '#n0': 'state' },
              ExpressionAttributeValues: { ':v0': 'resumed' },
            },
          },
          { Delete: { TableName: 't', Key: key('E') } },
        ],
      },
    ]);
  });

  it('of nothing makes no request', async () => {
    const { table, requests } = refusing();
    expect(await table.transact([])).toEqual({ ok: true });
    expect(requests).toEqual([]);
  });

  it('whose conditions fail is an answer that names the writes, and is not tried again', async () => {
    const { table, requests } = refusing(
      cancelled('None', 'ConditionalCheckFailed', 'TransactionConflict', 'ConditionalCheckFailed'),
    );
    expect(await table.transact(['A', 'B', 'C', 'D'].map((pk) => put(pk)))).toEqual({ ok: false, failed: [1, 3] });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['a conflict', cancelled('None', 'TransactionConflict')],
    ['a throttle of its own', cancelled('ThrottlingError', 'None')],
    ['a throttle of a partition', cancelled('ProvisionedThroughputExceeded', 'TransactionConflict')],
    ['a throttled request', named('ThrottlingException')],
    ['a throttled table', named('ProvisionedThroughputExceededException')],
    ['a request limit', named('RequestLimitExceeded')],
  ])('is tried again after %s, each time after a longer wait', async (_, error) => {
    const { table, requests, waits } = refusing(error, error);
    expect(await table.transact([put('A'), put('B')])).toEqual({ ok: true });
    expect(requests).toHaveLength(3);
    expect(waits).toEqual([50, 100]);
  });

  it('is given up after six attempts, with the keys of its writes', async () => {
    const { table, requests, waits } = refusing(...Array.from({ length: 6 }, () => cancelled('TransactionConflict')));
    const given = table.transact(['A', 'B', 'C', 'D', 'E'].map((pk) => put(pk)));
    await expect(given).rejects.toThrow(ContentionError);
    await expect(given).rejects.toThrow(
      'storing A / STATE, B / STATE, C / STATE and 2 more: other writers or a throttle came first 6 times; the wake is repeated',
    );
    expect(requests).toHaveLength(6);
    expect(waits).toEqual([50, 100, 200, 400, 800]);
  });

  it.each([
    ['an access denied', named('AccessDeniedException', 'not authorized to perform dynamodb:ConditionCheckItem')],
    ['a server error', named('InternalServerError')],
    ['another ValidationException', named('ValidationException', 'One or more parameter values were invalid')],
    ['a cancellation without reasons', cancelled()],
  ])('throws %s as it is, at once', async (_, error) => {
    const { table, requests } = refusing(error);
    await expect(table.transact([put('A')])).rejects.toBe(error);
    expect(requests).toHaveLength(1);
  });

  it('that is cancelled for another reason throws with the reason and the position of the write', async () => {
    const bad = { Code: 'ValidationError', Message: 'The provided expression refers to an attribute' };
    const { table, requests } = refusing(cancelled('TransactionConflict', 'None', bad));
    await expect(table.transact([put('A'), put('B'), put('C')])).rejects.toThrow(
      /^storing A \/ STATE, B \/ STATE, C \/ STATE in a transaction: write 1: TransactionConflict; write 3: ValidationError The provided/u,
    );
    expect(requests).toHaveLength(1);
  });

  it('names the item that is too large: by the reason of its write, or else the largest', async () => {
    const message = 'Item size to update has exceeded the maximum allowed size';
    const writes: Write[] = [
      put('A', { text: 'x'.repeat(500) }),
      { kind: 'update', key: key('B'), change: { set: { text: 'x'.repeat(10) } } },
      { kind: 'check', key: key('C'), condition: isNew },
    ];
    const byReason = refusing(cancelled('None', { Code: 'ValidationError', Message: message }, 'None')).table;
    await expect(byReason.transact(writes)).rejects.toThrow(ItemTooLargeError);
    const again = refusing(cancelled('None', { Code: 'ValidationError', Message: message }, 'None')).table;
    await expect(again.transact(writes)).rejects.toThrow(
      /^storing B \/ STATE: the item is larger than 400 KB.*text \(12 bytes/u,
    );
    const bySize = refusing(named('ValidationException', 'Item size has exceeded the maximum allowed size')).table;
    await expect(bySize.transact(writes)).rejects.toThrow(/^storing A \/ STATE: the item is larger.*text \(502 bytes/u);
  });

  it('is refused without a request where it names an item twice, or has more than 100 writes', async () => {
    const { table, requests } = refusing();
    await expect(
      table.transact([put('A'), { kind: 'check', key: key('B'), condition: isNew }, { kind: 'remove', key: key('A') }]),
    ).rejects.toThrow('storing A / STATE: a transaction may name an item only once');
    const many = Array.from({ length: 101 }, (_, i) => put(`N${i}`));
    await expect(table.transact(many)).rejects.toThrow(/101 writes, and a transaction takes 100/u);
    expect(requests).toEqual([]);
    expect(await table.transact(many.slice(1))).toEqual({ ok: true });
  });
});

describe('a single write that meets a transaction on its item', () => {
  it('waits and tries again, which the SDK does not do', async () => {
    const conflict = named('TransactionConflictException');
    const { table, requests, waits } = refusing(conflict, conflict);
    expect(await table.put({ ...key('A') })).toBe(true);
    expect([requests.length, waits]).toEqual([3, [50, 100]]);
  });

  it('is given up after six attempts', async () => {
    const { table, requests } = refusing(...Array.from({ length: 6 }, () => named('TransactionConflictException')));
    await expect(table.update(key('A'), { set: { a: 1 } })).rejects.toThrow('TransactionConflictException');
    expect(requests).toHaveLength(6);
  });
});
