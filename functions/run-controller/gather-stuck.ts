import { lookAfter } from '../../core/guards/look.ts';
import { checkLaneName } from '../../core/model/lane-name.ts';
import { awaitsResults } from '../../core/runs/in-flight.ts';
import { newLane } from '../../core/runs/lane.ts';
import { outboxStep, type RunSeen, runStep } from '../../core/runs/run-step.ts';
import { DONE, type Step } from '../../core/runs/step.ts';
import { stuckRecord, stuckRun, stuckStep } from '../../core/runs/stuck.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { EndedRun, QueuedRun, RunningRun, RunState, SalvagedRun } from '../../core/state/run-state.ts';
import { isThrottled } from '../adapters/unread.ts';
import { asError } from '../runtime/errors.ts';
import type { Done } from './done.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { tellUnreadable } from './tell-unreadable.ts';

const seenOf = (deps: RunControllerPorts, lane: LaneState, problem = 'its turns failed') => ({
  lane,
  message: lane.failures?.message ?? problem,
  newRunId: deps.newRunId(),
  rules: deps.settings,
  now: nowIso(deps),
});

/** The id of the record of a run that cannot be read: there is one, whether its lane or its own turn comes first. */
const recordId = (runId: string): string => `${runId}.unreadable`;

/** Ends the active run of a lane: its turns fail, or it is not stored, or it cannot be read. */
export const endActive = async (deps: RunControllerPorts, lane: LaneState): Promise<Step> => {
  const runId = lane.activeRunId ?? '';
  const stored = await deps.runs.read(runId);
  if (stored.kind === 'run') return stuckStep({ ...seenOf(deps, lane), run: stored.run });
  const problem = stored.kind === 'absent' ? `the run ${runId} is not stored` : stored.problem;
  await deps.runs.putAside(runId);
  tellUnreadable(deps, 'the run is put aside', { lane: lane.lane, runId, problem });
  const seen = { ...seenOf(deps, lane), message: problem, run: undefined };
  if (stored.kind === 'absent') return stuckStep({ ...seen, salvaged: undefined });
  return stuckStep({ ...seen, newRunId: recordId(runId), salvaged: stored });
};

/** The first run of a lane's queue that waits, or cannot be read. */
const firstQueued = async (deps: RunControllerPorts, lane: string) => {
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane)) {
    const stored = await deps.runs.read(runId);
    if (stored.kind === 'unreadable') return { runId, sortKey, stored };
    if (stored.kind === 'run' && stored.run.status === 'queued') return { runId, sortKey, stored, run: stored.run };
  }
  return undefined;
};

/** Takes the first run out of the queue of a lane, because it cannot be read or planned; undefined where none waits. */
export const endQueued = async (deps: RunControllerPorts, lane: LaneState): Promise<Step | undefined> => {
  const first = await firstQueued(deps, lane.lane);
  if (first === undefined) return undefined;
  const { runId, sortKey, stored, run: queued } = first;
  const seen = seenOf(deps, lane);
  if (stored.kind === 'unreadable') {
    await deps.runs.putAside(runId);
    tellUnreadable(deps, 'the run is put aside', { lane: lane.lane, runId, problem: stored.problem });
  }
  const run =
    queued !== undefined
      ? { before: queued, after: stuckRun(queued, seen.message, seen.rules, seen.now) }
      : {
          before: undefined,
          after: stuckRecord({ ...seen, newRunId: recordId(runId), message: stored.problem }, runId),
        };
  const { failures, ...rest } = lane;
  const after = { ...rest, activeRunId: run.after.runId, dueAt: lane.dueAt ?? seen.now };
  return {
    commit: { lane: { before: lane, after, isIdle: false }, run, unqueued: sortKey },
    effects: [],
    isDone: false,
  };
};

/** Ends a check in its own group whose turns fail. */
export const endStuckRun = (deps: RunControllerPorts, before: QueuedRun | RunningRun): Step => {
  const after = stuckRun(before, before.failures?.message ?? '', deps.settings, nowIso(deps));
  return { commit: { run: { before, after } }, effects: [], isDone: false };
};

/**
 * Stores when a stuck run is looked at again, before its results are read: where the read fails, nothing can be stored after
 * it. After a day nobody asks again. Returns the run as it is stored then; undefined where it has changed since it was read.
 */
const withNextLook = async (deps: RunControllerPorts, run: EndedRun): Promise<EndedRun | undefined> => {
  const now = nowIso(deps);
  const dueAt = lookAfter(run.runId, run.endedAt, now);
  if (dueAt === undefined) {
    await deps.runs.putAside(run.runId);
    return run;
  }
  const after = { ...run, dueAt };
  return (await deps.commits.commit({ run: { before: run, after } }, now))
    ? { ...after, version: run.version + 1 }
    : undefined;
};

/** A step of a run that has ended as stuck: its outbox, then what its commands did since. Its turns failed before. */
export const stuckRunStep = async (
  deps: RunControllerPorts,
  run: EndedRun,
  { flushed }: Done,
  read: (run: RunState) => Promise<RunSeen>,
): Promise<Step> => {
  const step = outboxStep({ run, flushed, now: nowIso(deps) });
  if (!step.isDone || run.outbox.length > 0 || !awaitsResults(run)) return step;
  const kept = await withNextLook(deps, run);
  if (kept === undefined) return { effects: [], isDone: false };
  try {
    const late = runStep(await read(kept));
    return late.commit === undefined ? DONE : late;
  } catch (thrown) {
    if (isThrottled(thrown)) throw thrown;
    const { runId, dueAt } = kept;
    const error = asError(thrown);
    if (kept === run) deps.log.error('leaving the late results of a stuck run', { runId, error });
    else deps.log.warn('asking later for the late results of a stuck run', { runId, dueAt, error });
    return DONE;
  }
};

/** Whether the lane of a run knows it: as its active run, or in its queue. */
const isKnown = async (deps: RunControllerPorts, lane: string, runId: string): Promise<boolean> => {
  if ((await deps.lanes.get(lane))?.activeRunId === runId) return true;
  return (await deps.lanes.queuedRuns(lane)).some((queued) => queued.runId === runId);
};

/**
 * Ends a run of a lane that does not know it any more, because the lane's row was lost; undefined where the lane advances
 * it. The run was read before its lane: if it has ended since, the end is not stored.
 */
export const endForgotten = async (
  deps: RunControllerPorts,
  before: QueuedRun | RunningRun,
): Promise<Step | undefined> => {
  if (before.status === 'queued' || (await isKnown(deps, before.group, before.runId))) return undefined;
  const message = `its lane ${before.group} does not know it any more`;
  const after = stuckRun(before, message, deps.settings, nowIso(deps));
  return { commit: { run: { before, after } }, effects: [], isDone: false };
};

/** The lane of a run whose row cannot be read: its own for a repair, that of the cluster's checks for a check. */
const laneOf = (runId: string, { group, cluster }: SalvagedRun): LaneState | undefined => {
  if (group !== undefined && group !== runId && group.includes('/')) return newLane(group);
  return cluster === undefined ? undefined : newLane(checkLaneName(cluster));
};

/**
 * Puts aside a run that cannot be read and that no lane works on, and records that it is stuck. The record's id is that of
 * the run, so that there is one record however often this is done.
 */
export const endUnreadable = async (
  deps: RunControllerPorts,
  runId: string,
  stored: SalvagedRun & { readonly problem: string },
): Promise<void> => {
  const { problem } = stored;
  const lane = laneOf(runId, stored);
  if (stored.group !== runId && lane !== undefined && (await isKnown(deps, lane.lane, runId))) return;
  tellUnreadable(deps, 'the run is put aside', { runId, problem });
  if (lane !== undefined) {
    const seen = { ...seenOf(deps, lane), newRunId: recordId(runId), message: problem, salvaged: stored };
    await deps.runs.create(stuckRecord(seen, runId));
  }
  await deps.runs.putAside(runId);
};
