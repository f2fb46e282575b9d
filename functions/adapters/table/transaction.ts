import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Change, type Condition, expressionsOf } from './expressions.ts';
import { bytesOf, isSizeMessage, isTooLarge, tooLarge } from './item-size.ts';
import type { Item } from './items.ts';
import { type Key, TABLE } from './keys.ts';

/** One write of a transaction. A `check` changes nothing: its condition is one that the other writes rest on. */
export type Write =
  | { readonly kind: 'put'; readonly item: Item; readonly condition?: Condition | undefined }
  | { readonly kind: 'update'; readonly key: Key; readonly change: Change; readonly condition?: Condition | undefined }
  | { readonly kind: 'remove'; readonly key: Key; readonly condition?: Condition | undefined }
  | { readonly kind: 'check'; readonly key: Key; readonly condition: Condition };

/** All writes of a transaction were stored, or none: `failed` has the positions of the writes whose conditions failed. */
export type Transacted = { readonly ok: true } | { readonly ok: false; readonly failed: readonly number[] };

/** DynamoDB takes at most 100 writes in a transaction. Source: DynamoDB API reference, TransactWriteItems. */
const MAX_WRITES = 100;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

const requestOf = (write: Write, TableName: string): TransactItem => {
  switch (write.kind) {
    case 'put':
      return { Put: { TableName, Item: write.item, ...expressionsOf({ condition: write.condition }) } };
    case 'update': {
      const { UpdateExpression = '', ...others } = expressionsOf({ change: write.change, condition: write.condition });
      return { Update: { TableName, Key: write.key, UpdateExpression, ...others } };
    }
    case 'remove':
      return { Delete: { TableName, Key: write.key, ...expressionsOf({ condition: write.condition }) } };
    case 'check': {
      const { ConditionExpression = '', ...others } = expressionsOf({ condition: write.condition });
      return { ConditionCheck: { TableName, Key: write.key, ConditionExpression, ...others } };
    }
  }
};

/** The item of a put, or the key of any other write. */
const keyOf = (write: Write): Item => (write.kind === 'put' ? write.item : { ...write.key });

/** The attributes that a write stores. */
const valuesOf = (write: Write): Item => {
  if (write.kind === 'put') return write.item;
  return write.kind === 'update' ? { ...write.change.set, ...write.change.setEntries } : {};
};

const nameOf = (write: Write): string => {
  const key = keyOf(write);
  return `${String(key[TABLE.partitionKey])} / ${String(key[TABLE.sortKey])}`;
};

/** What a transaction writes, by the keys of its first items: for the message of an error. */
export const namesOf = (writes: readonly Write[]): string => {
  const more = writes.length > 3 ? ` and ${writes.length - 3} more` : '';
  return `${writes.slice(0, 3).map(nameOf).join(', ')}${more}`;
};

/** The request of a transaction. Throws for one that DynamoDB would refuse: it names the cause, as DynamoDB does not. */
export const transactionOf = (writes: readonly Write[], tableName: string): TransactWriteCommandInput => {
  if (writes.length > MAX_WRITES) {
    throw new Error(`storing ${namesOf(writes)}: ${writes.length} writes, and a transaction takes ${MAX_WRITES}`);
  }
  const names = writes.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`storing ${twice}: a transaction may name an item only once`);
  return { TransactItems: writes.map((write) => requestOf(write, tableName)) };
};

/** Why DynamoDB refused a transaction: a reason for each of its writes. */
type CancellationReason = { readonly Code?: string | undefined; readonly Message?: string | undefined };

/** The reason for each write of a transaction that DynamoDB cancelled; undefined for any other error. */
const cancellationOf = (thrown: unknown): readonly CancellationReason[] | undefined => {
  if (!(thrown instanceof Error) || thrown.name !== 'TransactionCanceledException') return undefined;
  return (thrown as { readonly CancellationReasons?: readonly CancellationReason[] }).CancellationReasons ?? [];
};

/** Another transaction or write was at work on an item. Source: DynamoDB API reference, TransactWriteItems. */
const PASSING: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);
/** The errors by which DynamoDB refuses a whole request that it may take a moment later. */
const THROTTLED: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TransactionConflictException',
]);

/** Whether a transaction was refused only for what passes: nothing was stored, and it may be tried again. */
export const isPassing = (thrown: unknown): boolean => {
  const reasons = cancellationOf(thrown);
  if (reasons === undefined) return thrown instanceof Error && THROTTLED.has(thrown.name);
  const refused = reasons.filter(({ Code }) => Code !== undefined && Code !== 'None');
  return refused.length > 0 && refused.every(({ Code = '' }) => PASSING.has(Code));
};

/** The reasons of a cancelled transaction as text, by the position of the write. */
const reasonText = (reasons: readonly CancellationReason[]): string =>
  reasons
    .flatMap(({ Code = 'None', Message }, i) =>
      Code === 'None' ? [] : [`write ${i + 1}: ${[Code, Message ?? []].flat().join(' ')}`],
    )
    .join('; ');

/** Reads the refusal of a transaction: an answer where conditions failed; else throws, with the item that is too large. */
export const refusalOf = (writes: readonly Write[], thrown: unknown): Transacted => {
  const reasons = cancellationOf(thrown) ?? [];
  const failed = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' ? [i] : []));
  if (failed.length > 0) return { ok: false, failed };
  const named = writes.filter((_, i) => isSizeMessage(reasons[i]?.Message ?? ''));
  // Where DynamoDB refuses the whole request for an item's size, it does not say which item.
  const [large] = isTooLarge(thrown) ? writes.toSorted((a, b) => bytesOf(valuesOf(b)) - bytesOf(valuesOf(a))) : named;
  if (large !== undefined) throw tooLarge(keyOf(large), valuesOf(large), thrown);
  if (reasons.length === 0) throw thrown;
  throw new Error(`storing ${namesOf(writes)} in a transaction: ${reasonText(reasons)}`, { cause: thrown });
};
