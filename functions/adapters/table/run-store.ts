import { ObservationRow } from '../../../core/state/command-state.ts';
import { RunState } from '../../../core/state/run-state.ts';
import { equals, isNew } from './expressions.ts';
import { expires, type Item, inIndex, VersionConflictError } from './items.ts';
import { DUE_SHARDS, index, keys, shardOf } from './keys.ts';
import { createTable, startingWith, type TableOptions } from './table.ts';

/** Runs, and the observations of their commands. Every read is strongly consistent. */
export type RunStore = {
  readonly get: (runId: string) => Promise<RunState | undefined>;
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
