import { isAttributable } from '../guards/slow-start.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandRow, CommandState, ObservationRow } from '../state/command-state.ts';
import { type OutcomeCounts, withCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import { dropsOf, findingsOf, type Known, lostOf, takenOf, unsentResults, waitingOf } from './outbox.ts';
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

/** A check that SSM has swallowed again and again is given up after this time: the next sweep asks anew. */
const CHECK_RESEND_MS = 900_000;

/** Whether a command has all its outcomes. */
export const isOver = (c: CommandState): boolean => c.status === 'closed' || c.status === 'lost';

/** When a sent command is looked at although SSM has not ended it (soft), and when it is closed without SSM (hard). */
export const deadlinesOf = (
  state: RunState,
  sentAt: string,
  limits: Limits,
): { readonly softDeadlineAt: string; readonly hardDeadlineAt: string } => {
  const sentMs = epochMs(sentAt);
  const hardSeconds = limits.deliveryTimeoutSeconds + state.executionTimeoutSeconds + limits.hardDeadlineSlackSeconds;
  const softSeconds = state.action === 'check' ? limits.checkSoftDeadlineSeconds : limits.repairSoftDeadlineSeconds;
  // A check of many nodes waits for each command's end: an early look would cost a second call for each.
  const isLargeCheck = state.action === 'check' && (state.commands.length > 1 || state.pending.length > 0);
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
    default:
      return command.status satisfies never;
  }
};

const close = (command: CommandState, status: 'closed' | 'lost'): CommandState => {
  const { versions, ...base } = command;
  return {
    ...base,
    status,
    instanceIds: [],
    counts: withCounts(command.counts, { Unknown: command.instanceIds.length }),
  };
};

const onRefusal = (state: RunState, command: CommandState, message: string, now: string, limits: Limits): Change => {
  const refused = `SSM refused the command: ${message}`.slice(0, 600);
  const text = { outcome: 'Unknown' as const, reason: 'CommandRefused', message: refused };
  return {
    command: close(command, 'closed'),
    outbox: unsentResults(state, takenOf(command), text, now, limits),
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
  const message = 'SSM refused the instance as not in a valid state (InvalidInstanceId): is its agent running?';
  return {
    command: {
      ...command,
      status: kept.length === 0 ? 'closed' : 'planned',
      instanceIds: kept.map(([id]) => id),
      versions: kept.map(([, version]) => version),
      counts: withCounts(command.counts, { Unreachable: gone.length }),
    },
    outbox: unsentResults(state, gone, { outcome: 'Unreachable', message }, now, limits),
  };
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
    case 'found': {
      const { versions, ...sent } = base;
      const { commandId, sentAt } = report;
      return {
        command: { ...sent, status: 'sent', commandId, sentAt, ...deadlinesOf(state, sentAt, limits) },
        outbox: dropsOf(state, takenOf(base)),
      };
    }
    case 'not-sent':
      return { command: { ...base, status: 'planned', notBefore: report.notBefore }, outbox: [] };
    case 'invalid-ids':
      return onInvalidIds(state, base, report.instanceIds, now, limits);
    case 'refused':
      return onRefusal(state, base, report.message, now, limits);
    case 'not-found': {
      const reads = [...(missedReads ?? []), report.at];
      if (reads.length < 2) return { command: { ...command, missedReads: reads }, outbox: [] };
      const ageMs = epochMs(now) - epochMs(state.startedAt ?? state.createdAt);
      // A check changes nothing and may be sent again; a repair may not.
      if (state.action === 'check' && ageMs < CHECK_RESEND_MS)
        return { command: { ...base, status: 'planned' }, outbox: [] };
      return { command: close(base, 'lost'), outbox: lostOf(state, base, now) };
    }
    default:
      return report satisfies never;
  }
};

/** What an observation makes of a command: closed, with counts that derive from it alone. */
export const onObservation = (
  command: CommandState,
  seen: ObservationRow,
  state: RunState,
  known: Known & { readonly nodeLocal: ReadonlySet<string> },
  limits: Limits,
): Change => {
  // Nodes that SSM refused before the command was sent are not in the observation; they stay counted.
  const refused = command.size - Object.keys(seen.nodes).length;
  const heard = Object.values(seen.nodes).reduce<OutcomeCounts>((sum, t) => withCounts(sum, { [t.outcome]: 1 }), {});
  const counts = refused > 0 ? withCounts(heard, { Unreachable: refused }) : heard;
  const { sendingAt, missedReads, notBefore, versions, ...base } = command;
  const silent = silentOf(seen.nodes);
  return {
    command: {
      ...base,
      commandId: seen.commandId,
      status: 'closed',
      instanceIds: [],
      counts,
      attributableFailures: Object.values(seen.nodes).filter((t) => isAttributable(t, known.nodeLocal)).length,
      ...defined({ silent }),
      early: !seen.final,
    },
    outbox: [
      ...dropsOf(state, takenOf(command)),
      ...findingsOf(state, seen, known),
      ...waitingOf(state, seen, known, limits),
    ],
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
  group: run.group,
  cluster: run.cluster,
  remediation: run.remediation,
  action: run.action,
  instanceIds: command.instanceIds,
  sparse: run.origin.source === 'sweep' || run.origin.source === 'cluster-signal',
  sentAt,
  ...deadlinesOf(run, sentAt, limits),
});
