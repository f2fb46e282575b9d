import { becauseOnce } from '../../core/model/because.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import { becauseOfRows, type PendingNode, soleRequestOf } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { documentOf } from './plan-run.ts';
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
    requestId: rows.map(soleRequestOf).find((id) => id !== undefined),
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
