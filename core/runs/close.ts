import { defined } from '../model/defined.ts';
import { epochMs } from '../model/ids.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import { type OutcomeCounts, withCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import { batchTallies } from './batch-results.ts';
import { askForCheck, dropsOf, resultsOf, takenOf } from './outbox.ts';

/** A command's next state, and the outbox entries that it requires. */
export type Change = { readonly command: CommandState; readonly outbox: readonly OutboxEntry[] };

/** The reading of a node whose command is lost: whether the command ran is unknown. */
export const COMMAND_LOST = {
  outcome: 'Unknown',
  reason: 'CommandLost',
  message: 'the sending was interrupted and SSM shows no such command: not sent again',
} as const;

/** The reading of a node whose command has ended, and whose end is stored nowhere. */
export const OBSERVATION_LOST = {
  outcome: 'Unknown',
  reason: 'CommandLost',
  message: 'the command is past its hard deadline, and no observation of its end is stored',
} as const;

/** Ends the nodes of a repair's lost command as `Unknown` and requests a check, whose findings are enqueued as usual. */
export const lostOf = (
  run: RunState,
  command: CommandState,
  now: string,
  told: typeof COMMAND_LOST | typeof OBSERVATION_LOST = COMMAND_LOST,
): OutboxEntry[] => [
  ...dropsOf(run, takenOf(command)),
  ...resultsOf(command.instanceIds, { ...told, message: `${told.message}, a check was asked for` }, now),
  ...askForCheck(run, command.instanceIds, 'CommandLost', now),
];

/**
 * Ends a repair's command without an observation: the state of its nodes is unknown. One that is lost keeps its nodes, and
 * the grade of what was seen of it: where SSM shows its end all the same, that is surer.
 */
export const closeRepair = (
  command: CommandState,
  status: 'closed' | 'lost',
  assumedGrade = 0,
): CommandState & { readonly counts: OutcomeCounts } => {
  const { versions, ...base } = command;
  const unreachable = command.unreachable?.length ?? 0;
  const unknown = command.instanceIds.length;
  const counts = {
    ...(unreachable === 0 ? {} : { Unreachable: unreachable }),
    ...(unknown === 0 ? {} : { Unknown: unknown }),
  };
  if (status === 'lost') return { ...base, status, counts, assumedGrade };
  return { ...base, status, instanceIds: [], counts };
};

type Told = Pick<Extract<OutboxEntry, { kind: 'observation' }>, 'outcome' | 'skipReason' | 'reason' | 'message'>;

/** Ends a check's command that did not run. Its observation is written, so that its batch can be completed. */
export const closeCheck = (command: CommandState, status: 'closed' | 'lost', told: Told, now: string): Change => {
  const { versions, notBefore, unreachable, documentName, executionTimeoutSeconds, ...base } = command;
  const { key, part, parts, instanceIds } = command;
  return {
    command: { ...base, status, instanceIds: [] },
    outbox: [
      {
        kind: 'observation',
        key,
        ...defined({ part, parts }),
        ...told,
        at: now,
        instanceIds,
        ...defined({ unreachable }),
      },
    ],
  };
};

/** After its hard deadline, a command waits so long for its observation. Scheduler writes it within some minutes. */
const OBSERVATION_WAIT_MS = 900_000;

/** Whether a sent command is so long past its hard deadline that its observation is lost. */
export const isUnobserved = (command: CommandState, seen: ObservationRow | undefined, now: string): boolean =>
  command.status === 'sent' &&
  seen?.final !== true &&
  epochMs(now) >= epochMs(command.hardDeadlineAt ?? now) + OBSERVATION_WAIT_MS;

/** The command of a run that has ended as stuck, once its end is not expected any more: its nodes were told `Unknown`. */
export const withoutForgotten = (command: CommandState, now: string): CommandState =>
  command.status === 'sending' && epochMs(now) >= epochMs(command.hardDeadlineAt ?? now) + OBSERVATION_WAIT_MS
    ? closeRepair(command, 'lost')
    : command;

/** Ends a sent command whose observation is lost: nobody knows how its open nodes ended. */
export const onUnobserved = (
  command: CommandState,
  seen: ObservationRow | undefined,
  state: RunState,
  now: string,
): Change => {
  if (state.action === 'check') return closeCheck(command, 'lost', OBSERVATION_LOST, now);
  const left = { ...command, instanceIds: [...(seen?.open ?? command.open ?? command.instanceIds)] };
  const ended =
    seen === undefined ? [] : Object.values(batchTallies([seen], state)).filter(({ open }) => open !== true);
  const { open, ...closed } = closeRepair(left, 'lost', seen?.grade);
  const counts = ended.reduce<OutcomeCounts>((sum, t) => withCounts(sum, { [t.outcome]: 1 }), closed.counts);
  return { command: { ...closed, counts }, outbox: lostOf(state, left, now, OBSERVATION_LOST) };
};
