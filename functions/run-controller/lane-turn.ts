import { isAnsweredByAttempt, isAwaitingAgent, nextAgentLook } from '../../core/guards/decide-node.ts';
import { pauseText } from '../../core/guards/pause.ts';
import { epochMs, isoTime } from '../../core/model/ids.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { clusterPolicy } from '../../core/model/policy.ts';
import { wakeLane } from '../../core/model/wake.ts';
import { afterRun, dueRows, holdOf, newLane, nextDue } from '../../core/runs/lane.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import { isAnswered, type PendingNode } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { driveRun } from './drive-run.ts';
import { isCheckLane, laneRun } from './lane-run.ts';
import { saveLane } from './log-milestones.ts';
import { handOver, openRun } from './open-run.ts';
import { performOutbox } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { recordHold } from './record-hold.ts';
import { settleCancelled } from './settle-cancelled.ts';
import { claimDisruption, endDisruption } from './slots.ts';

/** The most due rows that one turn processes. The next turn processes the others. */
const MAX_ROWS = 1000;
/** Runs that one wake may start one after the other, for example where nothing had to be sent. */
const MAX_TURNS = 8;

/** Removes pending nodes that need no run: those already answered, and those last seen before the last repair. */
const tidy = async (
  deps: RunControllerPorts,
  lane: LaneState,
  rows: readonly PendingNode[],
): Promise<PendingNode[]> => {
  const states = isCheckLane(lane)
    ? new Map()
    : await deps.results.nodeStates(
        rows.map((r) => r.instanceId),
        lane.remediation,
      );
  const kept: PendingNode[] = [];
  for (const row of rows) {
    if (!isAnswered(row) && !isAnsweredByAttempt(row.lastSeenAt, states.get(row.instanceId))) {
      kept.push(row);
      continue;
    }
    deps.log.info('dropping stale pending node', {
      lane: lane.lane,
      instanceId: row.instanceId,
      lastSeenAt: row.lastSeenAt,
    });
    deps.count('StalePendingNode');
    await deps.lanes.drop(row);
  }
  return kept;
};

/** Defers new nodes whose agent is not online yet. No function waits for them, and no run is created. */
const withoutWaiting = async (
  deps: RunControllerPorts,
  lane: LaneState,
  rows: readonly PendingNode[],
): Promise<{ readonly ready: readonly PendingNode[]; readonly lookAt: readonly string[] }> => {
  const now = nowIso(deps);
  const young = rows.filter((r) => r.awaitAgentUntil !== undefined && now < r.awaitAgentUntil);
  if (young.length === 0) return { ready: rows, lookAt: [] };
  const facts = await deps.fleet.describe(
    lane.cluster,
    young.map((r) => r.instanceId),
  );
  const waiting = young.filter((row) => {
    const known = facts.get(row.instanceId);
    return known !== undefined && isAwaitingAgent(known, row.awaitAgentUntil, now);
  });
  if (waiting.length === 0) return { ready: rows, lookAt: [] };
  const notBefore = nextAgentLook(now);
  const ids = waiting.map((r): [string, string] => [r.instanceId, r.version]);
  await performOutbox(deps, laneRun(deps, lane, '', waiting), [
    { kind: 'defer', lane: lane.lane, rows: ids, notBefore },
  ]);
  deps.count('AwaitingAgent', waiting.length);
  return { ready: rows.filter((r) => !waiting.includes(r)), lookAt: [notBefore] };
};

/** The first queued run of an operator, if there is one. Entries of runs that have started or ended are removed. */
const firstQueued = async (deps: RunControllerPorts, lane: LaneState): Promise<string | undefined> => {
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane.lane)) {
    const run = await deps.runs.get(runId);
    if (run?.status === 'queued') return runId;
    await deps.lanes.removeQueuedRun(lane.lane, sortKey);
  }
  return undefined;
};

type Next = { readonly runId: string } | { readonly dueAt: string | undefined };

/** The lane's next run: an operator's before one for its pending nodes. */
const nextOf = async (deps: RunControllerPorts, lane: LaneState): Promise<Next> => {
  const now = nowIso(deps);
  const pause = await deps.results.pauseFor(lane.cluster, isCheckLane(lane) ? 'check' : 'repair', now);
  const hold = holdOf(lane, pause && pauseText(pause), now);
  const { understood: all, unreadable } = await deps.lanes.readPending(lane.lane);
  for (const { problem } of unreadable) {
    deps.log.error('leaving out a pending node that cannot be read', { lane: lane.lane, problem });
    deps.count('UnreadableRow');
  }
  const due = dueRows(all, now);
  const { ready: rows, lookAt } = await withoutWaiting(deps, lane, await tidy(deps, lane, due.slice(0, MAX_ROWS)));
  const queued = await firstQueued(deps, lane);
  if (hold !== undefined) {
    await recordHold(deps, lane, rows, hold);
    return { dueAt: all.length === 0 && queued === undefined ? undefined : hold.until };
  }
  if (queued !== undefined) return { runId: queued };
  if (rows.length > 0) return { runId: deps.newRunId() };
  const later = all.filter((r) => r.notBefore !== undefined && r.notBefore > now);
  const times = [nextDue([...later, ...due.slice(MAX_ROWS)], now), ...lookAt].filter((t) => t !== undefined);
  return { dueAt: times.toSorted()[0] };
};

const isDisruptive = (deps: RunControllerPorts, lane: LaneState): boolean =>
  deps.settings.remediations.some((r) => r.name === lane.remediation && r.disruptive);

/** Starts the lane's next run, in the lane's own state first; undefined where it starts none. */
const startNext = async (deps: RunControllerPorts, lane: LaneState): Promise<LaneState | undefined> => {
  const { dueAt, ...rest } = lane;
  const next = await nextOf(deps, lane);
  if ('dueAt' in next) {
    // After a crash, the disruption claim of a run that was never stored may remain.
    if (isDisruptive(deps, lane)) await endDisruption(deps, lane.cluster, lane.lane);
    await deps.lanes.save(next.dueAt === undefined ? rest : { ...rest, dueAt: next.dueAt });
    return undefined;
  }
  if (
    isDisruptive(deps, lane) &&
    !(await claimDisruption(deps, lane.cluster, { lane: lane.lane, runId: next.runId }))
  ) {
    await deps.lanes.save({ ...rest, dueAt: isoTime(epochMs(nowIso(deps)) + 60_000) });
    return undefined;
  }
  return await deps.lanes.save({ ...rest, activeRunId: next.runId, dueAt: nowIso(deps) });
};

const endRun = async (deps: RunControllerPorts, lane: LaneState, run: RunState): Promise<LaneState> => {
  const after = afterRun(lane, run, nowIso(deps), deps.settings.policy.limits);
  await performOutbox(deps, run, after.outbox);
  if (isDisruptive(deps, lane)) await endDisruption(deps, lane.cluster, lane.lane);
  return await saveLane(deps, lane, after.lane);
};

/** Reads the lane, and marks its wake as received, so that a later signal sends a new one. */
const answered = async (deps: RunControllerPorts, name: string): Promise<LaneState> => {
  const stored = await deps.lanes.get(name);
  // An operator's run may be queued before its lane has an item.
  if (stored?.calledAt === undefined) return stored ?? newLane(name);
  await deps.lanes.answerCall(name);
  const { calledAt, ...lane } = stored;
  return lane;
};

/** One turn of a lane: continues its run, or starts the next one, until nothing is left to do now. */
export const laneTurn = async (deps: RunControllerPorts, name: string, signal: AbortSignal): Promise<void> => {
  let lane = await answered(deps, name);
  if (lane.version === 0 && clusterPolicy(deps.settings.policy, lane.cluster) === undefined) {
    deps.log.warn('ignoring wake for a lane of a cluster that the policy does not list', { lane: name });
    return;
  }
  await settleCancelled(deps, lane);
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    if (lane.activeRunId === undefined) {
      const started = await startNext(deps, lane);
      if (started === undefined) return;
      lane = started;
    }
    const opened = await openRun(deps, lane, lane.activeRunId ?? '', signal);
    if (lane.remediation === NODE_CHECK) {
      await handOver(deps, opened);
      const { activeRunId, ...rest } = lane;
      lane = await deps.lanes.save(rest);
      continue;
    }
    const run = await driveRun(deps, opened, signal);
    if (run.status !== 'ended') {
      await deps.lanes.save({ ...lane, dueAt: run.dueAt });
      return;
    }
    lane = await endRun(deps, lane, run);
  }
  await deps.wakes.wake([wakeLane(name)]);
};
