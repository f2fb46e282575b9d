import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import {
  above,
  absent,
  allOf,
  anyOf,
  atLeast,
  atMost,
  below,
  equals,
  isAtVersion,
  isNew,
  isStored,
} from './expressions.ts';
import { ItemTooLargeError } from './item-size.ts';
import { expires, inIndex } from './items.ts';
import { createTable, startingWith, type Table, type TableOptions } from './table.ts';

/** The smallest row; `size`, `cluster` and `name` are reserved words of DynamoDB. */
const Row = z.strictObject({ name: z.string(), size: z.number().optional(), text: z.string().optional() });

let server: TestTable;
let table: Table;
beforeAll(async () => {
  server = await startWireTable();
  table = createTable(server);
});
afterAll(() => server.stop());

const key = (pk: string, sk = 'STATE') => ({ pk, sk });
const text = (kilobytes: number): string => 'x'.repeat(kilobytes * 1024);

/** A client that keeps the requests that it passes on. */
const recording = (): TableOptions & { readonly inputs: Record<string, unknown>[] } => {
  const inputs: Record<string, unknown>[] = [];
  const send = async (command: { input: Record<string, unknown> }) => {
    inputs.push(command.input);
    return await server.client.send(command as never);
  };
  return { ...server, client: { send: send as never }, inputs };
};

describe('the schema version of a row', () => {
  it('is stored with every new row, and no field of it', async () => {
    await table.put({ ...key('V', 'PUT'), name: 'a' });
    await table.update(key('V', 'UPDATE'), { set: { name: 'b' } });
    await table.transact([
      { kind: 'put', item: { ...key('V', 'Y'), name: 'c' } },
      { kind: 'update', key: key('V', 'Z'), change: { set: { name: 'd' } } },
    ]);
    expect((await table.items({ key: 'V' })).map((item) => item.schemaVersion)).toEqual([1, 1, 1, 1]);
    const names = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    expect(await table.rows(Row, { key: 'V' })).toEqual({ understood: names, unreadable: [] });
  });

  it('is 1 for a row without it', async () => {
    await table.put({ ...key('V1'), name: 'a', schemaVersion: undefined });
    expect(await table.getItem(key('V1'))).toEqual({ ...key('V1'), name: 'a' });
    expect(await table.get(Row, key('V1'))).toEqual({ name: 'a' });
  });

  it.each([2, 0, 1.5, 'one'])('%s makes a row unreadable, however it looks, and stays with it', async (version) => {
    await table.put({ ...key('NEWER'), name: 'a', schemaVersion: version });
    await expect(table.get(Row, key('NEWER'))).rejects.toThrow(/reading the row NEWER \/ STATE: [\s\S]*schemaVersion/u);
    await table.update(key('NEWER'), { set: { size: 1 } });
    expect(await table.read(Row, key('NEWER'))).toMatchObject({
      kind: 'unreadable',
      item: { name: 'a', size: 1, schemaVersion: version },
    });
    expect((await table.rows(Row, { key: 'NEWER' })).understood).toEqual([]);
  });
});

describe('a row', () => {
  it('is read without its key attributes, and undefined where there is none', async () => {
    const row = { name: 'a', size: 1 };
    await table.put({ ...key('A'), ...row, ...inIndex('byDue', 'OPEN#0', 't'), ...expires('2026-08-22T10:00:00Z', 1) });
    expect(await table.get(Row, key('A'))).toEqual(row);
    expect(await table.getItem(key('A'))).toMatchObject({
      pk: 'A',
      duePk: 'OPEN#0',
      dueSk: 't',
      expiresAt: 1_787_479_200,
    });
    expect(await table.get(Row, key('A', 'OTHER'))).toBeUndefined();
  });

  it('that does not fit its schema is named with its key and field, and hides no other row of its partition or batch', async () => {
    await table.put({ ...key('BAD'), name: 7 });
    const message = /reading the row BAD \/ STATE: [\s\S]*name/u;
    await expect(table.get(Row, key('BAD'))).rejects.toThrow(message);
    expect(await table.read(Row, key('BAD'))).toMatchObject({ kind: 'unreadable', item: { name: 7 } });
    expect(await table.read(Row, key('A', 'OTHER'))).toEqual({ kind: 'absent' });
    await table.put({ ...key('BAD', 'A'), name: 'a' });
    await table.put({ ...key('BAD', 'Z'), name: 'z' });
    const bad = { partitionKey: 'BAD', sortKey: 'STATE', problem: expect.stringMatching(message) };
    expect(await table.rows(Row, { key: 'BAD' })).toEqual({
      understood: [{ name: 'a' }, { name: 'z' }],
      unreadable: [bad],
    });
    expect(await table.rowsAt(Row, [key('BAD'), key('BAD', 'Z')])).toEqual({
      understood: [{ name: 'z' }],
      unreadable: [bad],
    });
  });

  it('of more than 400 KB is refused with its key and its largest attributes, by put and by update', async () => {
    const large = { ...key('LARGE'), name: 'a', text: text(401) };
    const message = /storing LARGE \/ STATE: the item is larger than 400 KB; largest attributes: text \(41\d{4} bytes/u;
    await expect(table.put(large)).rejects.toThrow(message);
    await expect(table.put(large)).rejects.toThrow(ItemTooLargeError);
    await table.put({ ...key('LARGE'), name: 'a' });
    await expect(table.update(key('LARGE'), { set: { text: text(401) } })).rejects.toThrow(message);
    expect(await table.get(Row, key('LARGE'))).toEqual({ name: 'a' });
    expect(await table.put({ ...large, text: text(399) })).toBe(true);
  });
});

describe('a condition', () => {
  it('that fails is an answer: put, putNew, update and remove', async () => {
    expect(await table.put({ ...key('C'), name: 'a' }, isStored)).toBe(false);
    expect(await table.update(key('C'), { set: { name: 'b' } }, isStored)).toBeUndefined();
    expect(await table.remove(key('C'), isStored)).toBe(false);
    expect(await table.getItem(key('C'))).toBeUndefined();
    expect(await table.putNew({ ...key('C'), name: 'a' })).toBe(true);
    expect(await table.putNew({ ...key('C'), name: 'b' })).toBe(false);
    expect(await table.get(Row, key('C'))).toEqual({ name: 'a' });
    expect(await table.remove(key('C'), equals('name', 'a'))).toBe(true);
    expect(await table.getItem(key('C'))).toBeUndefined();
  });

  it.each([
    ['absent', absent('size'), false],
    ['absent, and it is', absent('text'), true],
    ['below', below('size', 5), false],
    ['below, and it is', below('size', 6), true],
    ['above', above('size', 5), false],
    ['above, and it is', above('size', 4), true],
    ['at least, and it is not', atLeast('size', 6), false],
    ['at least, and it is', atLeast('size', 5), true],
    ['at most, and it is not', atMost('size', 4), false],
    ['at most, and it is', atMost('size', 5), true],
    ['at least, within maps', atLeast(['slots', 'r-1', 'count'], 2), true],
    ['at least, within maps that lack the entry', atLeast(['slots', 'r-2', 'count'], 0), false],
    ['absent, within maps', absent(['slots', 'r-2']), true],
    ['all of two, one', allOf(equals('name', 'a'), equals('name', 'b')), false],
    ['all of two, both', allOf(equals('name', 'a'), anyOf(isNew, equals('name', 'a'))), true],
    ['any of two, neither', anyOf(isNew, equals('name', 'b')), false],
    ['any of two, the second', anyOf(isNew, equals('name', 'a')), true],
    ['at another version', isAtVersion(2), false],
    ['at its version', isAtVersion(1), true],
  ])('compares: %s', async (_, condition, expected) => {
    const item = { ...key('COMPARED'), name: 'a', size: 5, version: 1, slots: { 'r-1': { count: 2 } } };
    await table.put(item);
    expect(await table.put(item, condition)).toBe(expected);
  });

  it('on the version lets one of many writers through', async () => {
    await table.put({ ...key('V'), name: 'a', version: 3 });
    const writes = await Promise.all(['b', 'c', 'd'].map((name) => table.putVersion({ ...key('V'), name }, 3)));
    expect(writes.filter(Boolean)).toHaveLength(1);
    expect(await table.getItem(key('V'))).toMatchObject({ version: 4 });
    expect(await table.putVersion({ ...key('V'), name: 'e' }, 3)).toBe(false);
    expect(await table.putVersion({ ...key('NONE'), name: 'e' }, 0)).toBe(false);
    expect(await table.putVersion({ ...key('NONE'), name: 'e' }, 0, isNew)).toBe(true);
  });

  it('is not made of other failures: they are thrown', async () => {
    const away = createTable({ ...server, tableName: 'no-such-table' });
    await expect(away.putNew(key('X'))).rejects.toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }));
    await expect(away.update(key('X'), { set: { name: 'a' } })).rejects.toThrow(/not found/u);
  });
});

describe('an update', () => {
  it('sets, sets where absent, adds, removes, and reaches into maps; values that are undefined are left out', async () => {
    const first = await table.update(key('U'), {
      set: { name: 'a', size: undefined, map: { old: 1, kept: 2 } },
      setIfAbsent: { cluster: 'first' },
      add: { count: 1 },
    });
    const keys = { ...key('U'), schemaVersion: 1 };
    expect(first).toEqual({ ...keys, name: 'a', map: { old: 1, kept: 2 }, cluster: 'first', count: 1 });
    const second = await table.update(key('U'), {
      setIfAbsent: { cluster: 'second' },
      setEntries: { map: { 'r-2026.1 #:': 3 } },
      removeEntries: { map: ['old'] },
      remove: ['name'],
      add: { count: 2 },
    });
    expect(second).toEqual({ ...keys, map: { kept: 2, 'r-2026.1 #:': 3 }, cluster: 'first', count: 3 });
  });
});

describe('many keys', () => {
  it('are read a hundred at a time; one that is named twice is read once', async () => {
    for (let i = 0; i < 120; i++) await table.put({ ...key(`M#${i}`), name: `${i}` });
    const recorder = recording();
    const keys = Array.from({ length: 250 }, (_, i) => key(`M#${i % 125}`));
    const rows = (await createTable(recorder).rowsAt(Row, keys)).understood;
    expect(rows.map(({ name }) => Number(name)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 120 }, (_, i) => i),
    );
    expect(recorder.inputs).toHaveLength(2);
    expect((await table.rowsAt(Row, [])).understood).toEqual([]);
  });

  it('of more than 16 MB are all read, though DynamoDB leaves keys unprocessed', async () => {
    const keys = Array.from({ length: 45 }, (_, i) => key(`HUGE#${i}`));
    for (const each of keys) await table.put({ ...each, name: each.pk, text: text(390) });
    const recorder = recording();
    const waits: number[] = [];
    const patient = createTable({ ...recorder, wait: async (ms) => void waits.push(ms) });
    expect(new Set((await patient.rowsAt(Row, keys)).understood.map(({ name }) => name)).size).toBe(45);
    expect(recorder.inputs.length).toBeGreaterThan(1);
    expect(waits).toHaveLength(recorder.inputs.length - 1);
  });

  it('that stay unprocessed are given up after six tries with growing waits', async () => {
    const waits: number[] = [];
    const send = async () => ({ UnprocessedKeys: { [server.tableName]: { Keys: [key('A')] } } });
    const stuck = createTable({ ...server, client: { send: send as never }, wait: async (ms) => void waits.push(ms) });
    await expect(stuck.rowsAt(Row, [key('A')])).rejects.toThrow(/1 keys were left unprocessed 6 times/u);
    expect(waits).toEqual([100, 200, 400, 800, 1600]);
  });
});

describe('a partition', () => {
  const names = Array.from({ length: 9 }, (_, i) => `ROW#${i}`);
  beforeAll(async () => {
    for (const sk of names)
      await table.put({ ...key('P', sk), name: sk, text: text(300), ...inIndex('byOwner', 'O', sk) });
    for (const sk of ['ROV', 'ROX']) await table.put({ ...key('P', sk), name: sk });
  });

  it('of more than a megabyte is read whole, page by page', async () => {
    const recorder = recording();
    const { understood: rows } = await createTable(recorder).rows(Row, startingWith('P', 'ROW#'));
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(recorder.inputs.length).toBeGreaterThan(2);
    expect(recorder.inputs.every((input) => input.ConsistentRead === true)).toBe(true);
  });

  it('is read from the table consistently, and from an index as it is', async () => {
    const recorder = recording();
    expect(await createTable(recorder).items({ index: 'byOwner', key: 'O', to: 'ROW#1' })).toHaveLength(2);
    expect(recorder.inputs[0]).toMatchObject({ IndexName: 'byOwner' });
    expect(recorder.inputs[0]).not.toHaveProperty('ConsistentRead');
    await createTable(recorder).getItem(key('P', 'ROW#0'));
    expect(recorder.inputs.at(-1)).toMatchObject({ ConsistentRead: true });
  });

  it('gives a page in either order, and where the next one starts', async () => {
    const page = await table.page(startingWith('P', 'ROW#'), { order: 'descending', limit: 2 });
    expect(page.items.map(({ sk }) => sk)).toEqual(['ROW#8', 'ROW#7']);
    const next = await table.page(startingWith('P', 'ROW#'), { order: 'descending', limit: 2, after: page.next });
    expect(next.items.map(({ sk }) => sk)).toEqual(['ROW#6', 'ROW#5']);
    const end = await table.page({ key: 'P', from: 'ROW#8', to: 'ROX' }, { order: 'ascending' });
    expect(end.items.map(({ sk }) => sk)).toEqual(['ROW#8', 'ROX']);
    expect(end).not.toHaveProperty('next');
  });
});
