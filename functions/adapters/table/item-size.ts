import type { Item } from './items.ts';
import { TABLE } from './keys.ts';

/**
 * An item of more than 400 KB, which DynamoDB refuses. No retry makes it smaller. Source: DynamoDB Developer Guide,
 * Quotas ("Item size").
 */
export class ItemTooLargeError extends Error {
  override readonly name = 'ItemTooLargeError';
}

/** Whether DynamoDB's message refuses an item for its size. */
export const isSizeMessage = (message: string): boolean => /item size .*exceeded the maximum/iu.test(message);

/** Whether DynamoDB refused a request for an item's size. */
export const isTooLarge = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'ValidationException' && isSizeMessage(thrown.message);

/** The size of a value as JSON, which is near its size in DynamoDB. */
export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Names the largest attributes, because DynamoDB's own message names neither the item nor a field. */
export const tooLarge = (key: Item, values: Item, cause: unknown): ItemTooLargeError => {
  const sizes = Object.entries(values)
    .map(([name, value]) => ({ name, bytes: bytesOf(value) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes} bytes as JSON)`);
  return new ItemTooLargeError(
    `storing ${String(key[TABLE.partitionKey])} / ${String(key[TABLE.sortKey])}: the item is larger than 400 KB; largest attributes: ${sizes.join(', ')}`,
    { cause },
  );
};
