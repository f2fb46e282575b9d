import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { failure, type Result, success } from '../../../core/model/result.ts';
import type { Change } from './expressions.ts';
import { type IndexName, TABLE } from './keys.ts';
import { unpacked } from './packed.ts';

/** A DynamoDB item as the document client gives it. */
export type Item = Record<string, NativeAttributeValue>;

/** The attributes that put items into the secondary indexes. */
export const INDEX_ATTRIBUTES: ReadonlySet<string> = new Set(
  [TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue].flatMap((i) => [i.partitionKey, i.sortKey]),
);

/** The attribute with the version of an item's schema. An item without it has version 1. */
const SCHEMA_VERSION = 'schemaVersion';
/**
 * The schema version that this code writes, and the newest that it reads. It is raised only where an older version would
 * misunderstand a row: a field that is added needs no new version, because unknown fields are kept.
 */
const CURRENT = 1;

/** The item with its schema version. One that was read as it is stored, and is moved, keeps its own. */
export const versioned = (item: Item): Item => ({ [SCHEMA_VERSION]: CURRENT, ...item });

/** The change of an item, which gets a schema version if it is new. One of another version keeps its own. */
export const versionedChange = (change: Change): Change => ({
  ...change,
  setIfAbsent: { [SCHEMA_VERSION]: CURRENT, ...change.setIfAbsent },
});

const KEY_ATTRIBUTES: ReadonlySet<string> = new Set([
  SCHEMA_VERSION,
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

const SchemaVersion = z.object({ [SCHEMA_VERSION]: z.number().int().min(1).max(CURRENT).default(CURRENT) });

const problemOf = (item: Item, error: z.ZodError): string =>
  `reading the row ${String(item[TABLE.partitionKey])} / ${String(item[TABLE.sortKey])}: ${z.prettifyError(error)}`;

/** Reads the fields of an item. One of a newer schema version is not understood, whatever its fields look like. */
const parsedOf = <Schema extends z.ZodType>(schema: Schema, item: Item): Result<z.output<Schema>, z.ZodError> => {
  const version = SchemaVersion.safeParse(item);
  if (!version.success) return failure(version.error);
  const fields = Object.fromEntries(Object.entries(unpacked(item)).filter(([name]) => !KEY_ATTRIBUTES.has(name)));
  const parsed = schema.safeParse(fields);
  return parsed.success ? success(parsed.data) : failure(parsed.error);
};

/**
 * Reads a row from an item: removes the key attributes and validates the rest. Throws with the item's key and the field if
 * the row is invalid, because fleetmend must not act on state that it cannot read.
 */
export const rowOf = <Schema extends z.ZodType>(schema: Schema, item: Item): z.output<Schema> => {
  const parsed = parsedOf(schema, item);
  if (parsed.ok) return parsed.value;
  throw new UnreadableRowError(problemOf(item, parsed.error), { cause: parsed.error });
};

/** Reads a row from the item under its key, for whoever goes on where it is not understood. */
export const storedOf = <Schema extends z.ZodType>(
  schema: Schema,
  item: Item | undefined,
): Stored<z.output<Schema>> => {
  if (item === undefined) return { kind: 'absent' };
  const parsed = parsedOf(schema, item);
  return parsed.ok
    ? { kind: 'row', row: parsed.value }
    : { kind: 'unreadable', item, problem: problemOf(item, parsed.error) };
};

/** Reads rows from items. One that is not understood is its own trouble: it does not hide the others. */
export const rowsOf = <Schema extends z.ZodType>(schema: Schema, items: readonly Item[]): Rows<z.output<Schema>> => {
  const understood: z.output<Schema>[] = [];
  const unreadable: UnreadableItem[] = [];
  for (const item of items) {
    const parsed = parsedOf(schema, item);
    if (parsed.ok) understood.push(parsed.value);
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
