import { coolDownEnd } from '../guards/attempts.ts';
import { isAnsweredByAttempt, isAwaitingAgent, nextAgentLook } from '../guards/decide-node.ts';
import { isShort } from '../guards/holds.ts';
import { openBreakerOf } from '../guards/trust.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { NODE_CHECK } from '../model/lane-name.ts';
import { wakeLane } from '../model/wake.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import { isAnswered, isAnsweredByCheck, type PendingNode, WHOLE_CLUSTER } from '../state/pending-node.ts';
import type { QueuedRun, RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { putOffForCheck, toCheckFirst, waitForCheck } from './calm.ts';
import { isDisrupted, withClaim, withoutLeftClaim, withoutWaiting, withWaiting } from './claims.ts';
import type { NodesSeen } from './decide-now.ts';
import { heldUntil } from './in-flight.ts';
import { afterRun, dueRows, type Hold, holdOf, nextDue } from './lane.ts';
import { leftRun } from './leave.ts';
import type { Cancelled } from './outbox.ts';
import { askedCandidates, cancelledRun, checkOfRows, heldRun, nextRows, planned, putOffBy, rowsRun } from './plan.ts';
import { isDisruptive, type Rules } from './rules.ts';
import { outboxStep, type RunSeen, runStep } from './run-step.ts';
import { type Commit, DONE, type Effect, type PutOff, type Step } from './step.ts';

/** The most due rows that one step looks at. The next step looks at the others. */
const MAX_ROWS = 1000;
/** When a lane looks again whether another disruptive lane has ended. */
const CLAIM_LOOK_MS = 60_000;

/** An operator's run that waits in the lane. */
export type Queued = {
  readonly sortKey: string;
  readonly run: QueuedRun;
  readonly cancelled?: Cancelled | undefined;
  /** The nodes that it takes. */
  readonly asked: readonly string[];
};

/** What was read of a lane without an active run. */
export type IdleSeen = {
  readonly lane: LaneState;
  readonly rows: readonly PendingNode[];
  readonly queued?: Queued | undefined;
  /** Entries of the queue whose runs wait no more. */
  readonly gone: readonly string[];
  /** Why everything of this lane is paused. */
  readonly pause?: string | undefined;
  readonly cluster: ClusterState;
  /** The experience with the document of the lane's repairs. */
  readonly trust?: TrustRow | undefined;
  readonly nodes: NodesSeen;
  /** The rows that show at which of the nodes to be checked first a check looks, or is to look. */
  readonly checks?: ReadonlyMap<string, PendingNode> | undefined;
  /** ECR's answer about the image that the rows name. */
  readonly preflight?: string | undefined;
  readonly newRunId: string;
  readonly rules: Rules;
  readonly now: string;
};

/** What was read of a lane with an active run. */
export type ActiveSeen = RunSeen & { readonly lane: LaneState };

/** A lane with a check as its active run. `isHandedOver`: the check was woken in a group of its own. */
export type CheckSeen = { readonly lane: LaneState; readonly run: RunState; readonly isHandedOver: boolean };

/** Whether the lane is a cluster's check lane: its runs are handed to groups of their own. */
export const isCheckLane = ({ remediation }: Pick<LaneState, 'remediation'>): boolean => remediation === NODE_CHECK;

const isYoung = (row: PendingNode, now: string): boolean =>
  row.awaitAgentUntil !== undefined && now < row.awaitAgentUntil;

const dueOf = ({ rows, now }: Pick<IdleSeen, 'rows' | 'now'>): PendingNode[] => dueRows(rows, now).slice(0, MAX_ROWS);

const holdOn = ({ lane, pause, trust, now }: IdleSeen): Hold | undefined =>
  holdOf(isCheckLane(lane) ? undefined : trust && openBreakerOf(trust, now), pause, now);

const isStale = (row: PendingNode, { lane, nodes }: IdleSeen): boolean =>
  isAnswered(row) ||
  (!isCheckLane(lane) &&
    (isAnsweredByCheck(row) || isAnsweredByAttempt(row.lastSeenAt, nodes.states.get(row.instanceId))));

/** The nodes whose stored state a step of an idle lane needs: it shows which rows an attempt has answered. */
export const statesWanted = (seen: Omit<IdleSeen, 'nodes'>): readonly string[] =>
  isCheckLane(seen.lane) ? [] : [...dueOf(seen).map((row) => row.instanceId), ...(seen.queued?.asked ?? [])];

/** The rows whose nodes are to be checked first; none of a check lane. */
const toCheck = ({ lane, now }: IdleSeen, rows: readonly PendingNode[]): readonly PendingNode[] =>
  isCheckLane(lane) ? [] : toCheckFirst(rows, now);

/** The nodes of which a step needs to know whether a check has looked at them: those that are to be checked first. */
export const checksWanted = (seen: IdleSeen): readonly string[] =>
  toCheck(
    seen,
    dueOf(seen).filter((row) => !isStale(row, seen)),
  ).map((row) => row.instanceId);

/**
 * How a row waits for a check of its node that somebody has asked for; undefined for one of whose node the lane asks for a
 * check now. A line of a node that was repaired lately waits for the end of its cool-down: then it is answered, or checked.
 */
const waitOf = ({ checks, nodes, rules, now }: IdleSeen, { instanceId }: PendingNode) => {
  const waits = waitForCheck(checks?.get(instanceId), now);
  const until = coolDownEnd(nodes.states.get(instanceId), rules.policy.limits);
  return waits ?? (until !== undefined && until > now ? { notBefore: until } : undefined);
};

/** The rows of which the next step asks for a check; none where it does something else first. */
export const rowsToCheck = (seen: IdleSeen): readonly PendingNode[] => {
  if (holdOn(seen) !== undefined || seen.queued?.cancelled !== undefined) return [];
  const rows = dueOf(seen).filter((row) => !isStale(row, seen));
  return toCheck(seen, rows).filter((row) => waitOf(seen, row) === undefined);
};

/** The nodes whose facts a step of an idle lane needs: those of its next run, and new ones that wait for their agent. */
export const factsWanted = (seen: IdleSeen): readonly string[] => {
  const { queued, now } = seen;
  const rows = dueOf(seen).filter((row) => !isStale(row, seen));
  const young = rows.filter((row) => isYoung(row, now));
  const isFree = holdOn(seen) === undefined && queued === undefined && toCheck(seen, rows).length === 0;
  const next = isFree ? nextRows(seen, rows) : rowsToCheck(seen);
  const asked =
    queued === undefined || queued.cancelled !== undefined || holdOn(seen) !== undefined ? [] : queued.asked;
  return [...new Set([...[...young, ...next].map((row) => row.instanceId), ...asked])];
};

/** Sorts out the rows that need no run: those already answered, and new nodes whose agent is not online yet. */
const sifted = (seen: IdleSeen) => {
  const { lane, nodes, now } = seen;
  const stale: PendingNode[] = [];
  const waiting: PendingNode[] = [];
  const kept: PendingNode[] = [];
  for (const row of dueOf(seen)) {
    const facts = isYoung(row, now) ? nodes.facts.get(row.instanceId) : undefined;
    if (isStale(row, seen)) stale.push(row);
    else if (facts !== undefined && isAwaitingAgent(facts, row.awaitAgentUntil, now)) waiting.push(row);
    else kept.push(row);
  }
  const versions = (rows: readonly PendingNode[]) => rows.map((r): [string, string] => [r.instanceId, r.version]);
  const drop = { kind: 'drop' as const, lane: lane.lane, rows: versions(stale) };
  const defer = { kind: 'defer' as const, lane: lane.lane, rows: versions(waiting), notBefore: nextAgentLook(now) };
  return { kept, entries: [drop, defer].filter(({ rows }) => rows.length > 0) };
};

/** Leaves the lane without a run until a time, or until somebody wakes it. */
const idle = (seen: IdleSeen, next: string | undefined, waiting?: ClusterState): Step => {
  const { lane: before, now } = seen;
  const isWaiting = seen.cluster.waiting?.includes(before.lane) === true;
  const known = waiting ?? (isWaiting ? withoutWaiting(seen.cluster, before.lane) : seen.cluster);
  const { cluster, until } = withoutLeftClaim(known, before.lane, now);
  const [dueAt] = [next, until].filter((time) => time !== undefined).toSorted();
  const { dueAt: earlier, ...rest } = before;
  // A lane that was never stored has nothing to store.
  if (before.version === 0 && earlier === undefined && dueAt === undefined) return DONE;
  return {
    commit: {
      lane: { before, after: { ...rest, ...defined({ dueAt }) }, isIdle: true },
      ...(cluster === seen.cluster ? {} : { cluster: { before: seen.cluster, after: cluster } }),
    },
    // Scheduler wakes what is due each minute.
    effects:
      dueAt !== undefined && dueAt !== earlier && isShort(dueAt, now)
        ? [{ kind: 'wake-later', wake: wakeLane(before.lane), at: dueAt }]
        : [],
    isDone: true,
  };
};

/** Makes a run the lane's active one. The run, the lane and the claim of the cluster are stored together. */
const begin = (seen: IdleSeen, run: NonNullable<Commit['run']>, unqueued?: string): Step => {
  const { lane: before, cluster, rules, now } = seen;
  const claims =
    run.after.status !== 'ended' && run.after.action === 'repair' && isDisruptive(rules, before.remediation);
  const dueAt = before.dueAt !== undefined && before.dueAt < now ? before.dueAt : now;
  return {
    commit: {
      lane: { before, after: { ...before, activeRunId: run.after.runId, dueAt }, isIdle: false },
      run,
      ...(claims ? { cluster: { before: cluster, after: withClaim(cluster, before.lane, run.after.runId, now) } } : {}),
      ...defined({ unqueued }),
    },
    effects: [],
    isDone: false,
  };
};

/** Records once for each waiting row why the lane does not act on it. The record is a run that is over from the start. */
const hold = (seen: IdleSeen, rows: readonly PendingNode[], why: Hold): Step => {
  // Nobody needs to know of a breaker that is open for seconds.
  const isTold = why.skipReason !== 'BreakerOpen' || !isShort(why.until, seen.now);
  const told = (isTold ? rows : []).filter((row) => row.skipped !== why.skipReason && row.instanceId !== WHOLE_CLUSTER);
  if (told.length > 0) return begin(seen, { before: undefined, after: heldRun(seen, told, why) });
  const isEmpty = seen.rows.length === 0 && seen.queued === undefined;
  return idle(seen, isEmpty ? undefined : why.until);
};

/**
 * Has the nodes of rows checked, in a run of its own. The rows stay in the lane: what the check finds brings each back before
 * its time, and the repair that follows answers the lines. One without a finding is checked again only for a later line.
 */
const checkFirst = (seen: IdleSeen, rows: readonly PendingNode[]): Step => {
  const { lane } = seen;
  const entries = rows.flatMap((row): PutOff[] => {
    const wait = waitOf(seen, row);
    return wait === undefined ? [] : [putOffForCheck(lane.lane, [[row.instanceId, row.version]], wait)];
  });
  const waiting: readonly Effect[] = entries.length === 0 ? [] : [{ kind: 'await-check', entries }];
  const unseen = rows.filter((row) => waitOf(seen, row) === undefined);
  if (unseen.length === 0) return { effects: waiting, isDone: false };
  const after = checkOfRows(seen, unseen);
  const putOff = putOffBy(after);
  if (putOff.length > 0) return { effects: [...waiting, { kind: 'look-again', entries: putOff }], isDone: false };
  return { ...begin(seen, { before: undefined, after }), effects: waiting };
};

/**
 * One step of a lane without an active run. Rows that need no run go first; a cancelled run comes before any plan; then a
 * pause or a breaker holds; then nodes that log lines alone report are checked first, where they are many; then an operator's
 * run is started before one for the lane's rows.
 */
export const idleStep = (seen: IdleSeen): Step => {
  const { lane, rules, queued, now, cluster } = seen;
  const { kept, entries } = sifted(seen);
  if (entries.length > 0) return { effects: [{ kind: 'rows', entries }], isDone: false };
  if (seen.gone.length > 0)
    return { effects: [{ kind: 'unqueue', lane: lane.lane, sortKeys: seen.gone }], isDone: false };
  if (queued?.cancelled !== undefined) {
    const after = cancelledRun(queued.run, queued.asked, queued.cancelled, now);
    return begin(seen, { before: queued.run, after }, queued.sortKey);
  }
  const why = holdOn(seen);
  if (why !== undefined) return hold(seen, kept, why);
  const first = toCheck(seen, kept);
  if (first.length > 0) return checkFirst(seen, first);
  const rows = nextRows(seen, kept);
  if (queued === undefined && rows.length === 0) {
    const later = seen.rows.filter((row) => row.notBefore !== undefined && row.notBefore > now);
    return idle(seen, nextDue([...later, ...dueRows(seen.rows, now).slice(MAX_ROWS)], now));
  }
  if (isDisruptive(rules, lane.remediation) && isDisrupted(cluster, lane.lane, now)) {
    return idle(seen, isoTime(epochMs(now) + CLAIM_LOOK_MS), withWaiting(cluster, lane.lane));
  }
  if (queued !== undefined) {
    const after = planned(seen, queued.run, askedCandidates(queued.asked));
    return begin(seen, { before: queued.run, after }, queued.sortKey);
  }
  const after = rowsRun(seen, rows);
  const putOff = putOffBy(after);
  if (putOff.length > 0) return { effects: [{ kind: 'look-again', entries: putOff }], isDone: false };
  return begin(seen, { before: undefined, after });
};

/** The lane without its run: ended, or handed to a group of its own. It stays due, so that its rows are read again. */
const cleared = (lane: LaneState, next: LaneState): Step => ({
  commit: { lane: { before: lane, after: next, isIdle: false } },
  effects: [],
  isDone: false,
});

/** One step of a lane with a check as its active run: it is handed to a group of its own, and the lane goes on. */
export const handOverStep = ({ lane, run, isHandedOver }: CheckSeen): Step => {
  const { activeRunId, ...rest } = lane;
  return isHandedOver ? cleared(lane, rest) : { effects: [{ kind: 'hand-over' }], run, isDone: false };
};

/** One step of a lane with an active repair: a step of the run, and the lane's next state when the run is over. */
export const activeStep = (seen: ActiveSeen): Step => {
  const { lane, run } = seen;
  const step = runStep(seen);
  return (step.isDone ? leaveStep(seen) : undefined) ?? overStep(lane, run, step);
};

/** The lane goes on without a run that waits for silent nodes alone. Disruptive runs exclude one another until their end. */
const leaveStep = ({ lane, run, rules, now }: ActiveSeen): Step | undefined => {
  const after = isDisruptive(rules, lane.remediation) ? undefined : leftRun(run, now, rules.policy.limits);
  if (after === undefined) return undefined;
  const left = [
    ...(lane.left ?? []).filter(({ until }) => until > now),
    { runId: run.runId, until: heldUntil(run, now) },
  ];
  const step = cleared(lane, { ...afterRun(lane, after), left });
  return { ...step, commit: { ...step.commit, run: { before: run, after } } };
};

/** The lane without its run, after the last step of the run. */
const overStep = (lane: LaneState, run: RunState, step: Step): Step =>
  run.status === 'ended' && step.isDone ? cleared(lane, afterRun(lane, run)) : step;

/** One step of a lane whose run has ended as `Stuck`: nothing about it is read any more. */
export const stuckLaneStep = (lane: LaneState, seen: Parameters<typeof outboxStep>[0]): Step =>
  overStep(lane, seen.run, outboxStep(seen));
