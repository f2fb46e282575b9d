import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type IndexName, TABLE } from './keys.ts';

/** A DynamoDB item as the document client gives it. */
export type Item = Record<string, NativeAttributeValue>;

/** The attributes that put items into the secondary indexes. */
export const INDEX_ATTRIBUTES: ReadonlySet<string> = new Set(
  [TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue].flatMap((i) => [i.partitionKey, i.sortKey]),
);

const KEY_ATTRIBUTES: ReadonlySet<string> = new Set([
  TABLE.partitionKey,
  TABLE.sortKey,
  TABLE.timeToLive,
  ...INDEX_ATTRIBUTES,
]);

/** An item that does not fit the schema of its rows: its keys, and what does not fit. */
export type UnreadableItem = { readonly partitionKey: string; readonly sortKey: string; readonly problem: string };

/** The items of a partition: those that are understood as rows, and those that are not. */
export type Rows<Row> = { readonly understood: readonly Row[]; readonly unreadable: readonly UnreadableItem[] };

/** A row that is looked for under its key. One that is not understood has its item, and the problem. */
export type Stored<Row> =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly item: Item; readonly problem: string };

const parsedOf = <Schema extends z.ZodType>(schema: Schema, item: Item): z.ZodSafeParseResult<z.output<Schema>> => {
  const fields = Object.fromEntries(Object.entries(item).filter(([name]) => !KEY_ATTRIBUTES.has(name)));
  return schema.safeParse(fields);
};

const problemOf = (item: Item, error: z.ZodError): string =>
  `reading the row ${String(item[TABLE.partitionKey])} / ${String(item[TABLE.sortKey])}: ${z.prettifyError(error)}`;

/**
 * Reads a row from an item: removes the key attributes and validates the rest. Throws with the item's key and the field if
 * the row is invalid, because fleetmend must not act on state that it cannot read.
 */
export const rowOf = <Schema extends z.ZodType>(schema: Schema, item: Item): z.output<Schema> => {
  const parsed = parsedOf(schema, item);
  if (parsed.success) return parsed.data;
  throw new UnreadableRowError(problemOf(item, parsed.error), { cause: parsed.error });
};

/** Reads a row from the item under its key, for whoever goes on where it is not understood. */
export const storedOf = <Schema extends z.ZodType>(
  schema: Schema,
  item: Item | undefined,
): Stored<z.output<Schema>> => {
  if (item === undefined) return { kind: 'absent' };
  const parsed = parsedOf(schema, item);
  return parsed.success
    ? { kind: 'row', row: parsed.data }
    : { kind: 'unreadable', item, problem: problemOf(item, parsed.error) };
};

/** Reads rows from items. One that is not understood is its own trouble: it does not hide the others. */
export const rowsOf = <Schema extends z.ZodType>(schema: Schema, items: readonly Item[]): Rows<z.output<Schema>> => {
  const understood: z.output<Schema>[] = [];
  const unreadable: UnreadableItem[] = [];
  for (const item of items) {
    const parsed = parsedOf(schema, item);
    if (parsed.success) understood.push(parsed.data);
    else
      unreadable.push({
        partitionKey: String(item[TABLE.partitionKey]),
        sortKey: String(item[TABLE.sortKey]),
        problem: problemOf(item, parsed.error),
      });
  }
  return { understood, unreadable };
};

/** The attributes that put an item into a secondary index. */
export const inIndex = (index: IndexName, partitionKey: string, sortKey: string): Item => ({
  [TABLE[index].partitionKey]: partitionKey,
  [TABLE[index].sortKey]: sortKey,
});

/** The attribute by which DynamoDB deletes a row that was written at `at`, so many days later. */
export const expires = (at: string, retentionDays: number): Item => expiresIn(Date.parse(at), retentionDays * 86_400);

/** The attribute by which DynamoDB deletes a row `seconds` after `fromMs`. */
export const expiresIn = (fromMs: number, seconds: number): Item => ({
  [TABLE.timeToLive]: Math.floor(fromMs / 1000) + seconds,
});

/** A stored row is not understood. */
export class UnreadableRowError extends Error {
  override readonly name = 'UnreadableRowError';
}

/** Another writer was there first. Whoever is woken next reads again; Lambda redelivers the wake. */
export class VersionConflictError extends Error {
  override readonly name = 'VersionConflictError';
}
