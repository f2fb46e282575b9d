import { checkLaneName, laneName } from '../../core/model/lane-name.ts';
import { isLookedAt } from '../../core/runs/calm.ts';
import { NO_NODES } from '../../core/runs/decide-now.ts';
import {
  activeStep,
  checksWanted,
  factsWanted,
  handOverStep,
  type IdleSeen,
  idleStep,
  isCheckLane,
  type Queued,
  rowsToCheck,
  statesWanted,
  stuckLaneStep,
} from '../../core/runs/lane-step.ts';
import { withLastLooks } from '../../core/runs/last-looks.ts';
import { askedCandidates, cancelledRun, heldCheck, planned } from '../../core/runs/plan.ts';
import { deployedOf } from '../../core/runs/rules.ts';
import { nodesWanted, type RunSeen, runStep } from '../../core/runs/run-step.ts';
import { imageOf } from '../../core/runs/start.ts';
import type { Step } from '../../core/runs/step.ts';
import { isStuck } from '../../core/runs/stuck.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import { isStuckEnd, type QueuedRun, type RunState } from '../../core/state/run-state.ts';
import { cancellationOf } from './cancellations.ts';
import type { Done } from './done.ts';
import { earlierSweeps } from './earlier-sweeps.ts';
import { clusterOfRun, documentsOfRun, isLaneAwaited, pauseOf, storedCluster, trustOf } from './gather-cluster.ts';
import { byNode, createNodeReader, type NodeReader } from './gather-nodes.ts';
import { observationsOf } from './gather-observations.ts';
import { endActive, endForgotten, endQueued, endStuckRun, endUnreadable, stuckRunStep } from './gather-stuck.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { readLane } from './replace-unreadable.ts';
import { requestedNodes } from './requested-nodes.ts';
import { nodesOfCancelled, settleCancelled, stillWanted, withoutCancelled } from './settle-cancelled.ts';
import { tellUnreadable } from './tell-unreadable.ts';
import type { Read } from './turn-failures.ts';
import { createTurnMemory, withMemory } from './turn-memory.ts';

/** Reads the lane, and marks its wake as received before its rows are read, so that a later signal sends a new one. */
const answered = async (deps: RunControllerPorts, name: string): Promise<LaneState> => {
  const stored = await readLane(deps, name);
  if (stored.calledAt === undefined) return stored;
  await deps.lanes.answerCall(name);
  const { calledAt, ...lane } = stored;
  return lane;
};

/** The pending rows of a run's nodes, and why some of them cannot be read. */
const rowsOf = async (deps: RunControllerPorts, run: RunState, wanted: readonly string[]) => {
  const { lane } = run;
  if (lane === undefined) return {};
  const { understood, broken } = await deps.lanes.rowsOf(lane, wanted);
  for (const { instanceId, problem } of broken)
    tellUnreadable(deps, 'the node gets no command', { lane, instanceId, problem });
  const brokenRows = new Map(broken.map(({ instanceId, problem }) => [instanceId, problem]));
  return { rows: byNode(await stillWanted(deps, run, understood)), brokenRows };
};

/** Reads what the next step of a planned run rests on: what is known of its commands, then the nodes that it may send to. */
const runSeen = async (deps: RunControllerPorts, run: RunState, done: Done, read: NodeReader): Promise<RunSeen> => {
  // Also of a run that has ended: the breaker depends on the size of the cluster.
  const isRepair = run.action === 'repair';
  const documents = run.action === 'repair' ? documentsOfRun(deps, run) : [];
  const [observed, pause, cancelled, shared, experience] = await Promise.all([
    observationsOf(deps, run),
    pauseOf(deps, run.cluster, run.action),
    cancellationOf(deps, run),
    isRepair ? clusterOfRun(deps, run, done.reports.length > 0) : undefined,
    trustOf(deps, run.cluster, documents),
  ]);
  const cluster = shared?.cluster;
  const isAwaited = cluster !== undefined && (await isLaneAwaited(deps, cluster, run));
  const { settings: rules } = deps;
  const first: RunSeen = {
    run,
    ...observed,
    paused: pause !== undefined,
    cancelled,
    isAwaited,
    ...experience,
    cluster,
    isUncounted: shared?.isUncounted === true,
    reports: done.reports,
    flushed: done.flushed,
    isEnding: done.isEnding === true,
    nodes: NO_NODES,
    rules,
    now: nowIso(deps),
  };
  const wanted = nodesWanted(first);
  if (wanted.length === 0) return first;
  const known = await rowsOf(deps, run, wanted);
  const soon = run.pending.map(([id]) => id);
  return { ...first, nodes: await read(run, wanted, known, soon) };
};

/** The first queued run of an operator, if there is one, and the entries of runs that have started or ended. */
const queueOf = async (
  deps: RunControllerPorts,
  lane: string,
): Promise<{ readonly queued?: Queued; readonly gone: readonly string[]; readonly isBroken?: true }> => {
  const gone: string[] = [];
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane)) {
    const stored = await deps.runs.read(runId);
    if (stored.kind === 'unreadable') return { gone, isBroken: true };
    const run = stored.kind === 'run' ? stored.run : undefined;
    if (run?.status === 'queued') {
      const cancelled = await cancellationOf(deps, run);
      const asked = cancelled === undefined ? await requestedNodes(deps, run) : await nodesOfCancelled(deps, run);
      return { queued: { sortKey, run, cancelled, asked }, gone };
    }
    gone.push(sortKey);
  }
  return { gone };
};

/** ECR's answer about the image that a repair's candidates name; advice only. */
const preflightOf = async (
  deps: RunControllerPorts,
  rows: readonly PendingNode[],
  signal: AbortSignal,
): Promise<string | undefined> => {
  const image = imageOf(rows.map((row) => ({ instanceId: row.instanceId, row })));
  return image === undefined ? undefined : await deps.registry.ask(image, signal);
};

/**
 * The rows that show whether a check looks at these nodes: those of the check lane, and those of the cluster's other lanes
 * of repairs. One that cannot be read is none: then the node is checked.
 */
const checksOf = async (deps: RunControllerPorts, { cluster, remediation }: LaneState, wanted: readonly string[]) => {
  if (wanted.length === 0) return undefined;
  const others = deps.settings.remediations.filter(({ name }) => name !== remediation);
  const [{ understood }, ...waiting] = await Promise.all([
    deps.lanes.rowsOf(checkLaneName(cluster), wanted),
    ...others.map(({ name }) => deps.lanes.pendingNodes(laneName(cluster, name))),
  ]);
  return byNode([...understood, ...waiting.flat().filter((row) => isLookedAt(row, nowIso(deps)))]);
};

/** The rows of a lane without what cancelled requests wanted. A row that cannot be read is left where it is. */
const pendingOf = async (deps: RunControllerPorts, lane: LaneState): Promise<readonly PendingNode[]> => {
  const { understood, unreadable } = await deps.lanes.readPending(lane.lane);
  for (const { problem } of unreadable) {
    tellUnreadable(deps, 'the node is left out', { lane: lane.lane, problem });
  }
  return await withoutCancelled(deps, lane, understood);
};

const idleSeen = async (
  deps: RunControllerPorts,
  lane: LaneState,
  read: NodeReader,
  signal: AbortSignal,
  pending: Promise<readonly PendingNode[]>,
): Promise<IdleSeen & { readonly isBroken?: true }> => {
  const [rows, queue, pause, cluster] = await Promise.all([
    pending,
    queueOf(deps, lane.lane),
    pauseOf(deps, lane.cluster, isCheckLane(lane) ? 'check' : 'repair'),
    storedCluster(deps, lane.cluster),
  ]);
  const { settings: rules } = deps;
  const [document] = isCheckLane(lane) ? [] : deployedOf(rules, `${lane.remediation}-repair`);
  const { trust: documents } = await trustOf(deps, lane.cluster, document === undefined ? [] : [document.name]);
  const trust = document && documents.get(document.name);
  const seen = { lane, rows, ...queue, pause, cluster, trust, newRunId: deps.newRunId(), rules, now: nowIso(deps) };
  const states = await deps.results.nodeStates(statesWanted(seen), lane.remediation);
  const known = { ...seen, nodes: { ...NO_NODES, states } };
  const first = { ...known, checks: await checksOf(deps, lane, checksWanted(known)) };
  const wanted = factsWanted(first);
  const action = isCheckLane(lane) || rowsToCheck(first).length > 0 ? 'check' : 'repair';
  const of = { runId: seen.newRunId, cluster: lane.cluster, remediation: lane.remediation, action } as const;
  const byId = byNode(rows);
  const nodes = await read(of, wanted, { rows: byId, states });
  const candidates = wanted.flatMap((id) => byId.get(id) ?? []);
  const preflight = action === 'check' ? undefined : await preflightOf(deps, candidates, signal);
  return { ...first, nodes, preflight };
};

/** Decides the steps of a lane: those of its active run, or which run it starts next. */
export const gatherLane = (deps: RunControllerPorts, name: string, signal: AbortSignal, last: Read) => {
  const read = createNodeReader(deps);
  const memory = createTurnMemory(deps);
  const near = withMemory(deps, memory);
  let isSettled = false;
  return async (done: Done): Promise<Step> => {
    if (done.isRefused === true) memory.forget();
    const lane = await answered(deps, name);
    last.lane = lane;
    if (isStuck(lane)) {
      const end = await (lane.activeRunId === undefined ? endQueued(deps, lane) : endActive(deps, lane));
      if (end !== undefined) return end;
    }
    // A cancellation during this turn has a wake of its own, and holds for each decision before its rows are settled.
    if (!isSettled || lane.activeRunId === undefined) await settleCancelled(deps, lane);
    isSettled = true;
    if (lane.activeRunId === undefined) {
      // No transaction checks which requests want a row: that is asked for each plan.
      const seen = await idleSeen(near, lane, read, signal, pendingOf(deps, lane));
      return (seen.isBroken === true ? await endQueued(deps, lane) : undefined) ?? idleStep(seen);
    }
    const stored = await deps.runs.read(lane.activeRunId);
    if (stored.kind !== 'run') return await endActive(deps, lane);
    const { run } = stored;
    if (run.action === 'check') return handOverStep({ lane, run, isHandedOver: done.isHandedOver });
    if (isStuckEnd(run)) return stuckLaneStep(lane, { run, flushed: done.flushed, now: nowIso(deps) });
    return activeStep({ ...(await runSeen(near, run, done, read)), lane });
  };
};

/** Plans a queued check in its own group. */
const planStep = async (deps: RunControllerPorts, run: QueuedRun, read: NodeReader): Promise<Step> => {
  const cancelled = await cancellationOf(deps, run);
  const asked = cancelled === undefined ? await requestedNodes(deps, run) : await nodesOfCancelled(deps, run);
  const now = nowIso(deps);
  // A cancelled check ends also under a pause.
  if (cancelled === undefined && (await pauseOf(deps, run.cluster, run.action)) !== undefined)
    return heldCheck(run, now);
  if (cancelled !== undefined) {
    const after = cancelledRun(run, asked, cancelled, now);
    return { commit: { run: { before: run, after } }, effects: [], isDone: false };
  }
  const plan = planned({ nodes: await read(run, asked), rules: deps.settings, now }, run, askedCandidates(asked));
  const after = withLastLooks(plan, await earlierSweeps(deps, run, asked), now);
  return { commit: { run: { before: run, after } }, effects: [], isDone: false };
};

/** Decides the steps of a check in its own group, or performs what is left of the outbox of a run that has ended. */
export const gatherRun = (deps: RunControllerPorts, runId: string, last: Read) => {
  const read = createNodeReader(deps);
  const memory = createTurnMemory(deps);
  const near = withMemory(deps, memory);
  return async (done: Done): Promise<Step | undefined> => {
    if (done.isRefused === true) memory.forget();
    const stored = await deps.runs.read(runId);
    if (stored.kind === 'absent') deps.log.warn('ignoring wake for a run that is not stored', { runId });
    if (stored.kind === 'unreadable') await endUnreadable(deps, runId, stored);
    if (stored.kind !== 'run') return undefined;
    const { run } = stored;
    last.run = run;
    if (run.status !== 'ended') {
      if (run.group !== runId) return await endForgotten(deps, run);
      if (isStuck(run)) return endStuckRun(deps, run);
    }
    if (run.status === 'queued') return await planStep(deps, run, read);
    if (run.status === 'ended' && isStuckEnd(run))
      return await stuckRunStep(deps, run, done, (it) => runSeen(near, it, done, read));
    return runStep(await runSeen(near, run, done, read));
  };
};
