import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { TABLE } from './keys.ts';

/** A DynamoDB item as the document client gives it. */
export type Item = Record<string, NativeAttributeValue>;

const KEY_ATTRIBUTES: ReadonlySet<string> = new Set([
  TABLE.partitionKey,
  TABLE.sortKey,
  TABLE.timeToLive,
  ...[TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue].flatMap((i) => [i.partitionKey, i.sortKey]),
]);

/**
 * Reads a row out of an item: the key attributes are taken off, the rest must fit the schema to the letter. A row that
 * does not fit throws with the item's key and the field: state that can't be read must not be acted upon.
 */
export const rowOf = <Schema extends z.ZodType>(schema: Schema, item: Item): z.output<Schema> => {
  const fields = Object.fromEntries(Object.entries(item).filter(([name]) => !KEY_ATTRIBUTES.has(name)));
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new Error(
    `reading the row ${String(item[TABLE.partitionKey])} / ${String(item[TABLE.sortKey])}: ${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
};

/** A failed condition, which is an answer and not an error. */
export const isConditionFailed = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'ConditionalCheckFailedException';

/** Seconds since the epoch when a row written at `at` may go. */
export const expiry = (at: string, retentionDays: number): number =>
  Math.floor(Date.parse(at) / 1000) + retentionDays * 86_400;

/** Another writer was there first. Whoever is woken next reads again; Lambda redelivers the wake. */
export class VersionConflictError extends Error {
  override readonly name = 'VersionConflictError';
}
