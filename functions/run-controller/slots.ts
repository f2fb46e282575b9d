import { budgetOf } from '../../core/guards/decide-node.ts';
import { defined } from '../../core/model/defined.ts';
import { isoTime } from '../../core/model/ids.ts';
import type { ClusterState } from '../../core/state/cluster-state.ts';
import { VersionConflictError } from '../adapters/table/items.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

const ATTEMPTS = 6;
const COUNT_LIFE_MS = 600_000;

/** Updates the state that the lanes of a cluster share, and retries if another lane has changed it in between. */
const change = async (
  deps: RunControllerPorts,
  cluster: string,
  next: (state: ClusterState) => ClusterState,
): Promise<ClusterState> => {
  for (let attempt = 1; ; attempt++) {
    const before = await deps.lanes.getCluster(cluster);
    const after = next(before);
    if (JSON.stringify(after) === JSON.stringify(before)) return before;
    try {
      return await deps.lanes.saveCluster(after);
    } catch (thrown) {
      if (!(thrown instanceof VersionConflictError) || attempt === ATTEMPTS) throw thrown;
    }
  }
};

const withCount = async (deps: RunControllerPorts, state: ClusterState): Promise<ClusterState> => {
  const now = nowIso(deps);
  const oldest = isoTime(Date.parse(now) - COUNT_LIFE_MS);
  if (state.nodeCount !== undefined && state.countedAt !== undefined && state.countedAt > oldest) return state;
  const nodeCount = (await deps.fleet.list(state.cluster)).length;
  return { ...state, nodeCount, countedAt: now };
};

/**
 * Reserves slots of the cluster's budget for a lane: `wanted`, or the slots that the other lanes leave, but never less than
 * the lane has in flight. The entry of a lane is an absolute number, so writing it again after a crash changes nothing.
 */
export const reserve = async (
  deps: RunControllerPorts,
  cluster: string,
  lane: string,
  wanted: number,
  inFlight: number,
): Promise<number> => {
  const counted = await withCount(deps, await deps.lanes.getCluster(cluster));
  const { nodeCount, countedAt } = counted;
  const after = await change(deps, cluster, (state) => {
    const others = Object.entries(state.slots).reduce((sum, [name, n]) => sum + (name === lane ? 0 : n), 0);
    const free = Math.max(0, budgetOf(nodeCount ?? 0, deps.settings.policy.limits) - others);
    const own = Math.max(inFlight, Math.min(wanted, free));
    return {
      ...state,
      slots: { ...state.slots, [lane]: own },
      ...defined({ nodeCount, countedAt }),
    };
  });
  return after.slots[lane] ?? inFlight;
};

/** Releases the slots that a lane does not use. Without nodes in flight, the entry of the lane is removed. */
export const release = async (
  deps: RunControllerPorts,
  cluster: string,
  lane: string,
  inFlight: number,
): Promise<void> => {
  await change(deps, cluster, (state) => {
    const { [lane]: own, ...others } = state.slots;
    return { ...state, slots: inFlight === 0 ? others : { ...state.slots, [lane]: inFlight } };
  });
};

/** Lets one disruptive lane of a cluster work at a time; false where another one does. */
export const claimDisruption = async (deps: RunControllerPorts, cluster: string, lane: string): Promise<boolean> => {
  const after = await change(deps, cluster, (state) =>
    state.disruptiveLane === undefined ? { ...state, disruptiveLane: lane } : state,
  );
  return after.disruptiveLane === lane;
};

/** Ends a lane's claim. */
export const endDisruption = async (deps: RunControllerPorts, cluster: string, lane: string): Promise<void> => {
  await change(deps, cluster, (state) => {
    if (state.disruptiveLane !== lane) return state;
    const { disruptiveLane, ...rest } = state;
    return rest;
  });
};
