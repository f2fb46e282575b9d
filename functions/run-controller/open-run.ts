import { wakeRun } from '../../core/model/wake.ts';
import { dueRows } from '../../core/runs/lane.ts';
import { answeredOf } from '../../core/runs/outbox.ts';
import type { Candidate } from '../../core/runs/settle.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import { type PendingNode, rowsForRun, WHOLE_CLUSTER } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { isCheckLane, laneRun } from './lane-run.ts';
import { createRun, saveRun } from './log-milestones.ts';
import { performOutbox } from './outbox.ts';
import { planRun } from './plan-run.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { requestedNodes } from './requested-nodes.ts';
import { endCancelled, isCancelled, withoutCancelled } from './settle-cancelled.ts';

/** Plans a requested run, and stores the plan. */
export const planAsked = async (
  deps: RunControllerPorts,
  run: RunState,
  lane: LaneState | undefined,
  signal: AbortSignal,
): Promise<RunState> => {
  if (await isCancelled(deps, run)) return await endCancelled(deps, run);
  const candidates = (await requestedNodes(deps, run)).map((instanceId): Candidate => ({ instanceId }));
  return await saveRun(deps, run, await planRun(deps, run, candidates, lane, signal));
};

/** A check of every node of the cluster, planned in the run's own group like a sweep. */
const clusterRun = (deps: RunControllerPorts, lane: LaneState, runId: string, row: PendingNode): RunState => {
  const { clusterCheckCoolDownSeconds } = deps.settings.policy.limits;
  return {
    ...laneRun(deps, lane, runId, [row]),
    slice: { from: 0 },
    outbox: answeredOf(lane.lane, [[row.instanceId, row.version]], nowIso(deps), clusterCheckCoolDownSeconds),
  };
};

/** Stores a new run. If a run with this id exists after a crash, that run is kept. */
const keep = async (deps: RunControllerPorts, run: RunState): Promise<RunState> => {
  if (await createRun(deps, run)) return run;
  const first = await deps.runs.get(run.runId);
  if (first === undefined) throw new Error(`opening run ${run.runId}: it was there and is gone`);
  return first;
};

/** The lane's run as it is to be driven: stored and planned, whatever a crash left of it. */
export const openRun = async (
  deps: RunControllerPorts,
  lane: LaneState,
  runId: string,
  signal: AbortSignal,
): Promise<RunState> => {
  const stored = await deps.runs.get(runId);
  if (stored !== undefined) return stored.status === 'queued' ? await planAsked(deps, stored, lane, signal) : stored;
  const { limits } = deps.settings.policy;
  const max = isCheckLane(lane) ? limits.maxNodesPerCheckRun : limits.maxNodesPerRepairRun;
  const due = dueRows(await deps.lanes.pendingNodes(lane.lane), nowIso(deps));
  const whole = due.find((row) => row.instanceId === WHOLE_CLUSTER);
  const live = await withoutCancelled(
    deps,
    lane,
    due.filter((row) => row !== whole),
  );
  const rows = rowsForRun(live, max);
  if (whole !== undefined) return await keep(deps, clusterRun(deps, lane, runId, whole));
  const candidates: Candidate[] = rows.map((row) => ({ instanceId: row.instanceId, row }));
  const planned = await planRun(
    deps,
    laneRun(deps, lane, runId, rows),
    candidates,
    isCheckLane(lane) ? undefined : lane,
    signal,
  );
  // The rows of a check wait for its cool-down. Otherwise the next turn of the lane would take them again.
  const taken = isCheckLane(lane)
    ? answeredOf(lane.lane, planned.pending, nowIso(deps), limits.checkCoolDownSeconds)
    : [];
  const run: RunState = { ...planned, outbox: [...planned.outbox, ...taken] };
  return await keep(deps, run);
};

/** Hands a check run to its own group. Its outbox entries for the lane's rows are performed before the lane continues. */
export const handOver = async (deps: RunControllerPorts, run: RunState): Promise<void> => {
  await performOutbox(
    deps,
    run,
    run.outbox.filter((e) => e.kind === 'defer'),
  );
  await deps.wakes.wake([wakeRun(run.runId)]);
};
