import pMap from 'p-map';
import { attemptChange, quarantineAdvice } from '../../core/guards/attempts.ts';
import type { KnownNode } from '../../core/guards/decide-node.ts';
import type { Limits } from '../../core/model/policy.ts';
import type { Texts } from '../../core/model/render-message.ts';
import { batchKeys } from '../../core/runs/batch.ts';
import { batchResults } from '../../core/runs/batch-results.ts';
import { gradeOf, isSettled, supersedes } from '../../core/runs/observation.ts';
import { type NoteRules, noted } from '../../core/runs/row-notes.ts';
import type { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import type { ResultRow } from '../../core/state/results.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';

/** The command that an observation is about. */
export type ObservedCommand = Pick<
  CommandRow,
  'runId' | 'key' | 'part' | 'parts' | 'cluster' | 'remediation' | 'action' | 'requestId' | 'because' | 'becauses'
>;

/**
 * How far a batch is. `running`: no node of the command has ended, and nothing was written. `incomplete`: the command is
 * observed, and another part of its batch is not. `open`: all parts are observed, the results of the nodes that have ended
 * are written, and others still run. `complete`: every node has its final reading.
 */
export type Progress = 'running' | 'incomplete' | 'open' | 'complete';

/** Writes observations, and the results that derive from them. */
export type ObservationWriter = {
  /**
   * Stores the observation that `decide` returns, unless the stored row has as much information. When every part of the
   * batch has a row, writes the results that derive from these rows. The call is idempotent and safe to run concurrently:
   * it leads to the same rows and the same results.
   */
  readonly write: (
    command: ObservedCommand,
    decide: (standing: ObservationRow | undefined) => ObservationRow | undefined,
  ) => Promise<Progress>;
};

/** The number of compare-and-set attempts. After a failure, another function has stored a row with more information. */
const ATTEMPTS = 4;
const CONCURRENCY = 10;

const NONE: ReadonlySet<string> = new Set();
const NO_TEXTS: Texts = { version: 'none', reasons: new Map(), remediations: new Map() };

/** Whether documents reported in this part: the rows of its nodes need the catalogue's sentences. */
const hasReports = (part: ObservationRow): boolean =>
  Object.values(part.nodes).some((reading) => reading.message === undefined);

/** The writer over the audit table. */
export const createObservationWriter = ({
  runs,
  results,
  limits,
  texts,
  rules,
}: {
  readonly runs: Pick<RunStore, 'observation' | 'readObservation' | 'putObservation' | 'replaceObservation'>;
  readonly results: Pick<
    ResultStore,
    'putResult' | 'known' | 'nodeStates' | 'recordAttempt' | 'takeBackAttempt' | 'quarantine' | 'setCommandDue'
  >;
  readonly limits: Pick<Limits, 'quarantineAttempts' | 'attemptWindowSeconds'>;
  /**
   * The catalogue's sentences. A function without them writes no rows that need them: it makes the command due, and
   * scheduler writes them within a minute.
   */
  readonly texts?: Texts;
  readonly rules: NoteRules;
}): ObservationWriter => {
  /**
   * The stored row after this call; undefined if there is none and `decide` returns none. Where one stood before, the rows that
   * derive from it may be written.
   */
  const store = async (
    { runId, key }: ObservedCommand,
    decide: (standing: ObservationRow | undefined) => ObservationRow | undefined,
  ): Promise<{ readonly row: ObservationRow | undefined; readonly stood: boolean }> => {
    let standing: ObservationRow | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const next = decide(standing);
      const stood = standing !== undefined;
      if (next === undefined || !supersedes(next, standing)) return { row: standing, stood };
      if (await runs.putObservation(next, standing)) return { row: next, stood };
      const stored = await runs.readObservation(runId, key);
      // SSM says again what a row that cannot be read said.
      if (stored.kind === 'unreadable' && (await runs.replaceObservation(stored.item, next)))
        return { row: next, stood: true };
      standing = stored.kind === 'row' ? stored.row : undefined;
    }
    throw new Error(
      `storing the observation of ${runId}/${key}: another row stood ${ATTEMPTS} times; it is tried again`,
    );
  };

  /** The states of the nodes whose attempts these rows amend: read in one call, where each would need one of its own. */
  const statesFor = async (rows: readonly ResultRow[]): Promise<ReadonlyMap<string, KnownNode> | undefined> => {
    const amended = rows.filter((row) => attemptChange(row)?.kind === 'amend');
    const [remediation, ...others] = new Set(amended.map((row) => row.remediation));
    if (remediation === undefined || others.length > 0 || amended.length < 2) return undefined;
    return await results.nodeStates(
      amended.map(({ instanceId }) => instanceId),
      remediation,
    );
  };

  const remember = async (row: ResultRow, states: ReadonlyMap<string, KnownNode> | undefined): Promise<void> => {
    const change = attemptChange(row);
    if (change === undefined) return;
    if (change.kind === 'take-back') return await results.takeBackAttempt(row, row.runId);
    const node = await results.recordAttempt(row, row.runId, change.attempt, states);
    const advice = quarantineAdvice(node, { ...row, isFinal: true }, limits);
    if (advice !== undefined) await results.quarantine(node, row, advice);
  };

  /** The observations of a command's batch, in the order of the parts; undefined while one is missing. */
  const batch = async (
    command: ObservedCommand,
    own?: ObservationRow,
  ): Promise<readonly ObservationRow[] | undefined> => {
    const parts = await pMap(batchKeys(command), async (key) =>
      own?.key === key ? own : await runs.observation(command.runId, key),
    );
    const standing = parts.filter((part) => part !== undefined);
    return standing.length < parts.length ? undefined : standing;
  };

  const derive = async (
    command: ObservedCommand,
    parts: readonly ObservationRow[],
    stood: boolean,
  ): Promise<Extract<Progress, 'open' | 'complete'>> => {
    const progress = parts.every((part) => part.final) ? 'complete' : 'open';
    const reported = texts === undefined ? parts.find(hasReports) : undefined;
    // Where the row of the command is gone, nobody else writes the results: they are better without sentences than lost.
    if (reported?.commandId !== undefined && (await results.setCommandDue(reported.commandId, reported.at)))
      return progress;
    const rows = batchResults(command, parts, texts ?? NO_TEXTS);
    const states = await statesFor(rows);
    // One read of many costs less than a refused write of each. The attempts are another write, which may be missing.
    const known = stood ? await results.known(rows) : NONE;
    await pMap(
      rows,
      async (row) => {
        if (!known.has(row.instanceId)) await results.putResult(noted(row, rules));
        await remember(row, states);
      },
      { concurrency: CONCURRENCY, stopOnError: false },
    );
    if (isSettled(parts)) return progress;
    // Another function may have stored a row with more information, and written its results and attempts first.
    const now = await batch(command);
    return now !== undefined && gradeOf(now) > gradeOf(parts) ? await derive(command, now, true) : progress;
  };

  return {
    write: async (command, decide) => {
      const { row: own, stood } = await store(command, decide);
      // The parts are read after the own row is stored: of two functions that store the last two at once, one sees both.
      if (own === undefined) return 'running';
      const parts = await batch(command, own);
      return parts === undefined ? 'incomplete' : await derive(command, parts, stood);
    },
  };
};
