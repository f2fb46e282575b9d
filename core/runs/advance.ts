import { mustOpenBreaker, windowOf } from '../guards/slow-start.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import { batchesOf, batchOf, commandKey, type PartDocument } from './batch.ts';
import {
  type Change,
  closeCheck,
  dueMs,
  isNews,
  isOver,
  onBatch,
  onObservation,
  onReport,
  type SendReport,
} from './command.ts';
import { INVALID_INSTANCE } from './observation.ts';
import {
  countedBefore,
  endNotice,
  merged,
  resultsOf,
  type TakenNode,
  takenOf,
  unsentOf,
  unsentText,
} from './outbox.ts';
import { holdForRegistry } from './registry-hold.ts';

/**
 * An action that the caller performs after it has stored the state. The caller passes the result of each action to the
 * next step as a {@link SendReport}; an interrupted action has no report.
 */
export type RunEffect =
  /** Store the state first; then call SendCommand once for this command. */
  | { readonly kind: 'send'; readonly key: string }
  /** Read ListCommands for a command whose sending was interrupted. */
  | { readonly kind: 'look-for'; readonly key: string };

/** The inputs of a step: everything that changed after the state was stored. */
export type RunInputs = {
  readonly observations: readonly ObservationRow[];
  readonly reports: readonly SendReport[];
  /** The documents that new commands run: those deployed for this run's key, in the order of their parts. */
  readonly documents: readonly PartDocument[];
  /** The most nodes that the cluster's budget lets this run have in flight. Checks have no such limit. */
  readonly slots: number;
  readonly paused: boolean;
  /** The order to cancel the run's request, if there is one. */
  readonly cancelled: { readonly force: boolean } | undefined;
  /** Names of the reasons with the scope `node-local`: their failures are not attributable to the repair. */
  readonly nodeLocal: ReadonlySet<string>;
  /** Remediations that the policy allows to repair on this cluster. The findings of a check go to their lanes. */
  readonly repairable: ReadonlySet<string>;
  /** Names of the reasons that no repair can fix. A finding with such a reason requests no repair. */
  readonly unrepairable: ReadonlySet<string>;
};

/** A step's result: the state to store, then the effects to perform. */
export type RunStep = { readonly state: RunState; readonly effects: readonly RunEffect[] };

/** The number of a command's nodes. A check that was sent no longer lists its nodes. */
const sizeOf = (c: CommandState): number =>
  c.instanceIds.length > 0 ? c.instanceIds.length : c.size - (c.unreachable?.length ?? 0);

/** Nodes that hold a slot: planned, being sent, or sent and not closed. The parts of a batch have the same nodes. */
export const inFlight = (state: RunState): number =>
  batchesOf(state.commands.filter((c) => !isOver(c))).reduce((sum, parts) => sum + Math.max(...parts.map(sizeOf)), 0);

/** Whether all nodes of a batch are counted: every part is over, and its observation has been read. */
const isCounted = (parts: readonly CommandState[]): boolean => parts.every(isOver) && parts[0]?.counts !== undefined;

/** The number of nodes by outcome, over the whole run. The counts are derived, never incremented. */
export const countsOf = (state: RunState): Partial<Record<string, number>> => {
  const counts: Partial<Record<string, number>> = { ...state.settled };
  for (const command of state.commands) {
    for (const [outcome, n] of Object.entries(command.counts ?? {})) counts[outcome] = (counts[outcome] ?? 0) + n;
  }
  return counts;
};

/**
 * Applies the reports about the run's commands, then their observations. A command that is over changes only if its first
 * observation was early and a later one is final.
 */
export const withReports = (
  before: RunState,
  inputs: Pick<RunInputs, 'observations' | 'reports' | 'nodeLocal' | 'repairable' | 'unrepairable'>,
  now: string,
  limits: Limits,
): RunState => {
  const outbox: OutboxEntry[] = [];
  const observed = new Set<string>();
  const updated = before.commands.map((first) => {
    let command = first;
    const take = (change: Change): void => {
      command = change.command;
      outbox.push(...change.outbox);
    };
    for (const report of inputs.reports.filter((r) => r.key === first.key)) {
      if (command.status === 'sending') take(onReport(command, report, before, now, limits));
    }
    const seen = inputs.observations.find((o) => o.key === first.key);
    if (seen !== undefined && isNews(command, seen)) {
      take(onObservation(command, seen, before));
      observed.add(batchOf(command.key));
    }
    return command;
  });
  const commands = batchesOf(updated).flatMap((parts): readonly CommandState[] => {
    const [lead, ...others] = parts;
    const isNew = lead !== undefined && (lead.counts === undefined || observed.has(batchOf(lead.key)));
    if (!isNew || !parts.every(isOver)) return parts;
    const seen = parts.flatMap((c) => inputs.observations.find((o) => o.key === c.key) ?? []);
    // The outbox of this run writes the observation of a command that did not run; the next step reads it.
    if (seen.length < parts.length) return parts;
    const counted = onBatch(lead, seen, before, inputs, limits);
    outbox.push(...counted.outbox);
    return [counted.command, ...others];
  });
  const isChanged = commands.some((c, i) => c !== before.commands[i]);
  return isChanged ? { ...before, commands, outbox: [...before.outbox, ...merged(outbox)] } : before;
};

const stopReasonOf = (state: RunState, inputs: RunInputs, nowMs: number, limits: Limits) => {
  if (inputs.cancelled !== undefined) return 'Cancelled' as const;
  if (inputs.reports.some((r) => r.kind === 'refused')) return 'CommandRefused' as const;
  if (inputs.documents.length === 0 && state.pending.length > 0) return 'CommandRefused' as const;
  if (inputs.paused) return 'Paused' as const;
  if (state.action === 'check') return undefined;
  if (mustOpenBreaker(state, limits)) return 'BreakerOpen' as const;
  const ageMs = nowMs - epochMs(state.startedAt ?? state.createdAt);
  return ageMs > limits.repairRunMaxSeconds * 1000 ? ('Yielded' as const) : undefined;
};

const planned = (
  batch: string,
  nodes: readonly TakenNode[],
  document: PartDocument,
  part: number,
  parts: number,
): CommandState => ({
  key: commandKey(batch, part, parts),
  ...(parts === 1 ? {} : { part, parts }),
  documentName: document.name,
  executionTimeoutSeconds: document.executionTimeoutSeconds,
  instanceIds: nodes.map(([id]) => id),
  versions: nodes.map(([, version]) => version),
  size: nodes.length,
  status: 'planned',
});

/** Plans batches of nodes: one command for each document, sent to all nodes of the batch. */
const withNewCommands = (
  state: RunState,
  { slots, documents }: Pick<RunInputs, 'slots' | 'documents'>,
  limits: Limits,
): RunState => {
  const width = state.action === 'check' ? windowOf(state, limits) : Math.min(windowOf(state, limits), slots);
  const commands = [...state.commands];
  let pending = state.pending;
  let free = width - inFlight(state);
  let batches = batchesOf(commands).length;
  while (pending.length > 0 && free > 0) {
    const taken = pending.slice(0, Math.min(limits.maxNodesPerCommand, free));
    pending = pending.slice(taken.length);
    free -= taken.length;
    batches += 1;
    commands.push(
      ...documents.map(
        (document, i): CommandState => planned(String(batches), taken, document, i + 1, documents.length),
      ),
    );
  }
  return { ...state, commands, pending };
};

/** Settles the unsent nodes of a stopped run, including commands that are reported as not sent after the stop. */
const withoutUnsent = (
  state: RunState,
  stopReason: NonNullable<RunState['stopped']>['reason'],
  now: string,
  limits: Limits,
): RunState => {
  const unsent: TakenNode[] = [...state.pending];
  const outbox: OutboxEntry[] = [];
  const commands = batchesOf(state.commands).flatMap((parts): readonly CommandState[] => {
    if (!parts.every((c) => c.status === 'planned'))
      return parts.map((c) => {
        if (c.status !== 'planned') return c;
        // Another part of the check was sent. The node's result reports that this part was not.
        const change = closeCheck(c, 'closed', unsentText(stopReason), now);
        outbox.push(...change.outbox);
        return change.command;
      });
    const [lead] = parts;
    unsent.push(...takenOf(lead));
    // Nodes that SSM refused have a result already in a repair. In a check, the observation would have provided it.
    if (state.action === 'check') outbox.push(...resultsOf(lead.unreachable ?? [], INVALID_INSTANCE, now));
    return parts.map((c, i): CommandState => {
      const { versions, notBefore, documentName, executionTimeoutSeconds, ...base } = c;
      return { ...base, instanceIds: [], status: 'closed', ...(i === 0 ? { counts: countedBefore(c) } : {}) };
    });
  });
  if (unsent.length === 0) return { ...state, commands, outbox: [...state.outbox, ...outbox] };
  const entries = unsentOf(state, stopReason, unsent, now, limits);
  const settled = { ...state.settled };
  for (const e of entries) {
    if (e.kind !== 'results') continue;
    const name = e.skipReason ?? e.outcome;
    settled[name] = (settled[name] ?? 0) + e.instanceIds.length;
  }
  return { ...state, commands, pending: [], settled, outbox: [...state.outbox, ...outbox, ...entries] };
};

/** Whether a run also cancels the commands that it has sent. */
const cancelsCommands = ({ action, stopped }: RunState): boolean =>
  stopped?.reason === 'Cancelled' && (action === 'check' || stopped.forced === true);

/**
 * Cancels each sent command once: when the run is cancelled, or when the command is found after that. A repair that has
 * started is cancelled by force only: it ends by itself, and a part of it would leave the node as it found it at best.
 */
const cancelsOf = (state: RunState, before: RunState): OutboxEntry[] => {
  if (!cancelsCommands(state)) return [];
  return state.commands.flatMap((c, i): OutboxEntry[] => {
    const isDone = cancelsCommands(before) && before.commands[i]?.status === 'sent';
    return c.status === 'sent' && c.commandId !== undefined && !isDone
      ? [{ kind: 'cancel', commandId: c.commandId }]
      : [];
  });
};

const stopOrGoOn = (before: RunState, reported: RunState, inputs: RunInputs, now: string, limits: Limits): RunState => {
  const stopReason = stopReasonOf(reported, inputs, epochMs(now), limits);
  const forced = stopReason === 'Cancelled' && inputs.cancelled?.force === true ? { forced: true as const } : {};
  const { stopped } = reported;
  const isCancel = stopReason === 'Cancelled' && stopped?.reason !== 'Cancelled';
  const isForced = forced.forced === true && stopped?.forced !== true;
  const isNew = stopReason !== undefined && (stopped === undefined || isCancel || isForced);
  const state: RunState = isNew ? { ...reported, stopped: { reason: stopReason, at: now, ...forced } } : reported;
  if (state.stopped === undefined) return withNewCommands(holdForRegistry(state, now, limits), inputs, limits);
  const settled = withoutUnsent(state, state.stopped.reason, now, limits);
  return { ...settled, outbox: [...settled.outbox, ...cancelsOf(settled, before)] };
};

/**
 * Computes one step of a run. Pure: the caller stores `state`, then performs `effects`, and passes their results to the
 * next step. A step without new inputs returns the same state object and no effects. A run that has ended accepts only
 * the final observations of commands that it closed early.
 */
export const advance = (before: RunState, inputs: RunInputs, now: string, limits: Limits): RunStep => {
  if (before.status === 'queued') return { state: before, effects: [] };
  const reported = withReports(before, inputs, now, limits);
  if (before.status === 'ended') return { state: reported, effects: [] };
  const nowMs = epochMs(now);
  const decided = stopOrGoOn(before, reported, inputs, now, limits);

  const effects: RunEffect[] = [];
  const commands = decided.commands.map((c): CommandState => {
    if (c.status === 'planned' && dueMs(c, limits) <= nowMs) {
      effects.push({ kind: 'send', key: c.key });
      const { notBefore, ...base } = c;
      return { ...base, status: 'sending', sendingAt: now };
    }
    if (c.status === 'sending' && dueMs(c, limits) <= nowMs) effects.push({ kind: 'look-for', key: c.key });
    return c;
  });
  const stepped: RunState = { ...decided, commands };

  if (stepped.pending.length === 0 && batchesOf(commands).every(isCounted)) {
    const ended: RunState = { ...stepped, status: 'ended', endedAt: now };
    return { state: { ...ended, outbox: [...ended.outbox, endNotice(ended, countsOf(ended), now)] }, effects };
  }
  const nextMs = Math.min(nowMs + 60_000, ...commands.map((c) => dueMs(c, limits)));
  const state: RunState = {
    ...stepped,
    status: stepped.pending.length === 0 ? 'draining' : 'active',
    // `dueAt` moves only when it is reached or the state changes otherwise, so that an idle step stores nothing.
    dueAt: isoTime(Math.max(nextMs, nowMs + 1000)),
  };
  const isIdle =
    epochMs(before.dueAt) > nowMs && JSON.stringify({ ...state, dueAt: before.dueAt }) === JSON.stringify(before);
  return { state: isIdle ? before : state, effects };
};
