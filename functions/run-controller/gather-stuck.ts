import type { Step } from '../../core/runs/step.ts';
import { stuckRecord, stuckRun, stuckStep } from '../../core/runs/stuck.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

const seenOf = (deps: RunControllerPorts, lane: LaneState, problem = 'its turns failed') => ({
  lane,
  message: lane.failures?.message ?? problem,
  newRunId: deps.newRunId(),
  rules: deps.settings,
  now: nowIso(deps),
});

/** Ends the active run of a lane: its turns fail, or it is not stored, or it cannot be read. */
export const endActive = async (deps: RunControllerPorts, lane: LaneState): Promise<Step> => {
  const runId = lane.activeRunId ?? '';
  const stored = await deps.runs.read(runId);
  if (stored.kind === 'run') return stuckStep({ ...seenOf(deps, lane), run: stored.run });
  const problem = stored.kind === 'absent' ? `the run ${runId} is not stored` : stored.problem;
  await deps.runs.putAside(runId);
  deps.log.error('putting aside a run that cannot be read', { lane: lane.lane, runId, problem });
  const salvaged = stored.kind === 'absent' ? undefined : stored;
  return stuckStep({ ...seenOf(deps, lane), message: problem, run: undefined, salvaged });
};

/** The first run of a lane's queue that waits, or cannot be read. */
const firstQueued = async (deps: RunControllerPorts, lane: string) => {
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane)) {
    const stored = await deps.runs.read(runId);
    const isOver = stored.kind === 'absent' || (stored.kind === 'run' && stored.run.status !== 'queued');
    if (!isOver) return { runId, sortKey, stored };
  }
  return undefined;
};

/** Takes the first run out of the queue of a lane, because it cannot be read or planned; undefined where none waits. */
export const endQueued = async (deps: RunControllerPorts, lane: LaneState): Promise<Step | undefined> => {
  const first = await firstQueued(deps, lane.lane);
  if (first === undefined) return undefined;
  const { runId, sortKey, stored } = first;
  const seen = seenOf(deps, lane);
  if (stored.kind === 'unreadable') {
    await deps.runs.putAside(runId);
    deps.log.error('putting aside a run that cannot be read', { lane: lane.lane, runId, problem: stored.problem });
  }
  const run =
    stored.kind === 'run'
      ? { before: stored.run, after: stuckRun(stored.run, seen.message, seen.rules, seen.now) }
      : { before: undefined, after: stuckRecord({ ...seen, message: stored.problem }, runId) };
  const { failures, ...rest } = lane;
  const after = { ...rest, activeRunId: run.after.runId, dueAt: lane.dueAt ?? seen.now };
  return {
    commit: { lane: { before: lane, after, isIdle: false }, run, unqueued: sortKey },
    effects: [],
    isDone: false,
  };
};

/** Ends a check in its own group whose turns fail. */
export const endStuckRun = (deps: RunControllerPorts, before: RunState): Step => {
  const after = stuckRun(before, before.failures?.message ?? '', deps.settings, nowIso(deps));
  return { commit: { run: { before, after } }, effects: [], isDone: false };
};
