import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  above,
  absent,
  allOf,
  anyOf,
  asRead,
  atLeast,
  atMost,
  below,
  type Change,
  type Condition,
  differs,
  equals,
  expressionsOf,
  isNew,
  isStored,
  isThere,
} from '../../functions/adapters/table/expressions.ts';
import type { Item } from '../../functions/adapters/table/items.ts';
import type { Key } from '../../functions/adapters/table/keys.ts';
import { createTable, type Table } from '../../functions/adapters/table/table.ts';
import type { Write } from '../../functions/adapters/table/transaction.ts';
import { search } from '../deep.ts';
import { startMemoryTable, startWireTable, type TestTable } from '../support/table.ts';

const TEXTS = ['', 'a', 'b', 'ab', '\u{10400}', 'OPEN'];
/** UTF-16 sorts it behind what is beyond U+FFFF, UTF-8 before: dynalite sorts keys by the one, and compares by the other. */
const HIGH = '\u{ffee}';

const NAMES = ['name', 'size', 'map', 'count', 'duePk', 'dueSk', 'version'];

const one = <Part>(...parts: readonly Part[]) => fc.constantFrom(...parts);
const scalar = fc.oneof(one(...TEXTS), one(0, -1, 1, 2.5, 10, 1e15), one(true, false, null));
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.record({ a: scalar, b: fc.array(scalar, { maxLength: 2 }) }, { requiredKeys: [] }),
  fc.array(scalar, { maxLength: 2 }),
  one(Uint8Array.from([0, 255]), Uint8Array.from([])),
);
/** dynalite orders values of every type, and compares no lists and maps: DynamoDB does neither. */
const ordered = fc.oneof(one<string | number>(...TEXTS, 0, 2.5, 10), one(Uint8Array.from([0, 255])));
const compared = fc.oneof(ordered, one(true, false, null));
const key: fc.Arbitrary<Key> = fc.record({
  pk: fc.oneof({ weight: 9, arbitrary: one('A', 'B') }, one('', 'x'.repeat(2049))),
  sk: fc.oneof({ weight: 9, arbitrary: one(...TEXTS.slice(1), HIGH) }, one('', 'x'.repeat(1025))),
});
const values = fc
  .dictionary(one(...NAMES), fc.oneof(value, one(undefined)), { maxKeys: 3 })
  .filter(({ dueSk }) => typeof dueSk !== 'string');
/** An item, or a key of it in an index. DynamoDB does not say how items of an index sort whose sort keys are equal. */
const indexed = fc
  .tuple(key, one(...TEXTS))
  .map(([at, text]) => ({ ...at, duePk: 'OPEN', dueSk: `${text}/${at.pk.slice(0, 9)}/${at.sk.slice(0, 9)}` }));
const item: fc.Arbitrary<Item> = fc.tuple(values, fc.oneof(indexed, key)).map(([fields, at]) => ({ ...fields, ...at }));

const path = fc.oneof(one(...NAMES), one(['map', 'a'], ['map', 'b', 'a']));
const simple: fc.Arbitrary<Condition> = fc.oneof(
  one(isNew, isStored),
  path.map(absent),
  path.map(isThere),
  fc.tuple(one(below, above, atMost, atLeast), path, ordered).map(([holds, at, than]): Condition => holds(at, than)),
  fc.tuple(one(equals, differs), path, compared).map(([holds, at, than]): Condition => holds(at, than)),
  fc.tuple(path, fc.oneof(compared, one(undefined))).map(([at, than]) => asRead(at, than)),
);
const parts = fc.array(simple, { minLength: 1, maxLength: 3 });
const condition = fc.oneof(
  simple,
  parts.map((all) => anyOf(...all)),
  fc.tuple(parts, parts).map(([some, all]) => allOf(anyOf(...some), ...all)),
);
const entries = fc.oneof(one({}), fc.dictionary(one('map'), fc.dictionary(one('a', 'b'), value), { maxKeys: 1 }));
const change: fc.Arbitrary<Change> = fc.record(
  {
    set: values,
    setIfAbsent: values,
    setEntries: entries,
    remove: fc.uniqueArray(one(...NAMES), { maxLength: 2 }),
    removeEntries: one({}, { map: ['a'] }),
    add: fc.dictionary(one('count', 'size'), one(1, -2, 0.5), { maxKeys: 1 }),
  },
  { requiredKeys: [] },
);
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: one('put' as const), item, condition: fc.option(condition, { nil: undefined }) }),
  fc.record({ kind: one('update' as const), key, change, condition: fc.option(condition, { nil: undefined }) }),
  fc.record({ kind: one('remove' as const), key, condition: fc.option(condition, { nil: undefined }) }),
  fc.record({ kind: one('check' as const), key, condition }),
);
/** The lab tries a transaction beside the indexes, and finds out too late that one refuses an item. */
const suitsIndexes = (it: Write): boolean => {
  const stored = it.kind === 'put' ? [it.item] : it.kind === 'update' ? [it.change.set, it.change.setIfAbsent] : [];
  const texts = stored.flatMap((fields) => [fields?.duePk, fields?.dueSk]);
  return texts.every((text) => text === undefined || typeof text === 'string');
};
const perform = (table: Table, it: Write): Promise<unknown> => {
  if (it.kind === 'put') return table.put(it.item, it.condition);
  if (it.kind === 'update') return table.update(it.key, it.change, it.condition);
  return it.kind === 'remove' ? table.remove(it.key, it.condition) : table.transact([it]);
};

/** dynalite takes empty keys of partitions, which DynamoDB does not. */
const partition = fc.oneof(
  fc.record(
    { key: one('A', 'B'), from: one(...TEXTS.slice(1)), to: one(...TEXTS.slice(1)) },
    { requiredKeys: ['key'] },
  ),
  fc.record({ index: one('byDue' as const), key: one('OPEN') }),
);
/** Where a page starts: the key of an item of an index has more parts, and a key may lie elsewhere. */
const start = fc
  .oneof(one(undefined), key, indexed)
  .filter((at) => Object.values(at ?? {}).every((text) => !text.includes(HIGH)));
const page = fc.record({ order: one('ascending' as const, 'descending' as const), limit: one(1, 2, 10), after: start });

/** A call of the helper, and what it is about for the message of a failure. */
type Act = { readonly about: unknown; readonly does: (table: Table) => Promise<unknown> };
const told = (it: Write) => ({ ...it, condition: expressionsOf({ condition: it.condition }) });
const Row = z.looseObject({});
const rowsAt = async (table: Table, keys: readonly Key[]) =>
  (await table.rowsAt(Row, keys)).understood.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: item.map((it): Act => ({ about: it, does: (table) => table.put(it) })) },
  { weight: 3, arbitrary: write.map((it): Act => ({ about: told(it), does: (table) => perform(table, it) })) },
  fc
    .array(write.filter(suitsIndexes), { maxLength: 4 })
    .map((all): Act => ({ about: all.map(told), does: (table) => table.transact(all) })),
  key.map((at): Act => ({ about: at, does: (table) => table.getItem(at) })),
  fc.array(key, { maxLength: 4 }).map((all): Act => ({ about: all, does: (table) => rowsAt(table, all) })),
  fc
    .tuple(partition, page)
    .map(([where, how]): Act => ({ about: { where, how }, does: (table) => table.page(where, how) })),
);

/** How a call ends: the text of a refusal may differ, its kind may not. */
const outcomeOf = async (does: Promise<unknown>): Promise<unknown> => {
  try {
    return { answer: await does };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { refused: error.name };
  }
};

describe('the table in memory of the unit tests', () => {
  let wire: TestTable;
  beforeAll(async () => {
    wire = await startWireTable();
  });
  afterAll(() => wire.stop());

  it('answers as dynalite does over the wire protocol', { timeout: 3_600_000 }, async () => {
    const kinds = { answers: 0, refusals: 0 };
    const history = fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 25 }), async (acts) => {
      const [theirs, mine] = [await wire.another(), await startMemoryTable()];
      const tables = [theirs, mine].map((it) => createTable({ ...it, wait: async () => {} }));
      for (const { about, does } of acts) {
        const [expected, got] = await Promise.all(tables.map((table) => outcomeOf(does(table))));
        expect({ about, got }).toEqual({ about, got: expected });
        kinds[JSON.stringify(got)?.startsWith('{"refused"') ? 'refusals' : 'answers'] += 1;
      }
      for (const at of ['A', 'B']) expect(await mine.items(at)).toEqual(await theirs.items(at));
    });
    await fc.assert(history, search('a table in memory', 40, 1500));
    expect(Math.min(kinds.answers, kinds.refusals)).toBeGreaterThan(20);
  });

  it('holds an item to 400 KB, and a page to a megabyte, as dynalite does', async () => {
    const [theirs, mine] = [await wire.another(), await startMemoryTable()];
    const outcomes = [theirs, mine].map(async (it) => {
      const table = createTable(it);
      const text = 'x'.repeat(390 * 1024);
      const seen: unknown[] = [];
      for (const sk of ['1', '2', '3', '4']) seen.push(await outcomeOf(table.put({ pk: 'A', sk, text })));
      const large = { text: 'x'.repeat(410 * 1024) };
      seen.push(await outcomeOf(table.put({ pk: 'A', sk: '5', ...large })));
      seen.push(await outcomeOf(table.update({ pk: 'A', sk: '1' }, { set: { more: text } })));
      seen.push(await outcomeOf(table.transact([{ kind: 'put', item: { pk: 'A', sk: '6', ...large } }])));
      const { items, next } = await table.page({ key: 'A' }, { order: 'ascending' });
      return { seen, sorts: items.map(({ sk }) => sk), next };
    });
    const [expected, got] = await Promise.all(outcomes);
    expect(got).toEqual(expected);
    expect(got?.sorts).toEqual(['1', '2', '3']);
  });

  it.each([
    ['a number that is none', Number.NaN],
    ['a number that is not exact', 2 ** 60],
    ['an instance of a class', new Date(0)],
  ])('refuses %s, as the document client does', async (_, odd) => {
    for (const it of [await wire.another(), await startMemoryTable()])
      await expect(createTable(it).put({ pk: 'A', sk: 'S', odd })).rejects.toThrow(
        /not allowed|MAX_SAFE|Unsupported type/u,
      );
  });
});
