import { becauseOnce } from '../../core/model/because.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { wakeRun } from '../../core/model/wake.ts';
import { dueRows } from '../../core/runs/lane.ts';
import { answeredOf } from '../../core/runs/outbox.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import type { Candidate } from '../../core/runs/settle.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import { becauseOfRows, type PendingNode, WHOLE_CLUSTER } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { createRun, saveRun } from './log-milestones.ts';
import { performOutbox } from './outbox.ts';
import { documentOf, planRun } from './plan-run.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** Whether the lane is a cluster's check lane: its runs are handed to groups of their own. */
export const isCheckLane = (lane: LaneState): boolean => lane.remediation === NODE_CHECK;

/** A run over the pending nodes of a lane. */
export const laneRun = (
  deps: RunControllerPorts,
  lane: LaneState,
  runId: string,
  rows: readonly PendingNode[],
): RunState =>
  queuedRun({
    runId,
    cluster: lane.cluster,
    remediation: lane.remediation,
    action: isCheckLane(lane) ? 'check' : 'repair',
    group: isCheckLane(lane) ? runId : lane.lane,
    lane: lane.lane,
    document: documentOf(deps, isCheckLane(lane) ? NODE_CHECK : `${lane.remediation}-repair`),
    because: becauseOfRows(rows) ?? becauseOnce({ kind: 'event' }, lane.lane, nowIso(deps)),
    now: nowIso(deps),
    limits: deps.settings.policy.limits,
  });

/** The nodes of the cluster that are not EC2 instances. If they cannot be read, the run continues without them. */
const beyondEc2Of = async (deps: RunControllerPorts, cluster: string): Promise<readonly string[]> => {
  const others = await deps.beyondEc2(cluster);
  if (others.ok) return others.value;
  deps.log.warn('leaving out nodes without an EC2 instance', { cluster, message: others.error });
  deps.count('BeyondEc2Unread');
  return [];
};

/**
 * The nodes of a requested run, at most as many as one run takes. The other nodes get runs of their own, which are stored
 * and queued before this run is planned, so that a crash does not lose them.
 */
const askedOf = async (deps: RunControllerPorts, run: RunState): Promise<readonly Candidate[]> => {
  const { limits } = deps.settings.policy;
  const isRepair = run.action === 'repair';
  const max = isRepair ? limits.maxNodesPerRepairRun : limits.maxNodesPerCheckRun;
  const listed = run.asked ?? (await deps.fleet.list(run.cluster)).map(({ instanceId }) => instanceId);
  const asked = [...new Set(listed)];
  const others = run.asked === undefined ? await beyondEc2Of(deps, run.cluster) : [];
  for (let part = 2, start = max; start < asked.length; part++, start += max) {
    const runId = `${run.runId}-${part}`;
    const group = isRepair ? run.group : runId;
    await deps.runs.create({ ...run, runId, group, version: 0, asked: asked.slice(start, start + max) });
    if (isRepair) await deps.lanes.queueRun(run.group, run.createdAt, runId);
    else await deps.wakes.wake([wakeRun(runId)]);
  }
  return [...asked.slice(0, max), ...others].map((instanceId) => ({ instanceId }));
};

/** Plans a requested run, and stores the plan. */
export const planAsked = async (
  deps: RunControllerPorts,
  run: RunState,
  lane: LaneState | undefined,
  signal: AbortSignal,
): Promise<RunState> => await saveRun(deps, run, await planRun(deps, run, await askedOf(deps, run), lane, signal));

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
  const rows = due.filter((row) => row !== whole).slice(0, max);
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
