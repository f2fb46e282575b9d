import type * as z from 'zod';
import { asRead } from './expressions.ts';
import { INDEX_ATTRIBUTES, type Item, rowsOf } from './items.ts';
import { keys, TABLE } from './keys.ts';
import type { Table } from './table.ts';
import type { Write } from './transaction.ts';

/**
 * Puts a row that cannot be read aside, for a person, and another one in its place. False where the row can be read by now,
 * or has changed. The version of the new row is one that no earlier writer can have read: a number is
 * `at` in milliseconds. `others` are stored with it, or not at all.
 */
export const replaceUnreadable = async (
  table: Pick<Table, 'transact'>,
  schema: z.ZodType,
  stored: Item,
  fresh: Item,
  at: string,
  version: number | string = Date.parse(at),
  others: readonly Write[] = [],
): Promise<boolean> => {
  if (rowsOf(schema, [stored]).unreadable.length === 0) return false;
  const key = { pk: String(stored[TABLE.partitionKey]), sk: String(stored[TABLE.sortKey]) };
  // In an index, the row would be found as what it was.
  const aside = Object.fromEntries(Object.entries(stored).filter(([name]) => !INDEX_ATTRIBUTES.has(name)));
  const { ok } = await table.transact([
    { kind: 'put', item: { ...aside, ...keys.unreadable(key, at) } },
    { kind: 'put', item: { ...key, ...fresh, version }, condition: asRead('version', stored.version) },
    ...others,
  ]);
  return ok;
};
