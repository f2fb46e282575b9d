import type * as z from 'zod';
import { asRead } from './expressions.ts';
import { type Item, rowsOf } from './items.ts';
import { keys, TABLE } from './keys.ts';
import type { Table } from './table.ts';

/**
 * Puts a row that cannot be read aside, for a person, and another one in its place. False where the row can be read by now,
 * or has changed. The version of the new row is one that no earlier writer can have read.
 */
export const replaceUnreadable = async (
  table: Pick<Table, 'transact'>,
  schema: z.ZodType,
  stored: Item,
  fresh: Item,
  at: string,
): Promise<boolean> => {
  if (rowsOf(schema, [stored]).unreadable.length === 0) return false;
  const key = { pk: String(stored[TABLE.partitionKey]), sk: String(stored[TABLE.sortKey]) };
  const { ok } = await table.transact([
    { kind: 'put', item: { ...stored, ...keys.unreadable(key, at) } },
    { kind: 'put', item: { ...key, ...fresh, version: Date.parse(at) }, condition: asRead('version', stored.version) },
  ]);
  return ok;
};
