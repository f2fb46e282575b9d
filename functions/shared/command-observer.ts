import pMap from 'p-map';
import { adviceOn, attemptOf, clampTimes, quarantineAdvice, withHistory } from '../../core/guards/attempts.ts';
import { isoTime } from '../../core/model/ids.ts';
import { afterRepairOf, meaningOf } from '../../core/model/outcome.ts';
import type { Limits } from '../../core/model/policy.ts';
import { recordedOf, type Texts } from '../../core/model/render-message.ts';
import { normalizeStatus, type Read, readInvocation, tallyOf } from '../../core/runs/invocation.ts';
import type { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import type { ResultRow, Tally } from '../../core/state/results.ts';
import type { CommandReader } from '../adapters/ssm/run-command.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';

/** What command-tracker and scheduler share: reading a command's results and writing them down. */
export type CommandObserver = {
  /**
   * Reads what SSM has of a command. Writes the results, then what the run counts; false where nothing was written,
   * because the command still runs and no deadline has passed.
   */
  readonly observe: (command: CommandRow) => Promise<boolean>;
};

/** SSM ends a command so without a single invocation (SSM user guide, monitor-commands): it ran nowhere. */
const RAN_NOWHERE: ReadonlySet<string> = new Set(['RateExceeded', 'NoInstancesInTag']);

const notDelivered = (status: string): Read => ({
  outcome: 'Unreachable',
  reason: 'CommandNotDelivered',
  message: `SSM ended the command as ${status}: it ran nowhere`,
});

/** The observer over SSM and the audit table. `texts`: the catalogue's sentences. */
export const createCommandObserver = ({
  reader,
  runs,
  results,
  limits,
  texts,
  now,
}: {
  readonly reader: CommandReader;
  readonly runs: Pick<RunStore, 'putObservation'>;
  readonly results: ResultStore;
  readonly limits: Limits;
  readonly texts: Texts;
  readonly now: () => Date;
}): CommandObserver => {
  /** The rows in the light of what is remembered of their nodes. */
  const withHistories = async (command: CommandRow, rows: readonly ResultRow[]): Promise<ResultRow[]> => {
    const repaired = rows.filter((r) => afterRepairOf(r.outcome) !== undefined).map((r) => r.instanceId);
    if (command.action === 'check' || repaired.length === 0) return [...rows];
    const states = await results.nodeStates(repaired, command.remediation);
    return rows.map((row) => withHistory(row, states.get(row.instanceId)?.attempts ?? {}, limits));
  };

  const remember = async (row: ResultRow, isFinal: boolean): Promise<void> => {
    const attempt = attemptOf(row);
    if (attempt === undefined) return;
    const node = await results.recordAttempt(row, row.runId, attempt);
    const advice = quarantineAdvice(node, { isFinal, advice: row.advice }, limits);
    if (advice !== undefined) await results.quarantine(node, row.at, advice);
  };

  const write = async (command: CommandRow, row: ResultRow, isFinal: boolean): Promise<void> => {
    if (!(command.sparse && meaningOf(row.outcome).isOmittedBySweeps)) await results.putResult(row);
    await remember(row, isFinal);
  };

  return {
    observe: async (command) => {
      const at = now().toISOString();
      const listed = await reader.invocations(command.commandId);
      const isHard = at >= command.hardDeadlineAt;
      const isSoft = at >= command.softDeadlineAt;
      const rowless = listed.length === 0 ? await reader.byId(command.commandId) : undefined;
      const read = command.instanceIds.map((instanceId) => {
        if (rowless !== undefined && RAN_NOWHERE.has(normalizeStatus(rowless.statusDetails)))
          return { instanceId, result: notDelivered(rowless.statusDetails) };
        // Invocations are shown later than their command: one that is missing is not over.
        const invocation = listed.find((i) => i.instanceId === instanceId);
        return { instanceId, result: invocation === undefined ? undefined : readInvocation(command, invocation) };
      });
      const isFinal = read.every((r) => r.result !== undefined);
      if (!isFinal && !isSoft) return false;

      const base = {
        runId: command.runId,
        cluster: command.cluster,
        remediation: command.remediation,
        action: command.action,
        commandId: command.commandId,
        at,
      };
      const rows = read.map(({ instanceId, result }): ResultRow => {
        const slow: Read = {
          outcome: 'TimedOut',
          message: isHard
            ? 'SSM never ended the invocation'
            : 'no answer by the soft deadline; a later one stands beside this',
        };
        const known: Read = result ?? slow;
        const advice = adviceOn(known, (reason) => texts.reasons.get(reason)?.advice);
        const { cut, findings, ...facts } = known;
        return {
          ...base,
          instanceId,
          ...facts,
          ...recordedOf(texts, command.remediation, known),
          ...clampTimes(command, known, at),
          ...(advice === undefined ? {} : { advice }),
        };
      });
      const told = await withHistories(command, rows);
      await pMap(told, (row) => write(command, row, isFinal || isHard), { concurrency: 10, stopOnError: false });
      const observation: ObservationRow = {
        runId: command.runId,
        key: command.key,
        commandId: command.commandId,
        status: isFinal ? 'Ended' : 'Open',
        final: isFinal || isHard,
        closedBy: isFinal ? 'end' : isHard ? 'hard-deadline' : 'soft-deadline',
        at,
        nodes: Object.fromEntries(told.map((row): [string, Tally] => [row.instanceId, tallyOf(row)])),
      };
      await runs.putObservation(observation);
      await results.setCommandDue(
        command.commandId,
        observation.final ? undefined : laterOf(command.hardDeadlineAt, at),
      );
      return true;
    },
  };
};

/** The hard deadline, or a minute from now where that has passed. */
const laterOf = (deadlineAt: string, at: string): string =>
  deadlineAt > at ? deadlineAt : isoTime(Date.parse(at) + 60_000);
