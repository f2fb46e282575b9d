import { wakeRun } from '../../core/model/wake.ts';
import type { Cancelled } from '../../core/runs/outbox.ts';
import { cancelledRun, laneRun } from '../../core/runs/plan.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import { othersIn } from '../../core/state/pending-node.ts';
import type { QueuedRun, RunState } from '../../core/state/run-state.ts';
import { UnreadableRowError } from '../adapters/table/items.ts';
import { cancellationOf, cancellationsOf } from './cancellations.ts';
import { commitStep } from './commit.ts';
import { flushOutbox } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { requestedNodes } from './requested-nodes.ts';
import { tellUnreadable } from './tell-unreadable.ts';

/** The nodes of a cancelled run; none where its list cannot be read: it ends all the same. */
export const nodesOfCancelled = async (deps: RunControllerPorts, run: QueuedRun): Promise<readonly string[]> => {
  try {
    return await requestedNodes(deps, run);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableRowError)) throw thrown;
    const { runId, requestId } = run;
    tellUnreadable(deps, 'the run ends without results', { runId, requestId, problem: thrown.message });
    return [];
  }
};

/** Ends a queued run of a cancelled request: each of its nodes has a result, and nothing about them is asked. */
const endCancelled = async (deps: RunControllerPorts, run: QueuedRun, cancelled: Cancelled): Promise<void> => {
  const after = cancelledRun(run, await nodesOfCancelled(deps, run), cancelled, nowIso(deps));
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
  cancelled: Cancelled,
): Promise<void> => {
  const seen = { lane, newRunId: deps.newRunId(), rules: deps.settings, now: nowIso(deps) };
  const run = { ...laneRun(seen, rows), requestId };
  const ids = rows.map((row) => row.instanceId);
  const ended = cancelledRun(run, ids, cancelled, seen.now);
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
  const cancelled = await cancellationsOf(deps, [...wanted]);
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
    await dropRows(deps, lane, requestId, own, cancelled.get(requestId) ?? { force: false });
  }
  return kept;
};

/**
 * The rows of a run that may be sent to: of a row that only requests want, and others than the run's, those that still stand. A
 * row of which none does is left out: its request may have been cancelled since the turn began.
 */
export const stillWanted = async (
  deps: RunControllerPorts,
  { requestId }: RunState,
  rows: readonly PendingNode[],
): Promise<readonly PendingNode[]> => {
  const others = rows.flatMap((row) => othersIn(row, requestId));
  if (others.length === 0) return rows;
  const cancelled = await cancellationsOf(deps, [...new Set(others)]);
  return rows.flatMap((row) => {
    if (othersIn(row, requestId).length === 0) return [row];
    const requestIds = (row.requestIds ?? []).filter((id) => !cancelled.has(id));
    return requestIds.length === 0 ? [] : [{ ...row, requestIds }];
  });
};

/** Ends the queued runs of these requests that wait in a lane now. Returns how many it ended. */
const settleQueued = async (
  deps: RunControllerPorts,
  lane: string,
  requestIds: ReadonlySet<string>,
): Promise<number> => {
  let ended = 0;
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane)) {
    const stored = await deps.runs.read(runId);
    if (stored.kind !== 'run') continue;
    const { run } = stored;
    if (run.status !== 'queued' || !requestIds.has(run.requestId)) continue;
    await endCancelled(deps, run, (await cancellationOf(deps, run)) ?? { force: false });
    await deps.lanes.removeQueuedRun(lane, sortKey);
    ended++;
  }
  return ended;
};

/** The same ports, which read the list of a request once: every part of it takes its nodes from there. */
const withListsKept = (deps: RunControllerPorts): RunControllerPorts => {
  const lists = new Map<string, ReturnType<typeof deps.requests.nodes>>();
  const nodes = (requestId: string) => {
    const list = lists.get(requestId) ?? deps.requests.nodes(requestId);
    lists.set(requestId, list);
    return list;
  };
  return { ...deps, requests: { ...deps.requests, nodes } };
};

/**
 * Settles what a lane holds of cancelled requests: queued runs and rows, also those that are not due, and also while the lane
 * is paused or at work on another run.
 */
export const settleCancelled = async (deps: RunControllerPorts, lane: LaneState): Promise<void> => {
  const told = new Set(await deps.requests.cancelledIn(lane.lane));
  if (told.size === 0) return;
  const kept = withListsKept(deps);
  // A first run creates the other runs of its request before it ends, so the queue is read until it has none of them.
  while ((await settleQueued(kept, lane.lane, told)) > 0);
  await withoutCancelled(deps, lane, await deps.lanes.pendingNodes(lane.lane));
  for (const requestId of told) await deps.requests.forgetCancelled(lane.lane, requestId);
};
