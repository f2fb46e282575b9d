import { NO_NEWS, silentLast } from '../guards/registry.ts';
import { becauseOnce } from '../model/because.ts';
import { defined, without } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName, laneName, NODE_CHECK } from '../model/lane-name.ts';
import type { LaneState } from '../state/lane-state.ts';
import { becauseOfRows, type PendingNode, rowsForRun, soleRequestOf, WHOLE_CLUSTER } from '../state/pending-node.ts';
import { type EndedRun, isSweep, type QueuedRun, type RunningRun, type RunState } from '../state/run-state.ts';
import { checkedBefore, putOffForCheck } from './calm.ts';
import { decisionInputs, type NodesSeen } from './decide-now.ts';
import { type Hold, newLane } from './lane.ts';
import { answeredOf, becausesOf, type Cancelled, merged, resultsOf, unsentText } from './outbox.ts';
import { queuedRun } from './queued-run.ts';
import type { Rules } from './rules.ts';
import { endNotice } from './run-end.ts';
import type { Candidate } from './settle.ts';
import { startRun } from './start.ts';
import type { PutOff, Step } from './step.ts';

/** What a plan rests on. */
export type PlanSeen = {
  readonly lane?: LaneState | undefined;
  readonly nodes: NodesSeen;
  readonly preflight?: string | undefined;
  readonly rules: Rules;
  readonly now: string;
};
type LaneSeen = PlanSeen & { readonly lane: LaneState; readonly newRunId: string };

const isCheck = ({ remediation }: LaneState): boolean => remediation === NODE_CHECK;

/** The nodes of a request as candidates: none has a pending row. */
export const askedCandidates = (asked: readonly string[]): readonly Candidate[] =>
  asked.map((instanceId) => ({ instanceId }));

/** The due rows that the lane's next run takes: one for the whole cluster alone, or as many as a run has nodes. */
export const nextRows = (
  { lane, rules, now }: Pick<LaneSeen, 'lane' | 'rules' | 'now'>,
  due: readonly PendingNode[],
): readonly PendingNode[] => {
  const whole = due.find((row) => row.instanceId === WHOLE_CLUSTER);
  if (whole !== undefined) return [whole];
  const { maxNodesPerCheckRun, maxNodesPerRepairRun } = rules.policy.limits;
  return rowsForRun(
    silentLast(lane.registry ?? NO_NEWS, isCheck(lane) ? due : checkedBefore(due, now)),
    isCheck(lane) ? maxNodesPerCheckRun : maxNodesPerRepairRun,
  );
};

/** The plan of a queued run over these candidates. */
export const planned = (seen: PlanSeen, queued: QueuedRun, candidates: readonly Candidate[]): RunningRun => {
  const lane = queued.action === 'check' ? undefined : seen.lane;
  const inputs = decisionInputs(queued, seen.nodes, seen.rules, seen.now);
  const run = startRun(queued, { ...inputs, candidates, ...defined({ lane }) });
  const isAsked = queued.action === 'repair' && run.pending.length > 0;
  return isAsked ? { ...run, ...defined({ preflight: seen.preflight }) } : run;
};

/** A queued run over pending nodes of a lane. */
export const laneRun = (
  { lane, newRunId, rules, now }: Omit<LaneSeen, 'nodes'>,
  rows: readonly PendingNode[],
): QueuedRun => {
  const action = isCheck(lane) ? 'check' : 'repair';
  return queuedRun({
    runId: newRunId,
    requestId: rows.map(soleRequestOf).find((id) => id !== undefined),
    cluster: lane.cluster,
    remediation: lane.remediation,
    action,
    group: isCheck(lane) ? newRunId : lane.lane,
    lane: laneName(lane.cluster, lane.remediation),
    document: { key: isCheck(lane) ? NODE_CHECK : `${lane.remediation}-repair` },
    because: becauseOfRows(rows) ?? becauseOnce({ kind: 'event' }, lane.lane, now),
    now,
    limits: rules.policy.limits,
  });
};

/**
 * The run over the lane's next rows. The rows of a check are kept for its cool-down: otherwise the next step of the lane
 * would take them again. A row for the whole cluster becomes a queued check, planned in its own group like a sweep.
 */
export const rowsRun = (seen: LaneSeen, rows: readonly PendingNode[]): QueuedRun | RunningRun => {
  const { lane, now, rules } = seen;
  const { clusterCheckCoolDownSeconds, checkCoolDownSeconds } = rules.policy.limits;
  const queued = laneRun(seen, rows);
  const [first] = rows;
  if (first?.instanceId === WHOLE_CLUSTER) {
    const answered = answeredOf(lane.lane, [[first.instanceId, first.version]], now, clusterCheckCoolDownSeconds);
    return { ...queued, slice: { from: 0 }, outbox: answered };
  }
  const run = planned(
    seen,
    queued,
    rows.map((row) => ({ instanceId: row.instanceId, row })),
  );
  if (!isCheck(lane)) return run;
  return { ...run, outbox: [...run.outbox, ...answeredOf(lane.lane, run.pending, now, checkCoolDownSeconds)] };
};

/**
 * The check of a lane of repairs, in a group of its own. Its rows stay in their lane: what the check finds brings each back
 * before its time, and one without a finding is answered.
 */
export const checkOfRows = (seen: LaneSeen, rows: readonly PendingNode[]): QueuedRun | RunningRun => {
  const { lane, now, rules } = seen;
  const { checkCoolDownSeconds, maxNodesPerCheckRun } = rules.policy.limits;
  const taken = rows.slice(0, maxNodesPerCheckRun);
  const check = { ...seen, lane: newLane(checkLaneName(lane.cluster)) };
  const queued: QueuedRun = { ...laneRun(check, taken), lane: lane.lane };
  const run = planned(
    check,
    queued,
    taken.map((row) => ({ instanceId: row.instanceId, row })),
  );
  if (run.pending.length === 0) return run;
  const wait = { notBefore: isoTime(epochMs(now) + checkCoolDownSeconds * 1000), decidedAt: now };
  return { ...run, outbox: [...run.outbox, putOffForCheck(lane.lane, run.pending, wait)] };
};

/**
 * The changes to the lane's rows, where the run over them does nothing but put them off: a fact about each node could not be
 * read. Such a run is not stored: it would stand beside the run that acts, once for each look.
 */
export const putOffBy = (run: QueuedRun | RunningRun): readonly PutOff[] => {
  if (run.status === 'queued' || run.pending.length > 0 || Object.keys(run.settled).length > 0) return [];
  const entries = run.outbox.filter((entry) => entry.kind === 'defer');
  return entries.length === run.outbox.length ? entries : [];
};

/** The record of a decision not to act on rows: a run that is over from the start. `runs` shows it. */
export const heldRun = (
  seen: LaneSeen,
  rows: readonly PendingNode[],
  { skipReason, until, message }: Hold,
): EndedRun => {
  const { lane, now } = seen;
  const run = laneRun(seen, rows);
  const results = rows.flatMap((row) => {
    const told = { outcome: 'Skipped', skipReason, reason: row.reason, message } as const;
    return resultsOf([row.instanceId], told, now, becausesOf(run, [row]));
  });
  return {
    ...run,
    status: 'ended',
    endedAt: now,
    end: 'Stopped',
    settled: { [skipReason]: rows.length },
    stopped: { reason: skipReason, at: now },
    outbox: [
      ...merged(results),
      {
        kind: 'defer',
        lane: lane.lane,
        rows: rows.map((row) => [row.instanceId, row.version]),
        notBefore: until,
        skipReason,
        decidedAt: now,
      },
    ],
  };
};

/** The state of a run that ends without a command, because its request is cancelled. Nothing about its nodes is asked. */
export const cancelledRun = (run: QueuedRun, nodes: readonly string[], { why }: Cancelled, now: string): EndedRun => {
  const settled = nodes.length === 0 ? {} : { Cancelled: nodes.length };
  const stopped = { reason: 'Cancelled' as const, at: now, ...defined({ why }) };
  const over = { status: 'ended', startedAt: now, endedAt: now, end: 'Cancelled' } as const;
  const ended: EndedRun = { ...without(run, 'failures'), ...over, settled, stopped };
  const results = resultsOf(nodes, unsentText(ended, stopped), now);
  return { ...ended, outbox: [...run.outbox, ...results, endNotice(ended, settled, now)] };
};

/** How often a check that a pause holds back is looked at. */
const PAUSE_LOOK_MS = 60_000;

/**
 * A step of a queued check under a pause of everything. A sweep ends without a command and without rows, since the next one
 * looks at the same nodes. Any other check waits for the end of the pause.
 */
export const heldCheck = (before: QueuedRun, now: string): Step => {
  const stopped = { reason: 'Paused', at: now } as const;
  const after: RunState = isSweep(before)
    ? { ...without(before, 'failures'), status: 'ended', startedAt: now, endedAt: now, end: 'Stopped', stopped }
    : { ...before, dueAt: isoTime(epochMs(now) + PAUSE_LOOK_MS) };
  return { commit: { run: { before, after } }, effects: [], isDone: true };
};
