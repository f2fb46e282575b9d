import pMap from 'p-map';
import type { Position } from '../../../core/api/report.ts';
import { defined } from '../../../core/model/defined.ts';
import type { Item } from './items.ts';
import { type Key, TABLE } from './keys.ts';
import { createTable, keyNames, type Partition, type Table, type TableOptions } from './table.ts';

/** A part of an answer: items, and the position of each partition after them. */
export type Slice = { readonly items: readonly Item[]; readonly positions: readonly Position[] };

/**
 * What an answer is read from: a partition, or with `others` that many more of the same index, which are read together, the
 * newest first, and have one position. `where` leaves items out.
 */
export type Source = Partition & {
  readonly others?: readonly string[];
  readonly where?: (item: Item) => boolean;
};

/** Reads the audit table by key or index, never by a scan. */
export type AuditStore = Pick<Table, 'rows' | 'rowsAt' | 'read'> & {
  readonly get: (key: Key) => Promise<Item | undefined>;
  /** At most `limit` items of all partitions, merged in the order of their sort keys. */
  readonly merge: (
    partitions: readonly Source[],
    order: 'ascending' | 'descending',
    limit: number,
    positions: readonly Position[],
  ) => Promise<Slice>;
};

/** The attributes of a position: the keys of the table and of the index; for several partitions, without which one it is in. */
const namesOf = ({ index, others }: Source): readonly string[] => {
  const { hash, range } = keyNames(index);
  return [...new Set([TABLE.partitionKey, TABLE.sortKey, ...(others === undefined ? [hash] : []), range])];
};

/** The position after this item: of one partition, its ExclusiveStartKey. */
const positionAfter = (item: Item, source: Source): Position =>
  Object.fromEntries(namesOf(source).map((name) => [name, String(item[name])]));

/** Whether a position has exactly the keys of this partition. The position is input from the caller. */
export const fits = (position: Position, source: Source): boolean => {
  if (position === 'done' || position === null) return true;
  const { hash } = keyNames(source.index);
  const isOfPartition = source.others !== undefined || position[hash] === source.key;
  return isOfPartition && Object.keys(position).toSorted().join() === namesOf(source).toSorted().join();
};

/** Partitions that are read at once. */
const CONCURRENCY = 16;

/** Several partitions as one, the newest item first; of one time, in the order of their keys. */
const readTogether = async (
  table: Pick<Table, 'page'>,
  { others = [], where = () => true, ...partition }: Source,
  limit: number,
  position: Exclude<Position, 'done'>,
): Promise<{ readonly items: readonly Item[]; readonly ended: boolean }> => {
  const { range } = keyNames(partition.index);
  const orderOf = (item: Item): string =>
    [range, TABLE.partitionKey, TABLE.sortKey].map((name) => String(item[name])).join('\n');
  const isLeft = (item: Item): boolean => where(item) && (position === null || orderOf(item) < orderOf(position));
  const to = position?.[range] ?? partition.to;
  const one = async (key: string): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let after: Item | undefined;
    do {
      const page = await table.page({ ...partition, key, ...defined({ to }) }, { order: 'descending', after });
      items.push(...page.items.filter(isLeft));
      after = page.next;
    } while (after !== undefined && items.length <= limit);
    return items;
  };
  const found = (await pMap([partition.key, ...others], one, { concurrency: CONCURRENCY })).flat();
  const sorted = found.toSorted((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1));
  return { items: sorted.slice(0, limit), ended: sorted.length <= limit };
};

/** The reading side of the audit table. */
export const createAuditStore = (options: TableOptions): AuditStore => {
  const table = createTable(options);

  /** Up to `limit` items after the position, and whether the partition has ended with them. */
  const read = async (
    partition: Source,
    order: 'ascending' | 'descending',
    limit: number,
    position: Position,
  ): Promise<{ readonly items: readonly Item[]; readonly ended: boolean }> => {
    if (position === 'done') return { items: [], ended: true };
    if (partition.others !== undefined) return await readTogether(table, partition, limit, position);
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
