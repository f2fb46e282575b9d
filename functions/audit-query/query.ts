import {
  type AuditQuery,
  cursorOf,
  laneSummary,
  type Position,
  readCursor,
  readQuery,
  runSummary,
} from '../../core/api/report.ts';
import { ReleaseRow } from '../../core/api/request.ts';
import { healthyNodes } from '../../core/runs/observation.ts';
import { PauseRow } from '../../core/state/cluster-state.ts';
import { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import { LaneState } from '../../core/state/lane-state.ts';
import { NodeStateRow } from '../../core/state/node-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import { RunState } from '../../core/state/run-state.ts';
import { type AuditStore, fits } from '../adapters/table/audit-store.ts';
import { type Item, rowOf } from '../adapters/table/items.ts';
import { DUE_SHARDS, index, keys, RESULT_SHARDS, TABLE } from '../adapters/table/keys.ts';
import { type Partition, startingWith } from '../adapters/table/table.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { AuditQueryPorts } from './ports.ts';

/** One item of an answer; `kind` says what it is. */
export type AuditItem = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** An answer; `next` is there where more may follow. */
export type AuditAnswer = { readonly items: readonly AuditItem[]; readonly next?: string };

/** How a query is answered. */
type Plan = {
  readonly partitions: readonly Partition[];
  readonly order: 'ascending' | 'descending';
  /** Items that stand before the first page. */
  readonly head?: () => Promise<readonly AuditItem[]>;
};

const shards = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Sort keys start with a time; `~` comes after everything that follows it. */
const between = (query: { readonly since?: string | undefined; readonly until?: string | undefined }) => ({
  ...(query.since === undefined ? {} : { from: query.since }),
  ...(query.until === undefined ? {} : { to: `${query.until}~` }),
});

const result = (item: Item): AuditItem => ({ kind: 'result', ...rowOf(ResultRow, item) });

/** An item of the table as an answer shows it; its key says what it is. */
const show = (item: Item): AuditItem => {
  const pk = String(item[TABLE.partitionKey]);
  const sk = String(item[TABLE.sortKey]);
  if (pk.startsWith('RESULT#')) return result(item);
  if (pk.startsWith('RUN#')) return { kind: 'run', ...runSummary(rowOf(RunState, item)) };
  if (pk.startsWith('LANE#')) return { kind: 'lane', ...laneSummary(rowOf(LaneState, item)) };
  if (pk.startsWith('COMMAND#')) return { kind: 'command', ...rowOf(CommandRow, item) };
  if (pk.startsWith('NODE#') && sk.startsWith('STATE#')) return { kind: 'node', ...rowOf(NodeStateRow, item) };
  if (pk.startsWith('NODE#')) return { kind: 'release', ...rowOf(ReleaseRow, item) };
  if (pk === keys.pauses)
    return { kind: sk.startsWith('CURRENT#') ? 'pause' : 'pause-event', ...rowOf(PauseRow, item) };
  throw new Error(`reading the item ${pk} / ${sk}: no query answers with such an item`);
};

/** All items of a small partition; a report's head. */
const itemsOf = async (store: AuditStore, partition: Partition): Promise<readonly Item[]> => {
  const { items, positions } = await store.merge([partition], 'ascending', 1000, [null]);
  if (positions[0] !== 'done') throw new Error(`reading ${partition.key}: it has more than 1000 items`);
  return items;
};
const all = async (store: AuditStore, partition: Partition): Promise<readonly AuditItem[]> =>
  (await itemsOf(store, partition)).map(show);

/** The nodes that a check found healthy: they have no result row, and are listed in one item. */
const healthyOf = async (store: AuditStore, runId: string): Promise<readonly AuditItem[]> => {
  const items = await itemsOf(store, startingWith(keys.run(runId).pk, keys.observationPrefix));
  const instanceIds = healthyNodes(items.map((item) => rowOf(ObservationRow, item)));
  return instanceIds.length === 0 ? [] : [{ kind: 'healthy', count: instanceIds.length, instanceIds }];
};

const planOf = (store: AuditStore, query: AuditQuery): Plan => {
  switch (query.query) {
    case 'run':
      return {
        partitions: [{ key: keys.results(query.runId) }],
        order: 'ascending',
        head: async () => {
          const item = await store.get(keys.run(query.runId));
          if (item === undefined) throw new PermanentError(`field runId: there is no run ${query.runId}`);
          return [show(item), ...(await healthyOf(store, query.runId))];
        },
      };
    case 'runs':
      return {
        partitions: [{ index: 'byOwner', key: index.runsOf(query.cluster), ...between(query) }],
        order: 'descending',
      };
    case 'node':
      return {
        partitions: [{ index: 'byOwner', key: index.node(query.instanceId), ...between(query) }],
        order: 'descending',
        head: () => all(store, { key: keys.nodeState(query.instanceId, '').pk, from: 'STATE#', to: 'STATE#~' }),
      };
    case 'outcomes':
      return {
        partitions: shards(RESULT_SHARDS).map((shard) => ({
          index: 'byOutcome',
          key: index.outcome(query.cluster, query.outcome, shard),
          ...between(query),
        })),
        order: 'descending',
      };
    case 'reasons':
      return {
        partitions: shards(RESULT_SHARDS).map((shard) => ({
          index: 'byReason',
          key: index.reasonDay(query.reason, query.day, shard),
        })),
        order: 'descending',
      };
    case 'open':
      return {
        partitions: shards(DUE_SHARDS).map((shard) => ({ index: 'byDue', key: index.open(shard) })),
        order: 'ascending',
      };
    case 'quarantine':
      return { partitions: [{ index: 'byDue', key: index.quarantine }], order: 'ascending' };
    case 'pauses':
      return {
        partitions: [{ key: keys.pauses, from: 'EVENT#', to: 'EVENT#~' }],
        order: 'descending',
        head: () => all(store, { key: keys.pauses, from: 'CURRENT#', to: 'CURRENT#~' }),
      };
    default:
      return query satisfies never;
  }
};

const positionsOf = (query: AuditQuery, partitions: readonly Partition[]): readonly Position[] | undefined => {
  if (query.next === undefined) return undefined;
  const positions = readCursor(query, query.next);
  const isOurs = positions?.length === partitions.length && partitions.every((p, i) => fits(positions[i] ?? null, p));
  if (positions !== undefined && isOurs) return positions;
  throw new PermanentError('field next: it is not a cursor of this query; leave it out to start from the beginning');
};

/**
 * Answers one query. Heads (a run, a node's state, pauses in force) come before the first page's items and beside its
 * limit. Throws PermanentError for a query that is wrong: the caller sees its message.
 */
export const report = async (deps: AuditQueryPorts, event: unknown): Promise<AuditAnswer> => {
  const reading = readQuery(event);
  if (!reading.ok) throw new PermanentError(reading.error);
  const query = reading.value;
  const plan = planOf(deps.store, query);
  const positions = positionsOf(query, plan.partitions);
  const head = positions === undefined ? ((await plan.head?.()) ?? []) : [];
  const slice = await deps.store.merge(plan.partitions, plan.order, query.limit, positions ?? []);
  deps.count('Queries');
  const isOver = slice.positions.every((position) => position === 'done');
  return {
    items: [...head, ...slice.items.map(show)],
    ...(isOver ? {} : { next: cursorOf(query, slice.positions) }),
  };
};
