import { wakeRun } from '../../core/model/wake.ts';
import { cancelledRun, laneRun } from '../../core/runs/plan.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { commitStep } from './commit.ts';
import { flushOutbox } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { requestedNodes } from './requested-nodes.ts';

/** Whether a run's request is cancelled. */
export const isRunCancelled = async (deps: RunControllerPorts, { requestId }: RunState): Promise<boolean> =>
  (await deps.requests.cancellations([requestId])).has(requestId);

/** Ends a queued run of a cancelled request: each of its nodes has a result, and nothing about them is asked. */
const endCancelled = async (deps: RunControllerPorts, run: RunState): Promise<void> => {
  const after = cancelledRun(run, await requestedNodes(deps, run), nowIso(deps));
  if (!(await commitStep(deps, { run: { before: run, after } })))
    throw new Error(`cancelling run ${run.runId}: it has changed since it was read; the wake is repeated`);
  // Its outbox is performed by its own group, as that of every run that has ended.
  await deps.wakes.wake([wakeRun(run.runId)]);
};

/** Records rows that only a cancelled request wanted, and removes them. */
const dropRows = async (
  deps: RunControllerPorts,
  lane: LaneState,
  requestId: string,
  rows: readonly PendingNode[],
): Promise<void> => {
  const seen = { lane, newRunId: deps.newRunId(), rules: deps.settings, now: nowIso(deps) };
  const run = { ...laneRun(seen, rows), requestId };
  const ids = rows.map((row) => row.instanceId);
  const ended = cancelledRun(run, ids, seen.now);
  // A notice that the bus refuses stays with the record, whose own group tries it again: the lane does not wait for it.
  const outbox = [...(await flushOutbox(deps, ended))];
  await commitStep(deps, { run: { before: undefined, after: { ...ended, outbox } } });
  // Last, so that a crash leads to a second record rather than to none.
  for (const row of rows) await deps.lanes.drop(row);
};

/**
 * Takes cancelled requests off the rows of a lane, and returns the rows that still stand. A row that also stands for signals,
 * or for another request, stays.
 */
export const withoutCancelled = async (
  deps: RunControllerPorts,
  lane: LaneState,
  rows: readonly PendingNode[],
): Promise<readonly PendingNode[]> => {
  const wanted = new Set(rows.flatMap((row) => row.requestIds ?? []));
  if (wanted.size === 0) return rows;
  const cancelled = await deps.requests.cancellations([...wanted]);
  if (cancelled.size === 0) return rows;
  const kept: PendingNode[] = [];
  const dropped: PendingNode[] = [];
  for (const row of rows) {
    const left = (row.requestIds ?? []).filter((id) => !cancelled.has(id));
    const isTouched = left.length < (row.requestIds?.length ?? 0);
    if (isTouched && left.length === 0 && row.signals === 0) dropped.push(row);
    else kept.push(isTouched ? { ...row, requestIds: left } : row);
    if (isTouched && (left.length > 0 || row.signals > 0)) await deps.lanes.keepRequests(row, left);
  }
  for (const [requestId, own] of Map.groupBy(dropped, (row) => row.requestIds?.[0] ?? '')) {
    await dropRows(deps, lane, requestId, own);
  }
  return kept;
};

/** The lane's first queued run of these requests that has not started. */
const nextQueued = async (
  deps: RunControllerPorts,
  lane: string,
  requestIds: ReadonlySet<string>,
): Promise<{ readonly run: RunState; readonly sortKey: string } | undefined> => {
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane)) {
    const stored = await deps.runs.read(runId);
    if (stored.kind !== 'run') continue;
    const { run } = stored;
    if (run.status === 'queued' && requestIds.has(run.requestId)) return { run, sortKey };
  }
  return undefined;
};

/**
 * Settles what a lane holds of cancelled requests: queued runs and rows, also those that are not due, and also while the lane
 * is paused or at work on another run.
 */
export const settleCancelled = async (deps: RunControllerPorts, lane: LaneState): Promise<void> => {
  const told = new Set(await deps.requests.cancelledIn(lane.lane));
  if (told.size === 0) return;
  // A first run creates the other runs of its request before it ends, so the queue is read again each time.
  for (let next = await nextQueued(deps, lane.lane, told); next !== undefined; ) {
    await endCancelled(deps, next.run);
    await deps.lanes.removeQueuedRun(lane.lane, next.sortKey);
    next = await nextQueued(deps, lane.lane, told);
  }
  await withoutCancelled(deps, lane, await deps.lanes.pendingNodes(lane.lane));
  for (const requestId of told) await deps.requests.forgetCancelled(lane.lane, requestId);
};
