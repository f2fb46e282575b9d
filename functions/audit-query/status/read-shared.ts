import { repairDocumentOf } from '../../../core/api/cluster-status.ts';
import { PauseRow } from '../../../core/state/cluster-state.ts';
import { LaneState } from '../../../core/state/lane-state.ts';
import { NodeStateRow } from '../../../core/state/node-state.ts';
import { RunState } from '../../../core/state/run-state.ts';
import { TrustRow } from '../../../core/state/trust-state.ts';
import { type Item, type Rows, rowsOf } from '../../adapters/table/items.ts';
import { DUE_SHARDS, index, keys, TABLE } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { shards } from '../partitions.ts';
import type { AuditQueryPorts } from '../ports.ts';
import type { Shared } from './read-cluster.ts';

/** The most open runs, lanes and commands that are read: far more than a stack has at work. */
const MAX_OPEN = 5000;

const below = (items: readonly Item[], prefix: string): readonly Item[] =>
  items.filter((item) => String(item[TABLE.partitionKey]).startsWith(prefix));

/** Reads what all clusters share: open work, pauses, quarantines, and the experience with the documents that are deployed. */
export const readShared = async (
  { store, settings }: Pick<AuditQueryPorts, 'store' | 'settings'>,
  clusters: readonly string[],
): Promise<Shared & { readonly unread: readonly string[] }> => {
  const documents = settings.remediations.flatMap(({ name }) => repairDocumentOf(settings, name) ?? []);
  const open = shards(DUE_SHARDS).map((shard) => ({ index: 'byDue', key: index.open(shard) }) as const);
  const [work, pauses, quarantined, trust] = await Promise.all([
    store.merge(
      open,
      'ascending',
      MAX_OPEN,
      open.map(() => null),
    ),
    store.rows(PauseRow, startingWith(keys.pauses, keys.pausePrefix)),
    store.rows(NodeStateRow, { index: 'byDue', key: index.quarantine }),
    store.rowsAt(
      TrustRow,
      clusters.flatMap((cluster) => documents.map((document) => keys.trust(document, cluster))),
    ),
  ]);
  const runs = rowsOf(RunState, below(work.items, 'RUN#'));
  const lanes = rowsOf(LaneState, below(work.items, 'LANE#'));
  const all: readonly Rows<unknown>[] = [runs, lanes, pauses, quarantined, trust];
  return {
    open: runs.understood,
    lanes: lanes.understood,
    pauses: pauses.understood,
    quarantined: quarantined.understood,
    trust: trust.understood,
    unread: [
      ...all.flatMap(({ unreadable }) => unreadable.map(({ problem }) => problem)),
      ...(work.positions.every((position) => position === 'done') ? [] : [`open work beyond ${MAX_OPEN} items`]),
    ],
  };
};
