import { absent, anyOf, below } from './expressions.ts';
import { expiresIn } from './items.ts';
import { keys } from './keys.ts';
import type { Table } from './table.ts';

/** Counts one use by a source in a window of time; false if the source has reached its limit. */
export type Counter = (source: string, window: string, atMs: number, max: number) => Promise<boolean>;

/** Counters in the table, shared by every copy of every function; each lives `lifeSeconds` after its first use. */
export const createCounter =
  (table: Table, lifeSeconds: number): Counter =>
  async (source, window, atMs, max) => {
    const change = { set: expiresIn(atMs, lifeSeconds), add: { taken: 1 } };
    const counted = await table.update(keys.rate(source, window), change, anyOf(absent('taken'), below('taken', max)));
    return counted !== undefined;
  };
