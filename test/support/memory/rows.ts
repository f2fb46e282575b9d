import { TABLE } from '../../../functions/adapters/table/keys.ts';
import { itemBytes } from '../../../lab/aws/transact-shapes.ts';
import { invalid } from './expressions.ts';
import { compareTexts, type Item } from './values.ts';

/** The names of the two attributes by which a partition of the table or of an index is read. */
export type KeyNames = { readonly partitionKey: string; readonly sortKey: string };
const INDEXES = [TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue] as const;
/** The key attributes of all indexes. */
export const INDEX_KEYS: readonly string[] = INDEXES.flatMap((i) => [i.partitionKey, i.sortKey]);
const MAX_ITEM = 400 * 1024;
const MAX_HASH = 2048;
const MAX_RANGE = 1024;

/** The text of a key attribute. */
export const textOf = (item: Item, name: string): string => String(item[name]?.S ?? '');

/** The order of two items of a place: by its sort key, and in an index then by the keys of the table. */
export const compareKeys = (a: Item, b: Item, { sortKey }: KeyNames): number => {
  for (const name of [sortKey, TABLE.partitionKey, TABLE.sortKey]) {
    const order = compareTexts(textOf(a, name), textOf(b, name));
    if (order !== 0) return order;
  }
  return 0;
};

/** The table, or the index of this name. */
export const keyNamesOf = (indexName: unknown): KeyNames => {
  if (indexName === undefined) return TABLE;
  const index = INDEXES.find(({ name }) => name === indexName);
  if (index === undefined) throw invalid(`The table does not have the specified index: ${String(indexName)}`);
  return index;
};

const sizeOfKey = (item: Item): void => {
  if (Buffer.byteLength(textOf(item, TABLE.partitionKey)) > MAX_HASH)
    throw invalid(
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    );
  if (Buffer.byteLength(textOf(item, TABLE.sortKey)) > MAX_RANGE)
    throw invalid(
      'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    );
};

/** The id of the row under a key. Throws for a key that DynamoDB refuses. */
export const rowId = (key: Item, isWhole = false): string => {
  const names = [TABLE.partitionKey, TABLE.sortKey];
  const isKey = names.every((name) => key[name]?.S !== undefined);
  if (!isKey || (!isWhole && Object.keys(key).length !== names.length))
    throw invalid(
      isWhole
        ? 'One or more parameter values were invalid: Missing or mistyped key in the item'
        : 'The provided key element does not match the schema',
    );
  if (names.some((name) => textOf(key, name) === ''))
    throw invalid(
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value.',
    );
  sizeOfKey(key);
  return `${textOf(key, TABLE.partitionKey)}\n${textOf(key, TABLE.sortKey)}`;
};

const sizes = new WeakMap<Item, number>();
/** The size of an item in bytes. */
export const sizeOf = (item: Item): number => {
  const known = sizes.get(item) ?? itemBytes(item);
  sizes.set(item, known);
  return known;
};

/** Throws for an item that DynamoDB refuses. */
export const holdItem = (item: Item, what: string): void => {
  const odd = INDEX_KEYS.find((name) => item[name] !== undefined && item[name].S === undefined);
  if (odd !== undefined) throw invalid(`One or more parameter values were invalid: Type mismatch for Index Key ${odd}`);
  if (sizeOf(item) > MAX_ITEM) throw invalid(`Item size ${what}has exceeded the maximum allowed size`);
};

/** The rows of a partition, and their order as long as nothing is stored. */
type Partition = { readonly rows: Map<string, Item>; sorted?: readonly Item[] | undefined };

/** The rows of one table, and those of each partition of it and of its indexes. */
export const createRows = () => {
  const rows = new Map<string, Item>();
  const partitions = new Map<string, Partition>();
  const places = [TABLE, ...INDEXES];
  const partitionOf = ({ partitionKey, sortKey }: KeyNames, item: Item | undefined): Partition | undefined => {
    if (item?.[partitionKey] === undefined || item[sortKey] === undefined) return undefined;
    const name = `${partitionKey} ${textOf(item, partitionKey)}`;
    const partition: Partition = partitions.get(name) ?? { rows: new Map() };
    partitions.set(name, partition);
    partition.sorted = undefined;
    return partition;
  };
  const store = (id: string, item: Item | undefined): void => {
    const before = rows.get(id);
    for (const place of places) {
      partitionOf(place, before)?.rows.delete(id);
      if (item !== undefined) partitionOf(place, item)?.rows.set(id, item);
    }
    if (item === undefined) rows.delete(id);
    else rows.set(id, item);
  };
  /** The rows of a partition by their sort keys; those of an index that are equal by the keys of the table. */
  const sorted = (place: KeyNames, key: string): readonly Item[] => {
    const partition = partitions.get(`${place.partitionKey} ${key}`);
    if (partition === undefined) return [];
    partition.sorted ??= [...partition.rows.values()].sort((a, b) => compareKeys(a, b, place));
    return partition.sorted;
  };
  return { get: (id: string) => rows.get(id), store, sorted, all: () => [...rows.values()] };
};
export type TableRows = ReturnType<typeof createRows>;
