import { isShort } from '../guards/holds.ts';
import { openBreakerOf } from '../guards/trust.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PlannedRun, QueuedRun, RunningRun, RunState, Stop } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { batchesOf, type PartDocument } from './batch.ts';
import { closeCheck } from './close.ts';
import { breakerNotices, experienceOf, type TrustChange, type TrustSeen, trustIn } from './experience.ts';
import { INVALID_INSTANCE } from './observation.ts';
import {
  askedAgain,
  type Cancelled,
  countedBefore,
  resultsOf,
  type TakenNode,
  takenOf,
  unsentOf,
  unsentText,
} from './outbox.ts';
import { documentNotice, refusalAfter } from './refusal.ts';
import { holdForRegistry, withRegistryNews } from './registry-hold.ts';
import { type News, withReports } from './reports.ts';

/** What decides whether a run goes on. */
export type StopInputs = News &
  TrustSeen & {
    /** The documents that new commands run: those deployed for this run's key, in the order of their parts. */
    readonly documents: readonly PartDocument[];
    readonly paused: boolean;
    /** Why the run's remediation repairs nothing: this version does not have it. */
    readonly removed?: string | undefined;
    /** The order to cancel the run's request, if there is one. */
    readonly cancelled: Cancelled | undefined;
    /** Whether somebody waits for the lane: an operator's run, or another disruptive lane of the cluster. */
    readonly isAwaited: boolean;
  };

/** The experience with the document that the run sends now. */
export const currentTrust = (state: RunState, inputs: Pick<StopInputs, 'trust' | 'documents'>): TrustRow =>
  trustIn(inputs, inputs.documents[0]?.name ?? state.documentKey, state.cluster);

/** For how long SSM may refuse a run's commands before its nodes are given up: a deployment may be under way. */
const REFUSED_MAX_MS = { repair: 86_400_000, check: 900_000 } as const;

const stopReasonOf = (state: RunningRun, inputs: StopInputs, nowMs: number, limits: Limits) => {
  const now = isoTime(nowMs);
  if (inputs.cancelled !== undefined) return 'Cancelled' as const;
  if (state.action === 'repair' && inputs.removed !== undefined) return 'NotAllowed' as const;
  if (inputs.reports.some(({ kind }) => kind === 'document-refused')) return 'DocumentRefused' as const;
  const refusedMs = state.refusal === undefined ? 0 : nowMs - epochMs(state.refusal.firstAt);
  if (refusedMs > REFUSED_MAX_MS[state.action]) return 'CommandRefused' as const;
  if (inputs.paused) return 'Paused' as const;
  if (state.action === 'check') return undefined;
  const breaker = openBreakerOf(currentTrust(state, inputs), now);
  if (breaker !== undefined && !isShort(breaker.openUntil, now)) return 'BreakerOpen' as const;
  const ageMs = nowMs - epochMs(state.startedAt);
  return inputs.isAwaited && ageMs > limits.repairRunMaxSeconds * 1000 ? ('Yielded' as const) : undefined;
};

/** A run whose documents are not deployed is refused like one whose commands SSM refuses, and tried again. */
const withRefusal = (state: RunningRun, { documents }: StopInputs, now: string): RunningRun => {
  if (documents.length > 0 || state.pending.length === 0) return state;
  if (state.refusal !== undefined && state.refusal.notBefore > now) return state;
  const message = `no document ${state.documentKey} is deployed`;
  return { ...state, refusal: refusalAfter(state, message, now) };
};

/** Settles the unsent nodes of a stopped run, including commands that are reported as not sent after the stop. */
export const withoutUnsent = <Run extends QueuedRun | RunningRun>(
  state: Run,
  stop: Stop,
  now: string,
  limits: Limits,
): Run => {
  const unsent: TakenNode[] = [...state.pending];
  const outbox: OutboxEntry[] = [];
  const commands = batchesOf(state.commands).flatMap((parts): readonly CommandState[] => {
    if (!parts.every((c) => c.status === 'planned'))
      return parts.map((c) => {
        if (c.status !== 'planned') return c;
        // Another part of the check was sent. The node's result reports that this part was not.
        const change = closeCheck(c, 'closed', unsentText(state, stop), now);
        outbox.push(...change.outbox, ...askedAgain(state, stop, c.instanceIds, now));
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
  const entries = unsentOf(state, stop, unsent, now, limits);
  const settled = { ...state.settled };
  for (const e of entries) {
    if (e.kind !== 'results') continue;
    const name = e.skipReason ?? e.outcome;
    settled[name] = (settled[name] ?? 0) + e.instanceIds.length;
  }
  return { ...state, commands, pending: [], settled, outbox: [...state.outbox, ...outbox, ...entries] };
};

/** Whether a run also cancels the commands that it has sent. */
const cancelsCommands = ({ action, stopped }: RunningRun): boolean =>
  stopped?.reason === 'Cancelled' && (action === 'check' || stopped.forced === true);

/**
 * Cancels each sent command once: when the run is cancelled, or when the command is found after that. A repair that has
 * started is cancelled by force only: it ends by itself, and a part of it would leave the node as it found it at best.
 */
const cancelsOf = (state: RunningRun, before: RunningRun): OutboxEntry[] => {
  if (!cancelsCommands(state)) return [];
  return state.commands.flatMap((c, i): OutboxEntry[] => {
    const isDone = cancelsCommands(before) && before.commands[i]?.status === 'sent';
    return c.status === 'sent' && c.commandId !== undefined && !isDone
      ? [{ kind: 'cancel', commandId: c.commandId }]
      : [];
  });
};

/** What a step has learned of a run before it sends. */
export type Learned<Inputs extends StopInputs, Run extends PlannedRun> = {
  readonly reported: Run;
  /** The inputs, with the experience of this step. */
  readonly inputs: Inputs;
  readonly trust: readonly TrustChange[];
};

/** The state after the reports and the observations, and the experience that they add. */
export const learn = <Inputs extends StopInputs, Run extends PlannedRun>(
  before: Run,
  inputs: Inputs,
  now: string,
  limits: Limits,
): Learned<Inputs, Run> => {
  const trust = experienceOf(before, inputs.observations, inputs, now, limits);
  const known = new Map([...inputs.trust, ...trust.map(({ after }) => [after.document, after] as const)]);
  const reported = withRegistryNews(withReports(before, inputs, now, limits), inputs.observations, now, limits);
  const notices = breakerNotices(before, trust, now, limits);
  return {
    reported: notices.length === 0 ? reported : { ...reported, outbox: [...reported.outbox, ...notices] },
    inputs: { ...inputs, trust: known },
    trust,
  };
};

type RunStop = NonNullable<RunningRun['stopped']>;

/** What stops the run, from now on. */
const stopAt = (
  reason: RunStop['reason'] | undefined,
  order: Cancelled | undefined,
  now: string,
): RunStop | undefined => {
  if (reason === undefined) return undefined;
  if (reason !== 'Cancelled') return { reason, at: now };
  return { reason, at: now, ...(order?.force === true ? { forced: true } : {}), ...defined({ why: order?.why }) };
};

/** Whether a run that is stopped already is stopped by something stronger: a cancellation, or one by force. */
const isStronger = (stop: RunStop, before: RunStop | undefined): boolean => {
  if (before === undefined) return true;
  if (stop.reason !== 'Cancelled') return false;
  return before.reason !== 'Cancelled' || (stop.forced === true && before.forced !== true);
};

/** The news of a step, and the decision whether the run continues: it stops for a reason, or the registry holds some of its nodes. */
export const stopOrGoOn = <Inputs extends StopInputs>(
  before: RunningRun,
  given: Inputs,
  now: string,
  limits: Limits,
): Learned<Inputs, RunningRun> & { readonly state: RunningRun } => {
  const learned = learn(before, given, now, limits);
  const { reported, inputs } = learned;
  const stopReason = stopReasonOf(reported, inputs, epochMs(now), limits);
  const stop = stopAt(stopReason, inputs.cancelled, now);
  const isNew = stop !== undefined && isStronger(stop, reported.stopped);
  const state: RunningRun = isNew ? { ...reported, stopped: stop } : reported;
  if (state.stopped === undefined) return { ...learned, state: holdForRegistry(withRefusal(state, inputs, now), now) };
  const settled = withoutUnsent(state, state.stopped, now, limits);
  const news = isNew && stopReason === 'DocumentRefused' ? [documentNotice(state, now)] : [];
  return { ...learned, state: { ...settled, outbox: [...settled.outbox, ...cancelsOf(settled, before), ...news] } };
};
