import { isSilent } from '../guards/holds.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import { type Wake, wakeOf, wakeRun } from '../model/wake.ts';
import type { CommandRow, CommandState, ObservationRow } from '../state/command-state.ts';
import { type OutcomeCounts, withCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { type RunState, startOf } from '../state/run-state.ts';
import { isAwaited } from './awaited.ts';
import { batchesOf } from './batch.ts';
import { batchTallies } from './batch-results.ts';
import { type Change, COMMAND_LOST, closeCheck, closeRepair, lostOf } from './close.ts';
import { type Known, notRunOf, waitingOf } from './findings.ts';
import { onInvalidIds } from './invalid-ids.ts';
import { dropsOf, takenOf } from './outbox.ts';

/** The result of a SendCommand call, or of the search for one. Without a report, the result is unknown. */
export type SendReport =
  | { readonly key: string; readonly kind: 'sent' | 'found'; readonly commandId: string; readonly sentAt: string }
  /** SSM throttled the call, or the call was never made: the command certainly did not run. */
  | { readonly key: string; readonly kind: 'not-sent'; readonly notBefore: string }
  /** SSM named ids that it does not manage: the command did not run, and is sent again without them. */
  | { readonly key: string; readonly kind: 'invalid-ids'; readonly instanceIds: readonly string[] }
  /** SSM rejected the call (document, permission): the command did not run. A deployment may be under way. */
  | { readonly key: string; readonly kind: 'refused'; readonly message: string }
  /** The document at SSM is not the one that was built: nothing was sent, and the run sends nothing more. */
  | { readonly key: string; readonly kind: 'document-refused'; readonly message: string }
  | { readonly key: string; readonly kind: 'not-found'; readonly at: string };

/** The time after which a check is given up if SSM never runs it. The next sweep checks its nodes. */
const CHECK_RESEND_MS = 900_000;

/** For a command whose document is not known: SSM's default execution timeout (SSM documents, `executionTimeout`). */
const MAX_EXECUTION_SECONDS = 3600;

/** Whether a command has all its outcomes. */
export const isOver = (c: CommandState): boolean => c.status === 'closed' || c.status === 'lost';

/** When a sent command is observed although it has not ended (soft deadline), and when it is closed (hard deadline). */
export const deadlinesOf = (
  state: RunState,
  command: Pick<CommandState, 'executionTimeoutSeconds'>,
  sentAt: string,
  limits: Limits,
): { readonly softDeadlineAt: string; readonly hardDeadlineAt: string } => {
  const sentMs = epochMs(sentAt);
  const executionSeconds = command.executionTimeoutSeconds ?? MAX_EXECUTION_SECONDS;
  const hardSeconds = limits.deliveryTimeoutSeconds + executionSeconds + limits.hardDeadlineSlackSeconds;
  const softSeconds = state.action === 'check' ? limits.checkSoftDeadlineSeconds : limits.repairSoftDeadlineSeconds;
  // A large check that nobody waits for is read when each command ends: an early observation would cost a second call for each.
  const isLargeCheck =
    state.action === 'check' && !isAwaited(state) && (batchesOf(state.commands).length > 1 || state.pending.length > 0);
  return {
    softDeadlineAt: isoTime(sentMs + (isLargeCheck ? hardSeconds : softSeconds) * 1000),
    hardDeadlineAt: isoTime(sentMs + hardSeconds * 1000),
  };
};

/** The longest delay of a message (SQS quotas). */
const MAX_DELAY_SECONDS = 900;

/**
 * When the first answers to a check are read, and those of slower nodes, in seconds after the sending: for a person, and for a
 * lane that checks its nodes first.
 */
const CHECK_LOOKS = { person: [4, 8, 16], lane: [8, 30] } as const;
/**
 * How many calls of SSM the looks of a check may cost in all: some ten a second for as long as they take. A check of more
 * commands has fewer looks at each.
 */
const MAX_LOOK_CALLS = 180;

/**
 * When command-tracker looks at a command before its deadline, in seconds after the sending. A look at a repair gives back the
 * slots of the nodes that have ended; one at a check gives the nodes that have answered to those who wait for them.
 */
export const looksAfter = (
  run: Pick<RunState, 'action' | 'because' | 'commands' | 'pending'>,
  { instanceIds, parts = 1, becauses }: Pick<CommandRow, 'instanceIds' | 'parts' | 'becauses'>,
  { repairFirstLookSeconds, repairSecondLookSeconds, breakerFirstSeconds, maxNodesPerCommand }: Limits,
): readonly number[] => {
  if (run.action === 'repair') {
    // A single node has no other that waits for it, but the lane goes on once it is silent.
    if (instanceIds.length < 2) return breakerFirstSeconds <= MAX_DELAY_SECONDS ? [breakerFirstSeconds] : [];
    return [repairFirstLookSeconds, repairSecondLookSeconds].filter((seconds) => seconds > 0);
  }
  if (instanceIds.length < 2) return [];
  const all = run.commands.length + Math.ceil(run.pending.length / maxNodesPerCommand) * parts;
  const each = Math.floor(MAX_LOOK_CALLS / Math.max(1, all));
  const waits = run.because.kind === 'operator' ? 'person' : 'lane';
  return isAwaited({ ...run, becauses }) && each > 0 ? CHECK_LOOKS[waits].slice(-each) : [];
};

/** A time in milliseconds. One that is not stored has passed: a command without its time is processed, not forgotten. */
const msOf = (time: string | undefined): number => (time === undefined ? 0 : epochMs(time));

/** When a command must be processed again, in milliseconds; infinity if nothing is left to do. */
export const dueMs = (command: CommandState, limits: Limits): number => {
  switch (command.status) {
    case 'planned':
      return msOf(command.notBefore);
    case 'sending': {
      const last = command.missedReads?.at(-1);
      if (last !== undefined) return epochMs(last) + limits.adoptionReadGapSeconds * 1000;
      return msOf(command.sendingAt) + (limits.runControllerTimeoutSeconds + limits.adoptionGraceSeconds) * 1000;
    }
    case 'sent':
      return msOf(command.hardDeadlineAt);
    case 'closed':
    case 'lost':
      return Number.POSITIVE_INFINITY;
  }
};

const onFound = (
  state: RunState,
  command: CommandState,
  { commandId, sentAt }: Extract<SendReport, { kind: 'sent' | 'found' }>,
  limits: Limits,
): Change => {
  const { versions, ...sent } = command;
  const isCheck = state.action === 'check';
  return {
    command: {
      ...sent,
      // The command's row is already stored, and lists the nodes of a check.
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
  const ageMs = epochMs(now) - epochMs(startOf(state));
  if (state.action === 'repair') return { command: closeRepair(base, 'lost'), outbox: lostOf(state, base, now) };
  // A check changes nothing and may be sent again; a repair may not.
  if (ageMs < CHECK_RESEND_MS) return { command: { ...base, status: 'planned' }, outbox: [] };
  return closeCheck(base, 'lost', COMMAND_LOST, now);
};

/** Applies a report to a command that is being sent. */
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
    case 'document-refused':
      return { command: { ...base, status: 'planned' }, outbox: [] };
    case 'not-found':
      return onNotFound(state, command, report.at, now);
  }
};

/** Whether an observation is new: it ends the command, more of its nodes have ended, or its readings have become surer. */
export const isNews = (command: CommandState, seen: ObservationRow): boolean => {
  const isSurer = command.assumedGrade !== undefined && seen.grade > command.assumedGrade;
  if (command.status === 'closed') return isSurer;
  // SSM had it all the same. What it did to its nodes counts once all of them have ended.
  if (command.status === 'lost') return isSurer && seen.final;
  if (command.status === 'sending') return seen.final;
  if (command.status !== 'sent') return false;
  return seen.final || (command.open ?? command.instanceIds).some((id) => !seen.open.includes(id));
};

/** Ends a command by its final observation, or keeps the nodes that still run. Its outcomes are counted with its batch. */
export const onObservation = (command: CommandState, seen: ObservationRow, state: RunState): Change => {
  const isCheck = state.action === 'check';
  // What a check has found on some nodes depends on its other parts.
  if (!seen.final) return { command: isCheck ? command : { ...command, open: [...seen.open] }, outbox: [] };
  const { key, size, unreachable, counts, documentName, isCanary, open } = command;
  const commandId = seen.commandId ?? command.commandId;
  // A node that gave no answer by the hard deadline may still give one. A check keeps what it has told of its nodes.
  const isAssumed = seen.assumed !== undefined;
  const left = isCheck ? open : seen.assumed && [...seen.assumed];
  return {
    // Every step stores the run, so a command that is over keeps only the fields that are still read.
    command: {
      ...defined({ unreachable, counts, commandId, isCanary, open: left }),
      ...(isAssumed ? { assumedGrade: seen.grade, ...defined({ documentName }) } : {}),
      key,
      size,
      status: 'closed',
      instanceIds: [],
    },
    outbox: dropsOf(state, takenOf(command)),
  };
};

/** The nodes of a command that has been counted whose reading was assumed: a later observation is news about these alone. */
export const assumedIn = ({ assumedGrade, open }: CommandState, seen: ObservationRow): readonly string[] =>
  assumedGrade === undefined ? [] : (open ?? Object.keys(seen.nodes));

/**
 * The counts of a batch, derived from its observations alone, and what it asks for: of a batch that has asked before, about
 * the nodes in `late`.
 */
export const onBatch = (
  lead: CommandState,
  parts: readonly ObservationRow[],
  state: RunState,
  known: Known & { readonly late?: ReadonlySet<string> | undefined },
  limits: Limits,
): { readonly counts: OutcomeCounts; readonly outbox: readonly OutboxEntry[] } => {
  const tallies = batchTallies(parts, state);
  const { late } = known;
  const asking = Object.fromEntries(Object.entries(tallies).filter(([id]) => late === undefined || late.has(id)));
  const observed = Object.values(tallies).reduce<OutcomeCounts>((sum, t) => withCounts(sum, { [t.outcome]: 1 }), {});
  // The observation lacks the nodes of a repair that SSM refused before it sent the command. A lost one has no nodes at all.
  const unseen = Math.max(0, lead.size - Object.keys(tallies).length);
  const refused = Math.min(unseen, lead.unreachable?.length ?? 0);
  const counts = withCounts(observed, {
    ...(refused === 0 ? {} : { Unreachable: refused }),
    ...(unseen === refused ? {} : { Unknown: unseen - refused }),
  });
  return {
    counts,
    outbox: [...waitingOf(state, asking, parts, known, limits), ...notRunOf(state, asking, parts, limits)],
  };
};

/**
 * What news of a command wake: whatever advances its run. A lane no longer waits for a repair that it may have left, nor for
 * one that has ended: that one is a group of its own.
 */
export const wakesOf = (
  command: CommandRow,
  now: string,
  limits: Pick<Limits, 'breakerFirstSeconds' | 'breakerMaxSeconds'>,
): readonly Wake[] => {
  const wake = wakeOf(command);
  const mayBeLeft = isSilent(command.sentAt, now, limits) || now >= command.hardDeadlineAt;
  return wake.kind === 'run' || !mayBeLeft ? [wake] : [wake, wakeRun(command.runId)];
};

/** The row by which the end of a sent command is found. run-controller and command-tracker must write the same row. */
export const commandRowOf = (
  run: RunState,
  command: CommandState,
  commandId: string,
  sentAt: string,
  limits: Limits,
  { becauses = {}, places = {} }: Pick<CommandRow, 'becauses' | 'places'> = {},
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
  requestId: run.requestId,
  because: run.because,
  ...(Object.keys(becauses).length === 0 ? {} : { becauses }),
  ...(Object.keys(places).length === 0 ? {} : { places }),
  ...(run.action === 'check' && command.unreachable !== undefined ? { unreachable: command.unreachable } : {}),
  sentAt,
  ...deadlinesOf(run, command, sentAt, limits),
});
