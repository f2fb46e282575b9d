import { absent, anyOf, below } from './expressions.ts';
import { expiresIn } from './items.ts';
import { keys } from './keys.ts';
import type { Table } from './table.ts';

/** Takes one from what a source may have in a window of time; false where all is taken. */
export type Counter = (source: string, window: string, atMs: number, max: number) => Promise<boolean>;

/** Counters in the table, shared by every copy of every function; each lives `lifeSeconds` after its first use. */
export const createCounter =
  (table: Table, lifeSeconds: number): Counter =>
  async (source, window, atMs, max) => {
    const change = { set: expiresIn(atMs, lifeSeconds), add: { taken: 1 } };
    const counted = await table.update(keys.rate(source, window), change, anyOf(absent('taken'), below('taken', max)));
    return counted !== undefined;
  };
