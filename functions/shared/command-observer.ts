import pMap from 'p-map';
import { isoTime } from '../../core/model/ids.ts';
import type { Limits } from '../../core/model/policy.ts';
import { normalizeStatus, type Read, readInvocation, tallyOf } from '../../core/runs/invocation.ts';
import type { Attempt, CommandRow, ObservationRow, ResultRow, Tally } from '../../core/state/rows.ts';
import type { CommandReader } from '../adapters/ssm/run-command.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import { isFailedAttempt } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';

/** What command-tracker and scheduler share: reading a command's results and writing them down. */
export type CommandObserver = {
  /**
   * Reads what SSM has of a command. Writes the results, then what the run counts; false where nothing was written,
   * because the command still runs and no deadline has passed.
   */
  readonly observe: (command: CommandRow) => Promise<boolean>;
};

const ADVICE_OF_QUARANTINE =
  'the repair failed again and again: replace the node, or see to its role, disk or network, then release it';

/** SSM ends a command so without a single invocation (SSM user guide, monitor-commands): it ran nowhere. */
const RAN_NOWHERE: ReadonlySet<string> = new Set(['RateExceeded', 'NoInstancesInTag']);

const notDelivered = (status: string): Read => ({
  outcome: 'Unreachable',
  reason: 'CommandNotDelivered',
  message: `SSM ended the command as ${status}: it ran nowhere`,
});

/**
 * The script's times, kept between the sending and now: a node's clock may be wrong, or lie, and cool-downs and
 * relapses are counted from here.
 */
const timesOf = (command: CommandRow, read: Read, at: string): Pick<ResultRow, 'startedAt' | 'endedAt'> => {
  const kept = (time: string): string =>
    isoTime(Math.min(Date.parse(at), Math.max(Date.parse(command.sentAt), Date.parse(time))));
  return {
    ...(read.startedAt === undefined ? {} : { startedAt: kept(read.startedAt) }),
    endedAt: kept(read.endedAt ?? at),
  };
};

/** What to do about a result: about the fault, or about its cause where the fault itself is repaired. */
const adviceOn = (read: Read, adviceOf: (reason: string) => string | undefined): string | undefined => {
  const isRepaired = read.outcome === 'Repaired' || read.outcome === 'Healthy';
  const subject = isRepaired ? read.cause : read.reason;
  return subject === undefined ? undefined : adviceOf(subject);
};

/** Outcomes of a repair that were no attempt: nothing was tried on the node. */
const isAttempt = (row: ResultRow): boolean => !['Skipped', 'Unreachable', 'Unsupported'].includes(row.outcome);

/** The observer over SSM and the audit table. `adviceOf` is the catalogue's advice for a reason. */
export const createCommandObserver = ({
  reader,
  runs,
  results,
  limits,
  adviceOf,
  now,
}: {
  readonly reader: CommandReader;
  readonly runs: Pick<RunStore, 'putObservation'>;
  readonly results: ResultStore;
  readonly limits: Limits;
  readonly adviceOf: (reason: string) => string | undefined;
  readonly now: () => Date;
}): CommandObserver => {
  /** A node repaired again within a day has relapsed: the repair works, but does not last. */
  const withHistory = async (command: CommandRow, rows: readonly ResultRow[]): Promise<ResultRow[]> => {
    const repaired = rows.filter((r) => r.outcome === 'Repaired').map((r) => r.instanceId);
    if (command.action === 'check' || repaired.length === 0) return [...rows];
    const states = await results.nodeStates(repaired, command.remediation);
    return rows.map((row) => {
      const before = Object.entries(states.get(row.instanceId)?.attempts ?? {}).find(
        ([runId, a]) =>
          row.outcome === 'Repaired' &&
          runId !== row.runId &&
          (a.outcome === 'Repaired' || a.outcome === 'Relapsed') &&
          Date.parse(a.at) < Date.parse(row.endedAt) &&
          Date.parse(row.endedAt) - Date.parse(a.at) <= limits.relapseSeconds * 1000,
      );
      if (before === undefined) return row;
      return {
        ...row,
        outcome: 'Relapsed',
        message: `repaired again; the repair of ${before[1].at} (run ${before[0]}) did not last. ${row.message}`.slice(
          0,
          900,
        ),
      };
    });
  };

  const remember = async (command: CommandRow, row: ResultRow, isFinal: boolean): Promise<void> => {
    if (command.action === 'check' || !isAttempt(row)) return;
    const attempt: Attempt = {
      at: row.endedAt,
      outcome: row.outcome,
      ...(row.reason === undefined ? {} : { reason: row.reason }),
    };
    const node = await results.recordAttempt(row, row.runId, attempt);
    const failed = Object.values(node.attempts).filter(isFailedAttempt).length;
    // A node that is merely slow may yet answer well.
    if (isFinal && failed >= limits.quarantineAttempts && node.quarantinedAt === undefined) {
      await results.quarantine(node, row.at, row.advice ?? ADVICE_OF_QUARANTINE);
    }
  };

  const write = async (command: CommandRow, row: ResultRow, isFinal: boolean): Promise<void> => {
    if (!(command.sparse && row.outcome === 'Healthy')) await results.putResult(row);
    await remember(command, row, isFinal);
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
        const advice = adviceOn(known, adviceOf);
        return {
          ...base,
          instanceId,
          ...known,
          ...timesOf(command, known, at),
          ...(advice === undefined ? {} : { advice }),
        };
      });
      const told = await withHistory(command, rows);
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
