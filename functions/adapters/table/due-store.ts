import * as z from 'zod';
import { defined } from '../../../core/model/defined.ts';
import { IsoTime } from '../../../core/model/ids.ts';
import { isLane, type Wake, wakeLane, wakeRun } from '../../../core/model/wake.ts';
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
export type DueStore = {
  readonly due: (now: string) => Promise<readonly Due[]>;
  /** The sweeps that have not ended, due or not. */
  readonly openSweeps: () => Promise<readonly OpenSweep[]>;
};

const OpenSweep = z.object({
  runId: z.string(),
  cluster: z.string(),
  createdAt: IsoTime,
  status: z.string().refine((status) => status !== 'ended'),
  because: z.object({ kind: z.literal('sweep') }),
});
/** A sweep that has not ended. */
export type OpenSweep = Pick<z.infer<typeof OpenSweep>, 'runId' | 'cluster' | 'createdAt'>;

/** A run that its lane has not advanced for so long may be one that the lane does not know any more. */
const FORGOTTEN_MS = 600_000;

const dueOf = (item: Item, now: string): readonly Due[] => {
  const pk = String(item[TABLE.partitionKey]);
  if (pk.startsWith('LANE#')) return [{ kind: 'wake', wake: wakeLane(pk.slice(5)) }];
  if (pk.startsWith('COMMAND#')) return [{ kind: 'command', commandId: pk.slice(8) }];
  if (pk.startsWith('RUN#')) {
    const runId = pk.slice(4);
    const group = String(item.group);
    // Its lane works on: only the rest of its outbox is open.
    const own: Due = { kind: 'wake', wake: wakeRun(runId) };
    if (item.status === 'ended' || group === runId || !isLane(group)) return [own];
    if (item.status === 'queued')
      return [{ kind: 'queued-run', lane: group, createdAt: String(item.createdAt), runId }];
    const isForgotten = Date.parse(String(item[TABLE.byDue.sortKey])) < Date.parse(now) - FORGOTTEN_MS;
    return [{ kind: 'wake', wake: wakeLane(group) }, ...(isForgotten ? [own] : [])];
  }
  const why = `reading what is due: the item ${pk} / ${String(item[TABLE.sortKey])} does not belong in the index`;
  return [{ kind: 'unreadable', why }];
};

/** The sparse index of open runs, lanes and commands. */
export const createDueStore = (options: TableOptions): DueStore => {
  const table = createTable(options);
  const open = async (to?: string): Promise<readonly Item[]> => {
    const found: Item[] = [];
    for (let shard = 0; shard < DUE_SHARDS; shard++)
      found.push(...(await table.items({ index: 'byDue', key: index.open(shard), ...defined({ to }) })));
    return found;
  };
  return {
    due: async (now) => (await open(now)).flatMap((item) => dueOf(item, now)),
    openSweeps: async () =>
      (await open()).flatMap((item) => {
        const { success, data } = OpenSweep.safeParse(item);
        return success ? [{ runId: data.runId, cluster: data.cluster, createdAt: data.createdAt }] : [];
      }),
  };
};
