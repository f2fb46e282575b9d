import { without } from '../../core/model/defined.ts';
import { wakeRun } from '../../core/model/wake.ts';
import { slicesOf } from '../../core/runs/slices.ts';
import type { QueuedRun, RunState } from '../../core/state/run-state.ts';
import { UnreadableRowError } from '../adapters/table/items.ts';
import { isAsked } from './cancellations.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** The nodes of the cluster that are not EC2 instances. If they cannot be read, the run continues without them. */
const beyondEc2Of = async (deps: RunControllerPorts, cluster: string): Promise<readonly string[]> => {
  const others = await deps.beyondEc2(cluster);
  if (others.ok) return others.value;
  deps.log.warn('leaving out nodes without an EC2 instance', { cluster, message: others.error });
  deps.count('BeyondEc2Unread');
  return [];
};

/** The most nodes of one run. */
const maxOf = ({ settings }: RunControllerPorts, { action }: RunState): number => {
  const { limits } = settings.policy;
  return action === 'repair' ? limits.maxNodesPerRepairRun : limits.maxNodesPerCheckRun;
};

/** The nodes of a run's cluster now; of an early sweep, those of its node group. */
const currentNodes = async (deps: RunControllerPorts, { cluster, early }: RunState): Promise<readonly string[]> => {
  const listed = await deps.fleet.list(cluster);
  if (early !== undefined)
    return listed.flatMap(({ instanceId, nodegroup = '' }) => (nodegroup === early.nodegroup ? [instanceId] : []));
  return [...new Set([...listed.map(({ instanceId }) => instanceId), ...(await beyondEc2Of(deps, cluster))])];
};

/**
 * The list of nodes of a run's request. That of a whole cluster is read from EC2 once; it is stored where it becomes several
 * runs, so that all of them take their nodes from one list.
 */
const listOf = async (deps: RunControllerPorts, run: RunState): Promise<readonly string[]> => {
  const stored = await deps.requests.nodes(run.requestId);
  if (stored !== undefined) return stored;
  // An operator's list is stored with the request. Without it, the run would take the whole cluster.
  if (isAsked(run))
    throw new UnreadableRowError(`the list of nodes of request ${run.requestId} is not stored any more`);
  const all = await currentNodes(deps, run);
  return all.length <= maxOf(deps, run) ? all : await deps.requests.keepNodes(run.requestId, all, nowIso(deps));
};

/**
 * The nodes of a requested run: its slice of the request's list. The first run of a request also creates the others before
 * it is planned. Doing so again after a crash leads to the same runs.
 */
export const requestedNodes = async (deps: RunControllerPorts, run: QueuedRun): Promise<readonly string[]> => {
  const list = await listOf(deps, run);
  const { from, to } = run.slice ?? { from: 0 };
  if (from > 0 || to !== undefined) return list.slice(from, to);
  const [own, ...others] = slicesOf(run.runId, list.length, maxOf(deps, run));
  const isRepair = run.action === 'repair';
  for (const { runId, slice } of others) {
    const group = isRepair ? run.group : runId;
    // Failed turns are those of this run alone.
    await deps.runs.create({ ...without(run, 'failures'), runId, group, slice, version: 0, outbox: [] });
    if (isRepair) await deps.lanes.queueRun(run.group, run.createdAt, runId);
    else await deps.wakes.wake([wakeRun(runId)]);
  }
  return list.slice(own.slice.from, own.slice.to);
};
