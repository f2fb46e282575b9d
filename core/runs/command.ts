import { isAttributable } from '../guards/slow-start.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandRow, CommandState, ObservationRow } from '../state/command-state.ts';
import { type OutcomeCounts, withCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import { batchesOf } from './batch.ts';
import { findingsOf, type Known, waitingOf } from './findings.ts';
import { batchTallies, INVALID_INSTANCE } from './observation.ts';
import { COMMAND_LOST, dropsOf, lostOf, takenOf, unsentResults } from './outbox.ts';
import { silentOf } from './registry-hold.ts';

/** How a call of SendCommand, or a search for one, ended. No report means that nobody knows. */
export type SendReport =
  | { readonly key: string; readonly kind: 'sent' | 'found'; readonly commandId: string; readonly sentAt: string }
  /** SSM said no for its rate, or the call was never made: it certainly did not run. */
  | { readonly key: string; readonly kind: 'not-sent'; readonly notBefore: string }
  /** SSM named ids that it does not manage: the command did not run; the others are tried again. */
  | { readonly key: string; readonly kind: 'invalid-ids'; readonly instanceIds: readonly string[] }
  /** SSM refused the call for good (document, permission): it did not run. */
  | { readonly key: string; readonly kind: 'refused'; readonly message: string }
  | { readonly key: string; readonly kind: 'not-found'; readonly at: string };

/** A command's next state, and what must be written for it. */
export type Change = { readonly command: CommandState; readonly outbox: readonly OutboxEntry[] };

/** A check that SSM has swallowed again and again is given up after this time: the next sweep checks the nodes again. */
const CHECK_RESEND_MS = 900_000;

/** Whether a command has all its outcomes. */
export const isOver = (c: CommandState): boolean => c.status === 'closed' || c.status === 'lost';

/** When a sent command is looked at although SSM has not ended it (soft), and when it is closed without SSM (hard). */
export const deadlinesOf = (
  state: RunState,
  command: Pick<CommandState, 'executionTimeoutSeconds'>,
  sentAt: string,
  limits: Limits,
): { readonly softDeadlineAt: string; readonly hardDeadlineAt: string } => {
  const sentMs = epochMs(sentAt);
  const executionSeconds = command.executionTimeoutSeconds ?? state.executionTimeoutSeconds;
  const hardSeconds = limits.deliveryTimeoutSeconds + executionSeconds + limits.hardDeadlineSlackSeconds;
  const softSeconds = state.action === 'check' ? limits.checkSoftDeadlineSeconds : limits.repairSoftDeadlineSeconds;
  // A check of many nodes waits for each command's end: an early look would cost a second call for each.
  const isLargeCheck = state.action === 'check' && (batchesOf(state.commands).length > 1 || state.pending.length > 0);
  return {
    softDeadlineAt: isoTime(sentMs + (isLargeCheck ? hardSeconds : softSeconds) * 1000),
    hardDeadlineAt: isoTime(sentMs + hardSeconds * 1000),
  };
};

/** When a command must be looked at again, in milliseconds; infinity where nothing is left to do. */
export const dueMs = (command: CommandState, limits: Limits): number => {
  switch (command.status) {
    case 'planned':
      return command.notBefore === undefined ? 0 : epochMs(command.notBefore);
    case 'sending': {
      const last = command.missedReads?.at(-1);
      if (last !== undefined) return epochMs(last) + limits.adoptionReadGapSeconds * 1000;
      return (
        epochMs(command.sendingAt ?? '') + (limits.runControllerTimeoutSeconds + limits.adoptionGraceSeconds) * 1000
      );
    }
    case 'sent':
      return epochMs(command.hardDeadlineAt ?? '');
    case 'closed':
    case 'lost':
      return Number.POSITIVE_INFINITY;
  }
};

/** A repair's command that ends without an observation: nobody knows how its nodes are. */
const closeRepair = (command: CommandState, status: 'closed' | 'lost'): CommandState => {
  const { versions, ...base } = command;
  const unreachable = command.unreachable?.length ?? 0;
  const unknown = command.instanceIds.length;
  const counts = {
    ...(unreachable === 0 ? {} : { Unreachable: unreachable }),
    ...(unknown === 0 ? {} : { Unknown: unknown }),
  };
  return { ...base, status, instanceIds: [], counts };
};

type Told = Pick<Extract<OutboxEntry, { kind: 'observation' }>, 'outcome' | 'skipReason' | 'reason' | 'message'>;

/** A check's command that ends without having run: its observation is written, so that its batch can be completed. */
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

const onRefusal = (state: RunState, command: CommandState, refusal: string, now: string, limits: Limits): Change => {
  const message = `SSM refused the command: ${refusal}`.slice(0, 600);
  const told = { outcome: 'Unknown' as const, reason: 'CommandRefused', message };
  if (state.action === 'check') return closeCheck(command, 'closed', told, now);
  return {
    command: closeRepair(command, 'closed'),
    outbox: unsentResults(state, takenOf(command), told, now, limits),
  };
};

const onInvalidIds = (
  state: RunState,
  command: CommandState,
  invalid: readonly string[],
  now: string,
  limits: Limits,
): Change => {
  const gone = takenOf(command).filter(([id]) => invalid.includes(id));
  // An error that names none of ours must not be sent again and again.
  if (gone.length === 0) return onRefusal(state, command, 'InvalidInstanceId without an id', now, limits);
  const kept = takenOf(command).filter(([id]) => !invalid.includes(id));
  const left: CommandState = {
    ...command,
    status: 'planned',
    instanceIds: kept.map(([id]) => id),
    versions: kept.map(([, version]) => version),
    unreachable: [...(command.unreachable ?? []), ...gone.map(([id]) => id)],
  };
  if (state.action === 'check')
    return kept.length > 0 ? { command: left, outbox: [] } : closeCheck(left, 'closed', INVALID_INSTANCE, now);
  return {
    command: kept.length > 0 ? left : closeRepair(left, 'closed'),
    outbox: unsentResults(state, gone, INVALID_INSTANCE, now, limits),
  };
};

const onFound = (
  state: RunState,
  command: CommandState,
  { commandId, sentAt }: Extract<SendReport, { kind: 'sent' | 'found' }>,
  limits: Limits,
): Change => {
  const { versions, documentName, executionTimeoutSeconds, ...sent } = command;
  const isCheck = state.action === 'check';
  return {
    command: {
      ...sent,
      // The command's row was stored before this, and has the nodes of a check.
      ...(isCheck ? { instanceIds: [] } : {}),
      status: 'sent',
      commandId,
      sentAt,
      hardDeadlineAt: deadlinesOf(state, command, sentAt, limits).hardDeadlineAt,
    },
    outbox: dropsOf(state, takenOf(command)),
  };
};

const onNotFound = (state: RunState, command: CommandState, at: string, now: string): Change => {
  const { sendingAt, missedReads, notBefore, ...base } = command;
  const reads = [...(missedReads ?? []), at];
  if (reads.length < 2) return { command: { ...command, missedReads: reads }, outbox: [] };
  const ageMs = epochMs(now) - epochMs(state.startedAt ?? state.createdAt);
  if (state.action === 'repair') return { command: closeRepair(base, 'lost'), outbox: lostOf(state, base, now) };
  // A check changes nothing and may be sent again; a repair may not.
  if (ageMs < CHECK_RESEND_MS) return { command: { ...base, status: 'planned' }, outbox: [] };
  return closeCheck(base, 'lost', COMMAND_LOST, now);
};

/** What a report makes of a command that is being sent. */
export const onReport = (
  command: CommandState,
  report: SendReport,
  state: RunState,
  now: string,
  limits: Limits,
): Change => {
  const { sendingAt, missedReads, notBefore, ...base } = command;
  switch (report.kind) {
    case 'sent':
    case 'found':
      return onFound(state, base, report, limits);
    case 'not-sent':
      return { command: { ...base, status: 'planned', notBefore: report.notBefore }, outbox: [] };
    case 'invalid-ids':
      return onInvalidIds(state, base, report.instanceIds, now, limits);
    case 'refused':
      return onRefusal(state, base, report.message, now, limits);
    case 'not-found':
      return onNotFound(state, command, report.at, now);
  }
};

/** Whether an observation is about a command that has none yet, or only an early one. */
export const isNews = (command: CommandState, seen: ObservationRow): boolean =>
  command.status === 'sent' || command.status === 'sending' || (command.early === true && seen.final);

/** What an observation makes of a command: closed. What it counts for is decided with its batch. */
export const onObservation = (command: CommandState, seen: ObservationRow, state: RunState): Change => {
  const { key, size, unreachable, counts } = command;
  const commandId = seen.commandId ?? command.commandId;
  return {
    // The run is stored at every step: a command that is over keeps only what is still read.
    command: {
      ...defined({ unreachable, counts, commandId }),
      key,
      size,
      status: 'closed',
      instanceIds: [],
      early: !seen.final,
    },
    outbox: dropsOf(state, takenOf(command)),
  };
};

/** What the observations of a whole batch make of its first command: counts that derive from them alone. */
export const onBatch = (
  lead: CommandState,
  parts: readonly ObservationRow[],
  state: RunState,
  known: Known & { readonly nodeLocal: ReadonlySet<string> },
  limits: Limits,
): Change => {
  const tallies = batchTallies(parts, state);
  // Nodes of a repair that SSM refused before the command was sent are not in the observation; they stay counted.
  const refused = lead.size - Object.keys(tallies).length;
  const heard = Object.values(tallies).reduce<OutcomeCounts>((sum, t) => withCounts(sum, { [t.outcome]: 1 }), {});
  const counts = refused > 0 ? withCounts(heard, { Unreachable: refused }) : heard;
  const silent = silentOf(tallies);
  return {
    command: {
      ...lead,
      counts,
      attributableFailures: Object.values(tallies).filter((t) => isAttributable(t, known.nodeLocal)).length,
      ...defined({ silent }),
    },
    outbox: [...findingsOf(state, parts, known), ...waitingOf(state, tallies, parts, known, limits)],
  };
};

/** Where a sent command belongs, for the row by which its end is found: run-controller and command-tracker must write the same. */
export const commandRowOf = (
  run: RunState,
  command: CommandState,
  commandId: string,
  sentAt: string,
  limits: Limits,
): CommandRow => ({
  commandId,
  runId: run.runId,
  key: command.key,
  ...defined({ part: command.part, parts: command.parts }),
  group: run.group,
  cluster: run.cluster,
  remediation: run.remediation,
  action: run.action,
  instanceIds: command.instanceIds,
  ...(run.action === 'check' && command.unreachable !== undefined ? { unreachable: command.unreachable } : {}),
  sentAt,
  ...deadlinesOf(run, command, sentAt, limits),
});
