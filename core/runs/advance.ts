import { type InFlight, placesOf } from '../guards/places.ts';
import { failedLast, isCanary } from '../guards/trust.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { batchesOf, type PartDocument } from './batch.ts';
import { withoutForgotten } from './close.ts';
import { dueMs } from './command.ts';
import type { TrustChange } from './experience.ts';
import { inFlightOf } from './in-flight.ts';
import { isUnsent } from './refusal.ts';
import { countsOf, isCounted } from './reports.ts';
import { endedOf, endNotice } from './run-end.ts';
import { type At, nodesToAsk, type SendInputs, type Sending, withCheckBatches, withRepairCommand } from './sending.ts';
import { currentTrust, learn, type StopInputs, stopOrGoOn } from './stop.ts';

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
export type RunInputs = StopInputs &
  Pick<SendInputs, 'decideAgain'> & {
    /** The most nodes that the cluster's budget lets this run have in flight. Checks have no such limit. */
    readonly slots: number;
    /** The nodes that earlier runs of the lane have in flight. */
    readonly left: Pick<InFlight, 'left' | 'lastSentAt'>;
    /** The repair ends connections or pods: no silent node gives its place to another one. */
    readonly isDisruptive?: boolean | undefined;
    /** The turn ends after this step: a command that it made `sending` would get no call. */
    readonly isEnding?: boolean | undefined;
  };

/** A step's result: the state to store, the nodes whose attempts are booked with it, then the effects to perform. */
export type RunStep = {
  readonly state: RunState;
  readonly booked: readonly string[];
  readonly trust: readonly TrustChange[];
  readonly effects: readonly RunEffect[];
};

/**
 * Whether the run may send in this step. After a command that did not run, a repair waits for the next one: the attempts of
 * its nodes are taken back first.
 */
const maySend = (
  state: RunningRun,
  { reports, isEnding }: Pick<RunInputs, 'reports' | 'isEnding'>,
  now: string,
): boolean =>
  isEnding !== true &&
  state.stopped === undefined &&
  (state.refusal === undefined || state.refusal.notBefore <= now) &&
  (state.action === 'check' || !reports.some(isUnsent));

/** The document that is deployed now for a part of a check, if the check still has as many parts. */
const nameOf = (document: PartDocument | undefined, { parts = 1 }: CommandState, documents: readonly PartDocument[]) =>
  document === undefined || documents.length !== parts
    ? {}
    : { documentName: document.name, executionTimeoutSeconds: document.executionTimeoutSeconds };

/** What bounds the next command: the window of the document, and the slots that the cluster leaves. */
const boundsOf = (state: RunningRun, inputs: RunInputs, { now, limits }: At): Omit<SendInputs, 'decideAgain'> => {
  const { documents, slots, openElsewhere, left, isDisruptive } = inputs;
  const trust = currentTrust(state, inputs);
  // Those of the whole run, so that its last nodes are canaries too where it has no more than these.
  const sent = batchesOf(state.commands).reduce((sum, [{ size }]) => sum + size, 0);
  const nodesToRepair = state.pending.length + sent;
  const context = { budget: slots, nodesToRepair, openElsewhere };
  const inFlight = inFlightOf(state, left);
  const waitsOn = isDisruptive === true ? { ...inFlight, lastSentAt: undefined } : inFlight;
  return {
    documents,
    places: placesOf(trust, context, waitsOn, now, limits),
    isCanary: isCanary(trust, context, now, limits),
    order: (nodes) => {
      const named = nodes.map((node) => ({ instanceId: node[0], node }));
      return failedLast(trust, named).map(({ node }) => node);
    },
  };
};

/** The nodes whose facts the next step of a repair needs, because it may send them a command. */
export const nodesToDecide = (
  before: RunState,
  inputs: Omit<RunInputs, 'decideAgain'>,
  now: string,
  limits: Limits,
): readonly string[] => {
  if (before.status === 'queued' || before.status === 'ended') return [];
  const { state, inputs: all } = stopOrGoOn(before, { ...inputs, decideAgain: () => undefined }, now, limits);
  return maySend(state, all, now) ? nodesToAsk(state, boundsOf(state, all, { now, limits }), { now, limits }) : [];
};

/** Makes the run's next commands `sending`, as far as it may send. */
const withCommands = (state: RunningRun, inputs: RunInputs, now: string, limits: Limits): Sending => {
  if (!maySend(state, inputs, now)) return { state, booked: [] };
  const { documents, decideAgain } = inputs;
  const at = { now, limits };
  if (state.action === 'repair') return withRepairCommand(state, { ...boundsOf(state, inputs, at), decideAgain }, at);
  const batched = withCheckBatches(state, documents, at);
  const commands = batched.commands.map((c): CommandState => {
    if (c.status !== 'planned' || dueMs(c, limits) > epochMs(now)) return c;
    const document = documents[(c.part ?? 1) - 1];
    const { notBefore, ...base } = c;
    return { ...base, ...nameOf(document, c, documents), status: 'sending', sendingAt: now };
  });
  return { state: { ...batched, commands }, booked: [] };
};

/**
 * Computes one step of a run. Pure: the caller stores `state`, then performs `effects`, and passes their results to the
 * next step. A step without new inputs returns the same state object and no effects. A run that has ended accepts only
 * surer observations of commands that it has closed.
 */
export const advance = (before: RunState, inputs: RunInputs, now: string, limits: Limits): RunStep => {
  if (before.status === 'queued') return { state: before, booked: [], trust: [], effects: [] };
  if (before.status === 'ended') {
    const { reported, trust } = learn(before, inputs, now, limits);
    const commands = reported.commands.map((command) => withoutForgotten(command, now));
    const isLeft = commands.some((command, i) => command !== reported.commands[i]);
    return { state: isLeft ? { ...reported, commands } : reported, booked: [], trust, effects: [] };
  }
  const nowMs = epochMs(now);
  const { reported, state: decided, inputs: known, trust } = stopOrGoOn(before, inputs, now, limits);
  const { state: stepped, booked } = withCommands(decided, known, now, limits);
  const { commands } = stepped;
  const effects = commands.flatMap((c, i): RunEffect[] => {
    if (c.status !== 'sending') return [];
    if (c !== reported.commands[i] && c.sendingAt === now) return [{ kind: 'send', key: c.key }];
    return dueMs(c, limits) <= nowMs ? [{ kind: 'look-for', key: c.key }] : [];
  });

  if (stepped.pending.length === 0 && batchesOf(commands).every(isCounted)) {
    const ended = endedOf(stepped, now);
    return {
      state: { ...ended, outbox: [...ended.outbox, endNotice(ended, countsOf(ended), now)] },
      booked,
      trust,
      effects,
    };
  }
  // A command that is due and not done waits for a slot, the window or scheduler: the run must not turn in a circle for it.
  const later = commands.map((c) => dueMs(c, limits)).filter((ms) => ms > nowMs);
  const nextMs = Math.min(nowMs + 60_000, ...later);
  const state: RunningRun = {
    ...stepped,
    status: stepped.pending.length === 0 ? 'draining' : 'active',
    // `dueAt` moves only when it is reached or the state changes otherwise, so that an idle step stores nothing.
    dueAt: isoTime(Math.max(nextMs, nowMs + 1000)),
  };
  const isIdle =
    epochMs(before.dueAt) > nowMs && JSON.stringify({ ...state, dueAt: before.dueAt }) === JSON.stringify(before);
  return { state: isIdle ? before : state, booked, trust, effects };
};
