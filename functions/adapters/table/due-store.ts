import { type Wake, wakeLane, wakeOf, wakeRun } from '../../../core/model/wake.ts';
import type { Item } from './items.ts';
import { DUE_SHARDS, index, TABLE } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** An open item that is due. */
export type Due =
  | { readonly kind: 'wake'; readonly wake: Wake }
  /** Ask SSM about it. */
  | { readonly kind: 'command'; readonly commandId: string }
  /** An operator's run that may not be queued in its lane: operator-api stores the run first. */
  | { readonly kind: 'queued-run'; readonly lane: string; readonly createdAt: string; readonly runId: string }
  /** An item that does not belong in the index. It must not hide the others. */
  | { readonly kind: 'unreadable'; readonly why: string };

/** Everything that is due. Reads are eventually consistent, so only scheduler uses it, and whatever it wakes reads again. */
export type DueStore = { readonly due: (now: string) => Promise<readonly Due[]> };

const dueOf = (item: Item): Due => {
  const pk = String(item[TABLE.partitionKey]);
  if (pk.startsWith('LANE#')) return { kind: 'wake', wake: wakeLane(pk.slice(5)) };
  if (pk.startsWith('COMMAND#')) return { kind: 'command', commandId: pk.slice(8) };
  if (pk.startsWith('RUN#')) {
    const runId = pk.slice(4);
    const group = String(item.group);
    // Its lane works on: only the rest of its outbox is open.
    if (item.status === 'ended') return { kind: 'wake', wake: wakeRun(runId) };
    // A check has its own group and waits in no lane, whether queued or not.
    if (item.status === 'queued' && group !== runId)
      return { kind: 'queued-run', lane: group, createdAt: String(item.createdAt), runId };
    return { kind: 'wake', wake: wakeOf({ group, runId }) };
  }
  const why = `reading what is due: the item ${pk} / ${String(item[TABLE.sortKey])} does not belong in the index`;
  return { kind: 'unreadable', why };
};

/** The sparse index of open runs, lanes and commands. */
export const createDueStore = (options: TableOptions): DueStore => {
  const table = createTable(options);
  return {
    due: async (now) => {
      const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => index.open(shard));
      const found: Due[] = [];
      for (const key of shards) found.push(...(await table.items({ index: 'byDue', key, to: now })).map(dueOf));
      return found;
    },
  };
};
