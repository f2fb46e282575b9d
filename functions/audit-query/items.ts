import { ActionRow } from '../../core/api/action-row.ts';
import { laneSummary, runSummary } from '../../core/api/report.ts';
import { ReleaseRow, RequestRow } from '../../core/api/request.ts';
import { PauseRow } from '../../core/state/cluster-state.ts';
import { CommandRow } from '../../core/state/command-state.ts';
import { LaneState } from '../../core/state/lane-state.ts';
import { NodeStateRow } from '../../core/state/node-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import { RunState } from '../../core/state/run-state.ts';
import type { AuditStore } from '../adapters/table/audit-store.ts';
import { type Item, rowOf } from '../adapters/table/items.ts';
import { keys, TABLE } from '../adapters/table/keys.ts';
import { withResults } from '../adapters/table/result-briefs.ts';
import type { Partition } from '../adapters/table/table.ts';

/** One item of an answer; `kind` is its type. */
export type AuditItem = { readonly kind: string } & Readonly<Record<string, unknown>>;

const result = (item: Item): AuditItem => ({ kind: 'result', ...rowOf(ResultRow, item) });

const request = (item: Item): AuditItem => {
  const { fingerprint, ...shown } = rowOf(RequestRow, item);
  return { kind: 'request', ...shown };
};

/** An item of the table as an answer shows it. Its key determines its kind. */
export const show = (item: Item): AuditItem => {
  const pk = String(item[TABLE.partitionKey]);
  const sk = String(item[TABLE.sortKey]);
  if (pk.startsWith('RESULT#')) return result(item);
  if (pk.startsWith('ACTIONS#')) return { kind: 'action', ...rowOf(ActionRow, item) };
  if (pk.startsWith('RUN#')) return { kind: 'run', ...runSummary(rowOf(RunState, item)) };
  if (pk.startsWith('LANE#')) return { kind: 'lane', ...laneSummary(rowOf(LaneState, item)) };
  if (pk.startsWith('COMMAND#')) return { kind: 'command', ...rowOf(CommandRow, item) };
  if (pk.startsWith('NODE#') && sk.startsWith('STATE#')) return { kind: 'node', ...rowOf(NodeStateRow, item) };
  if (pk.startsWith('NODE#')) return { kind: 'release', ...rowOf(ReleaseRow, item) };
  if (pk.startsWith('REQUEST#')) return sk === 'REQUEST' ? request(item) : { kind: 'request-run', runId: item.runId };
  if (pk === keys.pauses)
    return { kind: sk.startsWith('CURRENT#') ? 'pause' : 'pause-event', ...rowOf(PauseRow, item) };
  throw new Error(`reading the item ${pk} / ${sk}: no query answers with such an item`);
};

/** Items of an answer, those of nodes with the results of their attempts. */
export const withOutcomes = async (store: AuditStore, items: readonly AuditItem[]): Promise<readonly AuditItem[]> => {
  const isNode = ({ kind }: AuditItem): boolean => kind === 'node';
  const states = await withResults(
    store,
    items.filter(isNode).map((item) => NodeStateRow.parse(item)),
  );
  const next = states.values();
  return items.map((item) => (isNode(item) ? { ...item, ...next.next().value } : item));
};

/** All items of a partition. Throws if it has more than 1000. */
export const itemsOf = async (store: AuditStore, partition: Partition): Promise<readonly Item[]> => {
  const { items, positions } = await store.merge([partition], 'ascending', 1000, [null]);
  if (positions[0] !== 'done') throw new Error(`reading ${partition.key}: it has more than 1000 items`);
  return items;
};

/** All items of a partition as an answer shows them. Throws if it has more than 1000. */
export const all = async (store: AuditStore, partition: Partition): Promise<readonly AuditItem[]> =>
  (await itemsOf(store, partition)).map(show);
