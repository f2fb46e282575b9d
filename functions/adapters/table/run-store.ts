import { defined, without } from '../../../core/model/defined.ts';
import { awaitsResults } from '../../../core/runs/in-flight.ts';
import { ObservationRow } from '../../../core/state/command-state.ts';
import type { Failures } from '../../../core/state/lane-state.ts';
import {
  type QueuedRun,
  type RunningRun,
  RunState,
  type SalvagedRun,
  salvagedRun,
} from '../../../core/state/run-state.ts';
import { replaceUnreadable } from './aside.ts';
import { asRead, equals, isAtVersion, isNew } from './expressions.ts';
import { expires, type Item, inIndex, type Stored, storedOf, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';
import { unpacked, withPackedNodes, withZipped } from './packed.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';

/** A run as it is stored. One that cannot be read has its problem, and what is known of it. */
export type StoredRun =
  | { readonly kind: 'run'; readonly run: RunState }
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'unreadable'; readonly problem: string } & SalvagedRun);

/** An observation that cannot be read. */
export type BrokenObservation = { readonly key: string; readonly problem: string };

/** Runs, and the observations of their commands. Every read is strongly consistent. */
export type RunStore = {
  readonly get: (runId: string) => Promise<RunState | undefined>;
  /** As `get`, for whoever goes on where the row cannot be read. */
  readonly read: (runId: string) => Promise<StoredRun>;
  /** Takes a run that cannot be read out of what is due. Its row stays as it is, for a person. */
  readonly putAside: (runId: string) => Promise<void>;
  /** Stores how many turns of a run failed, where nothing of it has changed since it was read. */
  readonly setFailures: (run: QueuedRun | RunningRun, failures: Failures | undefined) => Promise<void>;
  /** Stores a new run; false where it is there already (it is left as it is). */
  readonly create: (run: RunState) => Promise<boolean>;
  /** Stores the next state and returns it; throws {@link VersionConflictError} if another process has stored one. */
  readonly save: (run: RunState) => Promise<RunState>;
  /** The observations of a run's commands that are understood. */
  readonly observations: (runId: string) => Promise<readonly ObservationRow[]>;
  /** As `observations`, with the keys of the commands whose observations cannot be read. */
  readonly readObservations: (
    runId: string,
  ) => Promise<{ readonly understood: readonly ObservationRow[]; readonly broken: readonly BrokenObservation[] }>;
  /** The observation of a command; of one that cannot be read, nothing. */
  readonly observation: (runId: string, commandKey: string) => Promise<ObservationRow | undefined>;
  readonly readObservation: (runId: string, commandKey: string) => Promise<Stored<ObservationRow>>;
  /** Puts an observation that cannot be read aside, and another in its place; false where somebody else has. */
  readonly replaceObservation: (stored: Item, row: ObservationRow) => Promise<boolean>;
  /** Stores an observation in place of the one that was read, or of none; false if the stored one has changed since. */
  readonly putObservation: (row: ObservationRow, standing: ObservationRow | undefined) => Promise<boolean>;
};

/**
 * The run as an item. One that is open does not expire, however long it waits: a pause may be longer than the retention time. An
 * ended run expires the retention time after its end, and is removed from the index of due items once it awaits nothing.
 */
export const runItem = (run: RunState, retentionDays: number): Item => ({
  ...keys.run(run.runId),
  ...withPackedNodes(run),
  ...inIndex('byOwner', index.runsOf(run.cluster), `${run.createdAt}#${run.runId}`),
  ...(run.status === 'ended' && run.outbox.length === 0 && !awaitsResults(run)
    ? {}
    : inIndex('byDue', index.open(shardOf(run.runId, DUE_SHARDS)), run.dueAt)),
  ...(run.status === 'ended' ? expires(run.endedAt, retentionDays) : {}),
});

/** What an observation has of each node. */
const OBSERVED = ['open', 'assumed', 'healthy', 'amended', 'nodes'];

/** The runs of the audit table. */
export const createRunStore = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): RunStore => {
  const table = createTable(options);
  const readObservations: RunStore['readObservations'] = async (runId) => {
    const rows = await table.rows(ObservationRow, startingWith(keys.run(runId).pk, keys.observationPrefix));
    const keyOf = (sortKey: string) => sortKey.slice(keys.observationPrefix.length);
    const broken = rows.unreadable.map(({ sortKey, problem }) => ({ key: keyOf(sortKey), problem }));
    return { understood: rows.understood, broken };
  };
  return {
    get: (runId) => table.get(RunState, keys.run(runId)),
    read: async (runId) => {
      const stored = storedOf(RunState, await table.getItem(keys.run(runId)));
      if (stored.kind === 'row') return { kind: 'run', run: stored.row };
      return stored.kind === 'absent' ? stored : { ...stored, ...salvagedRun(unpacked(stored.item)) };
    },
    putAside: async (runId) => {
      const item = await table.getItem(keys.run(runId));
      if (item === undefined) return;
      const { [TABLE.byDue.partitionKey]: due, [TABLE.byDue.sortKey]: dueAt, ...rest } = item;
      if (due !== undefined || dueAt !== undefined) await table.put(rest, asRead('version', item.version));
    },
    setFailures: async (run, failures) => {
      const next = { ...without(run, 'failures'), ...defined({ failures }) };
      await table.put(runItem(next, retentionDays), isAtVersion(run.version));
    },
    create: async (run) => {
      // A run that belongs to an earlier request is found by it. The run itself comes last: a name without a run is skipped.
      if (run.requestId !== run.runId) {
        const { createdAt, runId } = run;
        await table.put({ ...keys.requestRun(run.requestId, runId), runId, ...expires(createdAt, retentionDays) });
      }
      return await table.putNew(runItem(run, retentionDays));
    },
    save: async (run) => {
      if (await table.putVersion(runItem(run, retentionDays), run.version)) return { ...run, version: run.version + 1 };
      throw new VersionConflictError(`storing run ${run.runId}: it is no longer at version ${run.version}`);
    },
    observations: async (runId) => (await readObservations(runId)).understood,
    readObservations,
    observation: async (runId, commandKey) => {
      const stored = await table.read(ObservationRow, keys.observation(runId, commandKey));
      return stored.kind === 'row' ? stored.row : undefined;
    },
    readObservation: (runId, commandKey) => table.read(ObservationRow, keys.observation(runId, commandKey)),
    replaceObservation: (stored, row) =>
      replaceUnreadable(table, ObservationRow, stored, { ...row, ...expires(row.at, retentionDays) }, row.at),
    putObservation: (row, standing) =>
      table.put(
        { ...keys.observation(row.runId, row.key), ...withZipped(row, OBSERVED), ...expires(row.at, retentionDays) },
        standing === undefined ? isNew : equals('grade', standing.grade),
      ),
  };
};
