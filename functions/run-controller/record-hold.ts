import type { Hold } from '../../core/runs/lane.ts';
import { becausesOf, merged, resultsOf } from '../../core/runs/outbox.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { OutboxEntry } from '../../core/state/outbox-entry.ts';
import { type PendingNode, WHOLE_CLUSTER } from '../../core/state/pending-node.ts';
import { laneRun } from './lane-run.ts';
import { createRun } from './log-milestones.ts';
import { performOutbox } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** Records once for each waiting row why the lane does not act on it. */
export const recordHold = async (
  deps: RunControllerPorts,
  lane: LaneState,
  rows: readonly PendingNode[],
  { skipReason, until, message }: Hold,
): Promise<void> => {
  const told = rows.filter((r) => r.skipped !== skipReason && r.instanceId !== WHOLE_CLUSTER);
  if (told.length === 0) return;
  const now = nowIso(deps);
  const run = laneRun(deps, lane, deps.newRunId(), told);
  const results = told.flatMap((row) =>
    resultsOf(
      [row.instanceId],
      { outcome: 'Skipped', skipReason, reason: row.reason, message },
      now,
      becausesOf(run, [row]),
    ),
  );
  const defer: OutboxEntry = {
    kind: 'defer',
    lane: lane.lane,
    rows: told.map((row) => [row.instanceId, row.version]),
    notBefore: until,
    skipReason,
    decidedAt: now,
  };
  await performOutbox(deps, run, merged(results));
  // The record of a decision not to act is a run too, over from the start: `runs` shows it.
  await createRun(deps, {
    ...run,
    status: 'ended',
    endedAt: now,
    settled: { [skipReason]: told.length },
    stopped: { reason: skipReason, at: now },
  });
  // Last, so that a crash leads to a second record rather than to none.
  await performOutbox(deps, run, [defer]);
};
