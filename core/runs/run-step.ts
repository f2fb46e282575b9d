import { isShort } from '../guards/holds.ts';
import { endClaim } from '../guards/slots.ts';
import { defined } from '../model/defined.ts';
import { isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import { wakeOf } from '../model/wake.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { othersIn } from '../state/pending-node.ts';
import { isSweep, type QueuedRun, type RunState } from '../state/run-state.ts';
import { advance, nodesToDecide, type RunInputs } from './advance.ts';
import { checkedNodes } from './batch-results.ts';
import { changesOf, withChanges } from './changes.ts';
import { leftOf, slotsFor, withClaimKept, withSlotsOf } from './claims.ts';
import type { SendReport } from './command.ts';
import { decideNow, type NodesSeen } from './decide-now.ts';
import { digestOf, hasEnded } from './digest.ts';
import { earlySweepsAfter } from './early-sweep.ts';
import { hasOpened, type TrustChange } from './experience.ts';
import { awaitsResults, heldUntil } from './in-flight.ts';
import { takenBackOf } from './refusal.ts';
import { deployedOf, isDisruptive, knowledgeOf, type Rules, removedOf } from './rules.ts';
import type { Commit, Effect, Flushed, Step } from './step.ts';
import { currentTrust } from './stop.ts';

/** What was read of a planned run and its surroundings. */
export type RunSeen = Pick<
  RunInputs,
  'observations' | 'awaited' | 'paused' | 'cancelled' | 'isAwaited' | 'isEnding' | 'trust' | 'openElsewhere'
> & {
  readonly run: RunState;
  readonly reports: readonly SendReport[];
  readonly flushed?: Flushed | undefined;
  /** The cluster of a repair. */
  readonly cluster?: ClusterState | undefined;
  /** Whether its number of nodes is old or unknown: then at most one node is in flight, whatever the number. */
  readonly isUncounted?: boolean;
  /** The nodes of the next command; read after the other facts are known. */
  readonly nodes: NodesSeen;
  readonly rules: Rules;
  readonly now: string;
};

const disruptionOf = ({ runId, remediation }: RunState, rules: Rules) => ({
  runId,
  isDisruptive: isDisruptive(rules, remediation),
});

/** The most nodes that the run may have in flight after this step. */
const slotsOfStep = ({ run, rules, cluster, isUncounted, now }: RunSeen): number => {
  if (cluster === undefined) return 0;
  const slots = slotsFor(cluster, disruptionOf(run, rules), now, rules.policy.limits);
  return isUncounted === true ? Math.min(1, slots) : slots;
};

const inputsOf = (seen: RunSeen): RunInputs => {
  const { run, rules, cluster, now, nodes, observations, reports, paused, cancelled, isAwaited } = seen;
  const { awaited, trust, openElsewhere, isEnding } = seen;
  return {
    observations,
    awaited,
    reports,
    paused,
    cancelled,
    isAwaited,
    isEnding,
    trust,
    openElsewhere,
    clusterNodes: cluster?.nodeCount ?? 0,
    removed: removedOf(rules, run.remediation),
    documents: deployedOf(rules, run.documentKey),
    ...knowledgeOf(rules, run.cluster),
    slots: slotsOfStep(seen),
    left: leftOf(cluster, run, now),
    isDisruptive: isDisruptive(rules, run.remediation),
    decideAgain: (instanceId) => decideNow(run, instanceId, nodes, rules, now),
  };
};

/** The run with its outbox as the last step performed it. */
const flushedRun = ({ run, flushed }: Pick<RunSeen, 'run' | 'flushed'>): RunState =>
  flushed?.version === run.version ? { ...run, outbox: [...flushed.stays] } : run;

/** The nodes whose facts the next step needs. */
export const nodesWanted = (seen: RunSeen): readonly string[] =>
  nodesToDecide(flushedRun(seen), inputsOf(seen), seen.now, seen.rules.policy.limits);

/** Whether an entry of an outbox is to be performed now. */
export const isEntryDue = (entry: OutboxEntry, now: string): boolean =>
  (entry.kind !== 'notice' && entry.kind !== 'cancel') || entry.notBefore === undefined || entry.notBefore <= now;

const endWithin = (executionTimeouts: readonly number[], limits: Limits, now: string): string => {
  const seconds = Math.max(0, ...executionTimeouts);
  const adoption = limits.runControllerTimeoutSeconds + limits.adoptionGraceSeconds + 2 * limits.adoptionReadGapSeconds;
  const total = limits.deliveryTimeoutSeconds + seconds + limits.hardDeadlineSlackSeconds + adoption;
  return isoTime(Date.parse(now) + total * 1000);
};

/** The latest time at which a command may end that is sent now, and whose deadline is not known yet. */
export const latestEnd = (run: RunState, rules: Rules, now: string): string => {
  const timeouts = [
    ...run.commands.flatMap((c) => c.executionTimeoutSeconds ?? []),
    ...deployedOf(rules, run.documentKey).map((d) => d.executionTimeoutSeconds),
  ];
  return endWithin(timeouts, rules.policy.limits, now);
};

/** The latest time at which any command may end that has been sent until now. */
export const longestEnd = ({ documents, policy }: Rules, now: string): string =>
  endWithin(
    Object.values(documents).map((d) => d.executionTimeoutSeconds),
    policy.limits,
    now,
  );

/** The cluster after a step of a repair: the slots of its open nodes, and no claim once it has ended. */
const clusterAfter = (seen: RunSeen, after: RunState): Commit['cluster'] => {
  const { cluster: before, now, rules } = seen;
  if (before === undefined) return undefined;
  const held = withSlotsOf(before, after, latestEnd(after, rules, now), { now, limits: rules.policy.limits });
  // Nodes of a stuck run may still be under repair: its claim goes with their slots.
  const isOver = after.status === 'ended' && held.slots[after.runId] === undefined;
  const kept = isDisruptive(rules, after.remediation) ? withClaimKept(held, after, now) : held;
  const next = isOver ? endClaim(held, after.runId) : kept;
  return JSON.stringify(next) === JSON.stringify(before) ? undefined : { before, after: next };
};

/** A step of a run that is over for good: only its outbox is performed. */
export const outboxStep = (seen: Pick<RunSeen, 'run' | 'flushed' | 'now'>): Step => {
  const { run, now } = seen;
  const flushed = flushedRun(seen);
  // Then it is due once more, for what was observed of its commands since it ended.
  const isLeft = flushed !== run && flushed.outbox.length === 0 && awaitsResults(flushed);
  const after = isLeft ? { ...flushed, dueAt: heldUntil(flushed, flushed.dueAt) } : flushed;
  if (after !== run)
    return {
      commit: { run: { before: run, after } },
      effects: [],
      run: { ...after, version: run.version + 1 },
      isDone: false,
    };
  const isDue = run.outbox.some((entry) => isEntryDue(entry, now));
  return { effects: isDue ? [{ kind: 'flush' }] : [], run, isDone: !isDue };
};

const bookingsOf = (ids: readonly string[], states: ReadonlyMap<string, NodeStateRow>) =>
  ids.map((instanceId) => {
    const known = states.get(instanceId);
    return known === undefined ? { instanceId } : { instanceId, known };
  });

/** As many more checks fit into the transaction that stores a command of 50 nodes as `sending`. */
const MAX_WANTED_BY = 20;

/** For each node that is sent to for requests alone, others than the run's: one of them. */
const wantedBy = ({ requestId }: RunState, ids: readonly string[], { rows }: NodesSeen): Pick<Commit, 'wantedBy'> => {
  const found = ids.flatMap((id) => [rows.get(id) ?? []].flat().flatMap((row) => othersIn(row, requestId).slice(0, 1)));
  const others = [...new Set(found)].filter((id) => id !== requestId);
  return others.length === 0 ? {} : { wantedBy: others.slice(0, MAX_WANTED_BY) };
};

/** A run with the notice of its end complete: what it has changed about its nodes. */
const toldOf = (before: RunState, state: RunState, inputs: RunInputs, { rules, now }: RunSeen) => {
  const early: readonly QueuedRun[] = [];
  if (!hasEnded(state)) return { state, early };
  const digest = digestOf(state, inputs.observations);
  if (before.status === 'ended') return { state, digest, early };
  const { healthy } = checkedNodes(inputs.observations);
  const told = withChanges(state, changesOf(state, digest, inputs, healthy));
  if (!isSweep(state)) return { state: told, digest, early };
  const asked = { everyMinutes: rules.sweepMinutes, limits: rules.policy.limits };
  const { sweeps, raised } = earlySweepsAfter(state, digest, asked, now);
  // The next sweep takes over which nodes have brought one forward.
  return { state: raised.length === 0 ? told : { ...told, raised }, digest, early: sweeps };
};

/** The wakes at the end of the short holds that a step begins: its run waits for them. */
const holdsOf = (run: RunState, trust: readonly TrustChange[], now: string): Effect[] =>
  trust.flatMap((change): Effect[] => {
    const { openUntil = now } = change.after.breaker ?? {};
    return hasOpened(change) && isShort(openUntil, now)
      ? [{ kind: 'wake-later', wake: wakeOf(run), at: openUntil }]
      : [];
  });

/**
 * One step of a planned run. It is done when nothing has changed, nothing is to be sent or looked for, and no entry of its
 * outbox is due.
 */
export const runStep = (seen: RunSeen): Step => {
  const { run, rules, now } = seen;
  const base = flushedRun(seen);
  const inputs = inputsOf(seen);
  const { booked, trust, effects, ...stepped } = advance(base, inputs, now, rules.policy.limits);
  const { state, digest, early } = toldOf(base, stepped.state, inputs, seen);
  const sooner: Effect[] = early.length === 0 ? [] : [{ kind: 'early-sweeps', runs: early }];
  const flush: Effect[] =
    effects.length === 0 && state.outbox.some((entry) => isEntryDue(entry, now)) ? [{ kind: 'flush' }] : [];
  const all = [...effects, ...sooner, ...flush, ...holdsOf(run, trust, now)];
  if (state === run && trust.length === 0) return { effects: all, run, isDone: all.length === 0 };
  const cluster = clusterAfter(seen, state);
  const takenBack = takenBackOf(run, seen.reports);
  const sends = effects.some((effect) => effect.kind === 'send');
  const trusted = sends && run.action === 'repair' ? currentTrust(state, inputs) : undefined;
  return {
    commit: {
      run: { before: run, after: state },
      ...defined({ digest, cluster }),
      ...(booked.length === 0 ? {} : { booked: bookingsOf(booked, seen.nodes.states) }),
      ...(takenBack.length === 0 ? {} : { takenBack }),
      ...(trust.length === 0 ? {} : { trust }),
      ...(trusted === undefined || trust.some(({ after }) => after.document === trusted.document) ? {} : { trusted }),
      ...wantedBy(run, booked, seen.nodes),
      sends,
    },
    effects: all,
    run: { ...state, version: run.version + 1 },
    isDone: false,
  };
};
