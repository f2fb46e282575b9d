import { epochMs, isoTime } from './ids.ts';
import type { Outcome } from './outcome.ts';
import type { Limits } from './policy.ts';
import type { CommandState, ObservationRow, OutboxEntry, RunState } from './rows.ts';
import { dropsOf, endNotice, findingsOf, lostOf, resultOf, unsentOf } from './run-outbox.ts';
import { isEvidence, mustOpenBreaker, windowOf } from './slow-start.ts';

/** What the caller must do besides storing the state. Each is answered by a {@link SendReport}, or by silence. */
export type RunEffect =
  /** Store the state first; then call SendCommand once for this command. */
  | { readonly kind: 'send'; readonly key: string }
  /** Read ListCommands for a command whose sending was interrupted. */
  | { readonly kind: 'look-for'; readonly key: string };

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

/** What has become known since the state was stored. */
export type RunInputs = {
  readonly observations: readonly ObservationRow[];
  readonly reports: readonly SendReport[];
  /** How many nodes this run may have in flight by the cluster's budget; checks have no bound. */
  readonly slots: number;
  readonly paused: boolean;
  readonly cancelled: boolean;
  /** Reason names whose failures are the node's own trouble. */
  readonly nodeLocal: ReadonlySet<string>;
  /** Remediations that policy lets repair on this cluster: a check's findings go to their lanes. */
  readonly repairable: ReadonlySet<string>;
};

/** A step's result: the state to store, then the effects to perform. */
export type RunStep = { readonly state: RunState; readonly effects: readonly RunEffect[] };

type Change = { readonly command: CommandState; readonly outbox: readonly OutboxEntry[] };

const isOver = (c: CommandState): boolean => c.status === 'closed' || c.status === 'lost';

/** Nodes of commands that hold a slot: planned, being sent, or sent and not closed. */
export const inFlight = (state: RunState): number =>
  state.commands.filter((c) => !isOver(c)).reduce((sum, c) => sum + c.instanceIds.length, 0);

/** How many nodes ended how, over the whole run; derived, never incremented. */
export const countsOf = (state: RunState): Partial<Record<string, number>> => {
  const counts: Partial<Record<string, number>> = { ...state.settled };
  for (const command of state.commands) {
    for (const [outcome, n] of Object.entries(command.counts ?? {})) counts[outcome] = (counts[outcome] ?? 0) + n;
  }
  return counts;
};

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

const add = (command: CommandState, outcome: Outcome, n: number): CommandState['counts'] => ({
  ...command.counts,
  [outcome]: (command.counts?.[outcome] ?? 0) + n,
});

const close = (command: CommandState, status: 'closed' | 'lost', outcome: Outcome): CommandState => {
  const { versions, ...base } = command;
  return { ...base, status, instanceIds: [], counts: add(command, outcome, command.instanceIds.length) };
};

const onReport = (command: CommandState, report: SendReport, state: RunState, now: string, limits: Limits): Change => {
  const { sendingAt, missedReads, notBefore, ...base } = command;
  switch (report.kind) {
    case 'sent':
    case 'found': {
      const { versions, ...sent } = base;
      const command = {
        ...sent,
        status: 'sent' as const,
        commandId: report.commandId,
        sentAt: report.sentAt,
        ...deadlinesOf(state, report.sentAt, limits),
      };
      return { command, outbox: dropsOf(state, base) };
    }
    case 'not-sent':
      return { command: { ...base, status: 'planned', notBefore: report.notBefore }, outbox: [] };
    case 'invalid-ids': {
      const kept = base.instanceIds
        .map((id, i) => [id, base.versions?.[i] ?? ''] as const)
        .filter(([id]) => !report.instanceIds.includes(id));
      const gone = base.instanceIds.filter((id) => report.instanceIds.includes(id));
      const outbox = [
        ...dropsOf(state, {
          ...base,
          instanceIds: gone,
          versions: gone.map((id) => base.versions?.[base.instanceIds.indexOf(id)] ?? ''),
        }),
        ...gone.map((id) =>
          resultOf(
            state,
            id,
            {
              outcome: 'Unreachable',
              message: 'SSM refused the instance as not in a valid state (InvalidInstanceId): is its agent running?',
            },
            now,
          ),
        ),
      ];
      const command = {
        ...base,
        instanceIds: kept.map(([id]) => id),
        versions: kept.map(([, v]) => v),
        counts: add(base, 'Unreachable', gone.length),
      };
      // An error that names none of ours must not be sent again and again.
      if (gone.length === 0)
        return {
          command: close(base, 'closed', 'Unknown'),
          outbox: refusedOutbox(state, base, 'InvalidInstanceId without an id', now),
        };
      return { command: { ...command, status: kept.length === 0 ? 'closed' : 'planned' }, outbox };
    }
    case 'refused':
      return { command: close(base, 'closed', 'Unknown'), outbox: refusedOutbox(state, base, report.message, now) };
    case 'not-found': {
      const reads = [...(missedReads ?? []), report.at];
      if (reads.length < 2) return { command: { ...command, missedReads: reads }, outbox: [] };
      // A check changes nothing and may be sent again; a repair may not.
      if (state.action === 'check') return { command: { ...base, status: 'planned' }, outbox: [] };
      return {
        command: close(base, 'lost', 'Unknown'),
        outbox: [...dropsOf(state, base), ...lostOf(state, base, now)],
      };
    }
    default:
      return report satisfies never;
  }
};

const refusedOutbox = (state: RunState, command: CommandState, message: string, now: string): OutboxEntry[] => [
  ...dropsOf(state, command),
  ...command.instanceIds.map((id) =>
    resultOf(
      state,
      id,
      { outcome: 'Unknown', reason: 'CommandRefused', message: `SSM refused the command: ${message}`.slice(0, 600) },
      now,
    ),
  ),
];

const onObservation = (command: CommandState, seen: ObservationRow, state: RunState, inputs: RunInputs): Change => {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const tally of Object.values(seen.nodes)) counts[tally.outcome] = (counts[tally.outcome] ?? 0) + 1;
  // Nodes that SSM refused before the command was sent are not in the observation; they stay counted.
  const refused = command.size - Object.keys(seen.nodes).length;
  if (refused > 0) counts.Unreachable = (counts.Unreachable ?? 0) + refused;
  const { missedReads, notBefore, versions, ...base } = command;
  return {
    command: {
      ...base,
      commandId: seen.commandId,
      status: 'closed',
      instanceIds: [],
      counts,
      evidence: Object.values(seen.nodes).filter((t) => isEvidence(t, inputs.nodeLocal)).length,
      early: !seen.final,
    },
    outbox: [...dropsOf(state, command), ...findingsOf(state, seen, inputs.repairable)],
  };
};

/** When a command must be looked at again, in milliseconds; infinity where others will wake the run. */
const dueMs = (command: CommandState, limits: Limits): number => {
  switch (command.status) {
    case 'planned':
      return command.notBefore === undefined ? 0 : epochMs(command.notBefore);
    case 'sending': {
      const last = command.missedReads?.at(-1);
      if (last !== undefined) return epochMs(last) + limits.adoptionReadGapSeconds * 1000;
      return epochMs(command.sendingAt ?? '') + (limits.advanceTimeoutSeconds + limits.adoptionGraceSeconds) * 1000;
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

const whyStop = (state: RunState, inputs: RunInputs, nowMs: number, limits: Limits) => {
  if (inputs.cancelled) return 'Cancelled' as const;
  if (inputs.reports.some((r) => r.kind === 'refused')) return 'CommandRefused' as const;
  if (state.action === 'check') return undefined;
  if (inputs.paused) return 'Paused' as const;
  if (mustOpenBreaker(state, limits)) return 'BreakerOpen' as const;
  return nowMs - epochMs(state.createdAt) > limits.repairRunMaxSeconds * 1000 ? ('Yielded' as const) : undefined;
};

const withNewCommands = (state: RunState, slots: number, limits: Limits): RunState => {
  const width = state.action === 'check' ? windowOf(state, limits) : Math.min(windowOf(state, limits), slots);
  const commands = [...state.commands];
  let pending = state.pending;
  let free = width - inFlight(state);
  while (pending.length > 0 && free > 0) {
    const taken = pending.slice(0, Math.min(limits.maxNodesPerCommand, free));
    pending = pending.slice(taken.length);
    free -= taken.length;
    commands.push({
      key: String(commands.length + 1),
      instanceIds: taken.map(([id]) => id),
      versions: taken.map(([, version]) => version),
      size: taken.length,
      status: 'planned',
    });
  }
  return { ...state, commands, pending };
};

const withStop = (
  state: RunState,
  why: NonNullable<RunState['stopped']>['why'],
  now: string,
  limits: Limits,
): RunState => {
  const stopped = { ...state, stopped: { why, at: now } };
  const unsent: (readonly [string, string])[] = [...state.pending];
  const commands = state.commands.map((c): CommandState => {
    if (c.status !== 'planned') return c;
    unsent.push(...c.instanceIds.map((id, i) => [id, c.versions?.[i] ?? ''] as const));
    const { versions, ...base } = c;
    return { ...base, instanceIds: [], status: 'closed' };
  });
  const cancels =
    why !== 'Cancelled'
      ? []
      : state.commands.flatMap((c): OutboxEntry[] =>
          c.status === 'sent' && c.commandId !== undefined ? [{ kind: 'cancel', commandId: c.commandId }] : [],
        );
  const entries = unsentOf(stopped, unsent, now, limits);
  const settled = { ...state.settled };
  for (const e of entries) {
    if (e.kind !== 'result') continue;
    const name = e.row.why ?? e.row.outcome;
    settled[name] = (settled[name] ?? 0) + 1;
  }
  return { ...stopped, commands, pending: [], settled, outbox: [...state.outbox, ...entries, ...cancels] };
};

/**
 * One step of a run. Pure: the caller stores `state` and only then performs `effects`, and reports how they ended as
 * the next step's inputs. A step without news returns the very same state and no effects.
 */
export const advance = (before: RunState, inputs: RunInputs, now: string, limits: Limits): RunStep => {
  if (before.status === 'ended' || before.status === 'queued') return { state: before, effects: [] };
  const nowMs = epochMs(now);
  const outbox: OutboxEntry[] = [...before.outbox];
  const commands = before.commands.map((first) => {
    let command = first;
    for (const report of inputs.reports.filter((r) => r.key === first.key)) {
      if (command.status !== 'sending') continue;
      const change = onReport(command, report, before, now, limits);
      command = change.command;
      outbox.push(...change.outbox);
    }
    const seen = inputs.observations.find((o) => o.key === first.key);
    const isNews =
      command.status === 'sent' || command.status === 'sending' || (command.early === true && seen?.final === true);
    if (seen !== undefined && isNews) {
      const change = onObservation(command, seen, before, inputs);
      command = change.command;
      outbox.push(...change.outbox);
    }
    return command;
  });
  let state: RunState = { ...before, commands, outbox };

  const why = whyStop(state, inputs, nowMs, limits);
  if (
    why !== undefined &&
    (state.stopped === undefined || (why === 'Cancelled' && state.stopped.why !== 'Cancelled'))
  ) {
    state = withStop(state, why, now, limits);
  }
  if (state.stopped === undefined) state = withNewCommands(state, inputs.slots, limits);

  const effects: RunEffect[] = [];
  state = {
    ...state,
    commands: state.commands.map((c): CommandState => {
      if (c.status === 'planned' && dueMs(c, limits) <= nowMs) {
        effects.push({ kind: 'send', key: c.key });
        const { notBefore, ...base } = c;
        return { ...base, status: 'sending', sendingAt: now };
      }
      if (c.status === 'sending' && dueMs(c, limits) <= nowMs) effects.push({ kind: 'look-for', key: c.key });
      return c;
    }),
  };

  if (state.pending.length === 0 && state.commands.every(isOver)) {
    const ended: RunState = { ...state, status: 'ended', endedAt: now };
    return { state: { ...ended, outbox: [...ended.outbox, endNotice(ended, countsOf(ended), now)] }, effects };
  }
  const nextMs = Math.min(nowMs + 60_000, ...state.commands.map((c) => dueMs(c, limits)));
  state = {
    ...state,
    status: state.pending.length === 0 ? 'draining' : 'active',
    // The time to look again moves only when it has come or something else did, so that an idle step stores nothing.
    dueAt: isoTime(Math.max(nextMs, nowMs + 1000)),
  };
  const isIdle =
    epochMs(before.dueAt) > nowMs && JSON.stringify({ ...state, dueAt: before.dueAt }) === JSON.stringify(before);
  return { state: isIdle ? before : state, effects };
};
