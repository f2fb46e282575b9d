import { defined } from '../../core/model/defined.ts';
import type { Table, WireItem } from './dynamodb-tables.ts';
import type { PartitionUse } from './partition-load.ts';
import { itemBytes } from './transact-shapes.ts';

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

/** The uses of partitions by writes and reads; `textOf` reads the value of a key attribute. */
export const createUses = (textOf: (value: unknown) => string) => ({
  /** A write of an item, or of as much as its key: one use of the table, and one of each index that holds the item. */
  writesOf: (table: Table, item: WireItem, factor = 1, counted = 0): readonly PartitionUse[] => {
    const units = Math.ceil(itemBytes(item) / WRITE_UNIT_BYTES);
    const own = { table: table.name, partition: textOf(item[table.partitionKey() ?? '']), units: units * factor };
    const copies = [...table.indexKeys].flatMap(([index, key]) =>
      item[key] === undefined ? [] : [{ table: table.name, index, partition: textOf(item[key]), units }],
    );
    return [{ ...own, units: own.units - counted }, ...copies];
  },
  /** A read of these items from one partition; without items, what a read costs before its answer is known: nothing. */
  readsOf: (
    table: Table,
    partition: string,
    index: string | undefined,
    isConsistent: boolean,
    items: readonly WireItem[],
  ): readonly PartitionUse[] => {
    const bytes = items.reduce((n, item) => n + itemBytes(item), 0);
    const units = items.length === 0 ? 0 : Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (isConsistent ? 1 : 0.5);
    return [{ table: table.name, partition, units, ...defined({ index }) }];
  },
});
