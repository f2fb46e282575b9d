import { defined } from '../../../core/model/defined.ts';
import { ObservationRow } from '../../../core/state/command-state.ts';
import type { Failures } from '../../../core/state/lane-state.ts';
import { RunState, waitingIn } from '../../../core/state/run-state.ts';
import { asRead, equals, isAtVersion, isNew } from './expressions.ts';
import { expires, type Item, inIndex, rowsOf, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';

/** A run as it is stored. One that cannot be read has its problem, and what is known of it. */
export type StoredRun =
  | { readonly kind: 'run'; readonly run: RunState }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'unreadable';
      readonly problem: string;
      readonly requestId?: string;
      readonly instanceIds: readonly string[];
    };

/** Runs, and the observations of their commands. Every read is strongly consistent. */
export type RunStore = {
  readonly get: (runId: string) => Promise<RunState | undefined>;
  /** As `get`, for whoever goes on where the row cannot be read. */
  readonly read: (runId: string) => Promise<StoredRun>;
  /** Takes a run that cannot be read out of what is due. Its row stays as it is, for a person. */
  readonly putAside: (runId: string) => Promise<void>;
  /** Stores how many turns of a run failed, where nothing of it has changed since it was read. */
  readonly setFailures: (run: RunState, failures: Failures | undefined) => Promise<void>;
  /** Stores a new run; false where it is there already (it is left as it is). */
  readonly create: (run: RunState) => Promise<boolean>;
  /** Stores the next state and returns it; throws {@link VersionConflictError} if another process has stored one. */
  readonly save: (run: RunState) => Promise<RunState>;
  readonly observations: (runId: string) => Promise<readonly ObservationRow[]>;
  readonly observation: (runId: string, commandKey: string) => Promise<ObservationRow | undefined>;
  /** Stores an observation in place of the one that was read, or of none; false if the stored one has changed since. */
  readonly putObservation: (row: ObservationRow, standing: ObservationRow | undefined) => Promise<boolean>;
};

/** The run as an item. An ended run is removed from the index of due items, and expires after the retention time. */
export const runItem = (run: RunState, retentionDays: number): Item => ({
  ...keys.run(run.runId),
  ...run,
  ...inIndex('byOwner', index.runsOf(run.cluster), `${run.createdAt}#${run.runId}`),
  ...(run.status === 'ended' && run.outbox.length === 0
    ? {}
    : inIndex('byDue', index.open(shardOf(run.runId, DUE_SHARDS)), run.dueAt)),
  ...expires(run.createdAt, retentionDays),
});

/** The runs of the audit table. */
export const createRunStore = ({
  retentionDays,
  ...options
}: TableOptions & { readonly retentionDays: number }): RunStore => {
  const table = createTable(options);
  return {
    get: (runId) => table.get(RunState, keys.run(runId)),
    read: async (runId) => {
      const item = await table.getItem(keys.run(runId));
      if (item === undefined) return { kind: 'absent' };
      const { understood, unreadable } = rowsOf(RunState, [item]);
      const [run] = understood;
      if (run !== undefined) return { kind: 'run', run };
      const { requestId } = item;
      return {
        kind: 'unreadable',
        problem: unreadable[0]?.problem ?? '',
        ...(typeof requestId === 'string' ? { requestId } : {}),
        instanceIds: waitingIn(item),
      };
    },
    putAside: async (runId) => {
      const item = await table.getItem(keys.run(runId));
      if (item === undefined) return;
      const { [TABLE.byDue.partitionKey]: due, [TABLE.byDue.sortKey]: dueAt, ...rest } = item;
      if (due !== undefined || dueAt !== undefined) await table.put(rest, asRead('version', item.version));
    },
    setFailures: async ({ failures: before, ...run }, failures) => {
      await table.put(runItem({ ...run, ...defined({ failures }) }, retentionDays), isAtVersion(run.version));
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
    observations: async (runId) => {
      const rows = await table.rows(ObservationRow, startingWith(keys.run(runId).pk, keys.observationPrefix));
      const [bad] = rows.unreadable;
      // Without one of its observations, a run would wait for a command that has ended.
      if (bad !== undefined) throw new Error(bad.problem);
      return rows.understood;
    },
    observation: (runId, commandKey) => table.get(ObservationRow, keys.observation(runId, commandKey)),
    putObservation: (row, standing) =>
      table.put(
        { ...keys.observation(row.runId, row.key), ...row, ...expires(row.at, retentionDays) },
        standing === undefined ? isNew : equals('grade', standing.grade),
      ),
  };
};
