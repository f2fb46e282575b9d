import { withHistory } from '../../core/guards/attempts.ts';
import { isoTime } from '../../core/model/ids.ts';
import { afterRepairOf } from '../../core/model/outcome.ts';
import type { Limits } from '../../core/model/policy.ts';
import type { Texts } from '../../core/model/render-message.ts';
import { mayBeGone, withoutGone } from '../../core/runs/gone.ts';
import { type Invocation, isCut } from '../../core/runs/invocation.ts';
import { observationOf, readNodes, type Shown, supersedes } from '../../core/runs/observation.ts';
import type { NoteRules } from '../../core/runs/row-notes.ts';
import type { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import type { Reading } from '../../core/state/results.ts';
import type { Instances } from '../adapters/ec2/instances.ts';
import type { CommandReader } from '../adapters/ssm/run-command.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';
import { asError } from '../runtime/errors.ts';
import type { Log } from '../runtime/logger.ts';
import { createObservationWriter, type Progress } from './observation-writer.ts';

/** Reads the results of a command and stores them; used by command-tracker and scheduler. */
export type CommandObserver = {
  /** Reads a command from SSM. Stores the observation, then the results of the batch if all its parts are observed. */
  readonly observe: (command: CommandRow) => Promise<Progress>;
};

/** When a command with open nodes is read again: at its next deadline, or in a minute where none is left. */
const nextLook = ({ softDeadlineAt, hardDeadlineAt }: CommandRow, at: string): string =>
  [softDeadlineAt, hardDeadlineAt].find((deadline) => deadline > at) ?? isoTime(Date.parse(at) + 60_000);

/** The observer over SSM and the audit table. */
export const createCommandObserver = ({
  reader,
  instances,
  runs,
  results,
  limits,
  texts,
  rules,
  log,
  now,
}: {
  readonly reader: CommandReader;
  readonly instances: Pick<Instances, 'byIdWhereRead'>;
  readonly runs: Pick<RunStore, 'observation' | 'readObservation' | 'putObservation' | 'replaceObservation'>;
  readonly results: ResultStore;
  readonly limits: Limits;
  readonly texts: Texts;
  readonly rules: NoteRules;
  readonly log: Log;
  readonly now: () => Date;
}): CommandObserver => {
  const writer = createObservationWriter({ runs, results, limits, texts, rules });

  /** The readings, adjusted by the stored state of their nodes. */
  const withHistories = async (
    command: CommandRow,
    readings: ReadonlyMap<string, Reading | undefined>,
  ): Promise<ReadonlyMap<string, Reading | undefined>> => {
    const repaired = [...readings].flatMap(([id, reading]) =>
      reading !== undefined && afterRepairOf(reading.outcome) !== undefined ? [id] : [],
    );
    if (command.action === 'check' || repaired.length === 0) return readings;
    const states = await results.nodeStates(repaired, command.remediation);
    return new Map(
      [...readings].map(([id, reading]) => [
        id,
        reading && withHistory(reading, command, states.get(id)?.attempts ?? {}, limits),
      ]),
    );
  };

  /**
   * An invocation with its whole result line. Where SSM does not have it yet, the command is read again; from its hard deadline
   * on, or where SSM refuses, the node's result stays unreadable, and the results of the other nodes do not wait for it.
   */
  const wholeOf = async (command: CommandRow, invocation: Invocation, at: string): Promise<Invocation> => {
    if (!isCut(invocation)) return invocation;
    const { commandId, runId, hardDeadlineAt } = command;
    const { instanceId } = invocation;
    try {
      return { ...invocation, output: await reader.stdout(commandId, instanceId) };
    } catch (thrown) {
      const error = asError(thrown);
      if (at < hardDeadlineAt && !error.name.startsWith('AccessDenied')) throw thrown;
      log.warn('leaving cut result line as it is', { commandId, runId, instanceId, error });
      return invocation;
    }
  };

  const fromSsm = async (command: CommandRow, at: string): Promise<Shown> => {
    const { commandId } = command;
    const invocations: Invocation[] = [];
    for (const listed of await reader.invocations(commandId)) invocations.push(await wholeOf(command, listed, at));
    return {
      invocations,
      status: invocations.length === 0 ? (await reader.byId(commandId))?.statusDetails : undefined,
    };
  };

  /**
   * What SSM shows of a command. At its hard deadline a command closes with or without SSM's answer: SSM may have forgotten it,
   * or fail for hours, and its nodes' slots must not wait for that.
   */
  const shownOf = async (command: CommandRow, at: string): Promise<Shown> => {
    try {
      return await fromSsm(command, at);
    } catch (thrown) {
      if (at < command.hardDeadlineAt) throw thrown;
      const { commandId, runId, hardDeadlineAt } = command;
      log.warn('closing command without the answer of SSM', {
        commandId,
        runId,
        hardDeadlineAt,
        error: asError(thrown),
      });
      return { invocations: [] };
    }
  };

  /**
   * The readings, of instances that are gone without a failure. Where EC2 cannot be read, the command is read again; from its
   * hard deadline on, or where EC2 refuses, the failures stand.
   */
  const withoutTerminated = async (
    command: CommandRow,
    readings: ReadonlyMap<string, Reading | undefined>,
    at: string,
  ): Promise<ReadonlyMap<string, Reading | undefined>> => {
    const asked = mayBeGone(command, readings, at);
    if (asked.length === 0) return readings;
    const { found, unread } = await instances.byIdWhereRead(asked);
    const states = new Map(found.map(({ InstanceId, State }) => [InstanceId ?? '', State?.Name]));
    const { commandId, runId, hardDeadlineAt } = command;
    for (const [instanceId, { kind, problem }] of unread) {
      if (kind === 'retry' && at < hardDeadlineAt)
        throw new Error(`observing command ${commandId}: asking whether ${instanceId} is gone: ${problem}`);
      log.warn('leaving failure of instance that may be gone', { commandId, runId, instanceId, problem });
    }
    const read = asked.filter((id) => !unread.has(id));
    return withoutGone(readings, new Map(read.map((id) => [id, states.get(id)])), at);
  };

  return {
    observe: async (command) => {
      const at = now().toISOString();
      const seen = readNodes(command, await shownOf(command, at), at);
      const readings = await withHistories(command, await withoutTerminated(command, seen, at));
      let stored: ObservationRow | undefined;
      const progress = await writer.write(command, (standing) => {
        const next = observationOf(command, readings, at, standing);
        stored = next !== undefined && supersedes(next, standing) ? next : standing;
        return next;
      });
      if (progress === 'running') return progress;
      const dueAt = stored?.final === true ? undefined : nextLook(command, at);
      // Run-controller may have completed the batch since, and made the command due at this time: that must stay.
      const kept = progress === 'incomplete' ? stored?.at : undefined;
      await results.setCommandDue(command.commandId, dueAt, kept);
      return progress;
    },
  };
};
