import { isPausing, type Pause, unreadablePause } from '../../../core/guards/pause.ts';
import { meaningOf, outcomesWith } from '../../../core/model/outcome.ts';
import type { Limits } from '../../../core/model/policy.ts';
import { PauseRow } from '../../../core/state/cluster-state.ts';
import { CommandRow } from '../../../core/state/command-state.ts';
import type { ResultRow } from '../../../core/state/results.ts';
import type { Sleep } from '../sleep.ts';
import { absent, allOf, anyOf, below, differs, isNew, isStored } from './expressions.ts';
import { expires, expiresIn, type Item, inIndex, type Stored } from './items.ts';
import {
  ALL_CLUSTERS,
  clusterScope,
  DUE_SHARDS,
  index,
  type Key,
  keys,
  RESULT_SHARDS,
  shardOf,
  TABLE,
} from './keys.ts';
import { createNodeStore, keptSeconds, type NodeStore } from './node-store.ts';
import { withoutKeyFields, withPackedPlaces } from './packed.ts';
import { briefsOf } from './result-briefs.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';
import type { WritePace } from './write-pace.ts';

/** Results, sent commands, the stored state of nodes, and pauses. */
export type ResultStore = NodeStore & {
  /**
   * Writes the result of a node in a run; false if one of the same or a higher grade is stored. A row without a grade
   * replaces none, and is replaced by one that has a grade.
   */
  readonly putResult: (row: ResultRow) => Promise<boolean>;
  /** The nodes of those of these rows that replace nothing: a row of the same or a higher grade is stored. */
  readonly known: (rows: readonly ResultRow[]) => Promise<ReadonlySet<string>>;
  /** The row of a sent command; of one that cannot be read, nothing. */
  readonly getCommand: (commandId: string) => Promise<CommandRow | undefined>;
  /** As `getCommand`; of a row that cannot be read, its problem. */
  readonly readCommand: (commandId: string) => Promise<Stored<CommandRow>>;
  /** Stores the row of a sent command, due at its soft deadline. A second put changes nothing. */
  readonly putCommand: (row: CommandRow) => Promise<void>;
  /**
   * Sets when scheduler reads the command again; undefined for never. False where the command has no row, or is due at
   * `kept`.
   */
  readonly setCommandDue: (commandId: string, dueAt: string | undefined, kept?: string) => Promise<boolean>;
  /** The pause in force for a cluster, or undefined. One that cannot be read is in force, and covers everything. */
  readonly pauseFor: (cluster: string, action: 'check' | 'repair', now: string) => Promise<Pause | undefined>;
};

/** Results that are found by reason through the index by outcome: repairs, which nearly all results are. */
export const OUTCOMES_ALONE = outcomesWith('isRepaired').filter((outcome) => !meaningOf(outcome).isFailed);

type KeptLimits = Pick<Limits, 'retentionDays' | 'attemptWindowSeconds' | 'relapseSeconds'>;

/** A repair is known by its result alone, so the result is kept for as long as the attempt. */
const expiryOf = ({ action, at }: ResultRow, limits: KeptLimits): Item => {
  const seconds = limits.retentionDays * 86_400;
  return expiresIn(Date.parse(at), action === 'check' ? seconds : Math.max(seconds, keptSeconds(limits)));
};

const resultItem = (row: ResultRow, key: Key, limits: KeptLimits): Item => {
  // The key of an index need not name one item alone. Each byte is stored four times, and a kilobyte is one unit to write.
  const sort = row.endedAt;
  const shard = shardOf(row.instanceId, RESULT_SHARDS);
  return {
    ...key,
    ...withoutKeyFields(row),
    ...inIndex('byOwner', index.node(row.instanceId), sort),
    ...inIndex('byOutcome', index.outcome(row.cluster, row.outcome, shard), sort),
    ...(row.reason === undefined || OUTCOMES_ALONE.includes(row.outcome)
      ? {}
      : inIndex('byReason', index.reasonDay(row.reason, row.endedAt.slice(0, 10), shard), sort)),
    ...expiryOf(row, limits),
  };
};

/** The results of the audit table. */
export const createResultStore = ({
  limits,
  pace,
  ...options
}: TableOptions & {
  readonly limits: KeptLimits;
  readonly wait?: Sleep;
  /** Of the rows of results: those of a run share a partition. */
  readonly pace?: WritePace;
}): ResultStore => {
  const table = createTable(options);
  const { retentionDays } = limits;
  const { partitionKey: duePk, sortKey: dueSk } = TABLE.byDue;

  return {
    putResult: async (row) => {
      const item = resultItem(row, keys.result(row.runId, row.instanceId), limits);
      await pace?.(keys.result(row.runId, row.instanceId).pk);
      const { grade } = row;
      // A row without a grade, and no row at all, lack the attribute.
      return table.put(item, grade === undefined ? isNew : anyOf(absent('grade'), below('grade', grade)));
    },
    known: async (rows) => {
      const grades = new Map((await briefsOf(table, rows)).map(({ instanceId, grade }) => [instanceId, grade ?? -1]));
      return new Set(
        rows.flatMap(({ instanceId, grade = 0 }) => ((grades.get(instanceId) ?? -1) >= grade ? [instanceId] : [])),
      );
    },
    getCommand: async (commandId) => {
      const stored = await table.read(CommandRow, keys.command(commandId));
      return stored.kind === 'row' ? stored.row : undefined;
    },
    readCommand: (commandId) => table.read(CommandRow, keys.command(commandId)),
    putCommand: async (row) => {
      await table.putNew({
        ...keys.command(row.commandId),
        ...withPackedPlaces(row),
        ...inIndex('byDue', index.open(shardOf(row.commandId, DUE_SHARDS)), row.softDeadlineAt),
        ...expires(row.sentAt, retentionDays),
      });
    },
    setCommandDue: async (commandId, dueAt, kept) => {
      const due = inIndex('byDue', index.open(shardOf(commandId, DUE_SHARDS)), dueAt ?? '');
      const change = dueAt === undefined ? { remove: [duePk, dueSk] } : { set: due };
      const condition = kept === undefined ? isStored : allOf(isStored, anyOf(absent(dueSk), differs(dueSk, kept)));
      return (await table.update(keys.command(commandId), change, condition)) !== undefined;
    },
    ...createNodeStore(table, limits),
    pauseFor: async (cluster, action, now) => {
      const scopes = new Set([ALL_CLUSTERS, clusterScope(cluster)]);
      const pauses = await table.rows(PauseRow, startingWith(keys.pauses, keys.pausePrefix));
      const scopeOf = (sortKey: string) => sortKey.slice(keys.pausePrefix.length);
      const bad = pauses.unreadable.find(({ sortKey }) => scopes.has(scopeOf(sortKey)));
      if (bad !== undefined) return unreadablePause(scopeOf(bad.sortKey), bad.problem, now);
      return pauses.understood.find((pause) => scopes.has(pause.scope) && isPausing(pause, action, now));
    },
  };
};
