import type { Position } from '../../../core/api/report.ts';
import type { Item } from './items.ts';
import { type Key, TABLE } from './keys.ts';
import { createTable, keyNames, type Partition, type Table, type TableOptions } from './table.ts';

/** A part of an answer: items, and the position of each partition after them. */
export type Slice = { readonly items: readonly Item[]; readonly positions: readonly Position[] };

/** Reads the audit table by key or index, never by a scan. */
export type AuditStore = Pick<Table, 'rows' | 'rowsAt' | 'read'> & {
  readonly get: (key: Key) => Promise<Item | undefined>;
  /** At most `limit` items of all partitions, merged in the order of their sort keys. */
  readonly merge: (
    partitions: readonly Partition[],
    order: 'ascending' | 'descending',
    limit: number,
    positions: readonly Position[],
  ) => Promise<Slice>;
};

/** The ExclusiveStartKey after this item: the keys of the index and of the table. */
const positionAfter = (item: Item, partition: Partition): Position => {
  const names = keyNames(partition.index);
  return Object.fromEntries(
    [...new Set([TABLE.partitionKey, TABLE.sortKey, names.hash, names.range])].map((name) => [
      name,
      String(item[name]),
    ]),
  );
};

/** Whether a position has exactly the keys of this partition. The position is input from the caller. */
export const fits = (position: Position, partition: Partition): boolean => {
  if (position === 'done' || position === null) return true;
  const { hash, range } = keyNames(partition.index);
  const names = [...new Set([TABLE.partitionKey, TABLE.sortKey, hash, range])].toSorted();
  return position[hash] === partition.key && Object.keys(position).toSorted().join() === names.join();
};

/** The reading side of the audit table. */
export const createAuditStore = (options: TableOptions): AuditStore => {
  const table = createTable(options);

  /** Up to `limit` items after the position, and whether the partition has ended with them. */
  const read = async (
    partition: Partition,
    order: 'ascending' | 'descending',
    limit: number,
    position: Position,
  ): Promise<{ readonly items: readonly Item[]; readonly ended: boolean }> => {
    if (position === 'done') return { items: [], ended: true };
    const items: Item[] = [];
    let after: Item | undefined = position ?? undefined;
    do {
      const page = await table.page(partition, { order, limit: limit - items.length, after });
      items.push(...page.items);
      after = page.next;
    } while (after !== undefined && items.length < limit);
    return { items, ended: after === undefined };
  };

  return {
    get: table.getItem,
    rows: table.rows,
    rowsAt: table.rowsAt,
    read: table.read,
    merge: async (partitions, order, limit, positions) => {
      const pages = await Promise.all(
        partitions.map((partition, i) => read(partition, order, limit, positions[i] ?? null)),
      );
      const taken = pages.map(() => 0);
      const items: Item[] = [];
      const sortKey = (i: number): string | undefined => {
        const item = pages[i]?.items[taken[i] ?? 0];
        return item === undefined ? undefined : String(item[keyNames(partitions[i]?.index).range]);
      };
      while (items.length < limit) {
        let best: { readonly at: number; readonly key: string } | undefined;
        for (let i = 0; i < pages.length; i++) {
          const key = sortKey(i);
          if (key === undefined) continue;
          if (best === undefined || (order === 'ascending' ? key < best.key : key > best.key)) best = { at: i, key };
        }
        const item = best === undefined ? undefined : pages[best.at]?.items[taken[best.at] ?? 0];
        if (best === undefined || item === undefined) break;
        items.push(item);
        taken[best.at] = (taken[best.at] ?? 0) + 1;
      }
      return {
        items,
        positions: partitions.map((partition, i): Position => {
          const page = pages[i];
          const count = taken[i] ?? 0;
          const last = page?.items[count - 1];
          if (page?.ended === true && count === page.items.length) return 'done';
          return last === undefined ? (positions[i] ?? null) : positionAfter(last, partition);
        }),
      };
    },
  };
};
