import { budgetOf } from '../../core/guards/decide-node.ts';
import {
  claim,
  endClaim,
  hasClaim,
  reserve as reserveIn,
  type SlotContext,
  type SlotHolder,
  slotsOf,
} from '../../core/guards/slots.ts';
import { defined } from '../../core/model/defined.ts';
import { isoTime } from '../../core/model/ids.ts';
import type { ClusterState } from '../../core/state/cluster-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
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

/** A run as far as its slots are concerned. */
export type SlotRun = Pick<RunState, 'runId' | 'group' | 'cluster' | 'version' | 'executionTimeoutSeconds'>;

const holderOf = (deps: RunControllerPorts, run: SlotRun): SlotHolder => {
  const { limits } = deps.settings.policy;
  const openSeconds =
    limits.runControllerTimeoutSeconds +
    limits.deliveryTimeoutSeconds +
    run.executionTimeoutSeconds +
    limits.hardDeadlineSlackSeconds;
  const until = isoTime(deps.now().getTime() + openSeconds * 1000);
  return { lane: run.group, runId: run.runId, runVersion: run.version, until };
};

const contextOf = (deps: RunControllerPorts, ...ended: readonly string[]): SlotContext => ({
  now: nowIso(deps),
  ended: new Set(ended),
});

/**
 * Reserves slots of the cluster's budget for a run: `wanted`, or the slots that the other runs leave. The entry of a run
 * is an absolute number, so writing it again after a crash changes nothing.
 */
export const reserve = async (deps: RunControllerPorts, run: SlotRun, wanted: number): Promise<number> => {
  const counted = await withCount(deps, await deps.lanes.getCluster(run.cluster));
  const { nodeCount, countedAt } = counted;
  const budget = budgetOf(nodeCount ?? 0, deps.settings.policy.limits);
  const after = await change(deps, run.cluster, (state) => ({
    ...reserveIn(state, holderOf(deps, run), wanted, budget, contextOf(deps)),
    ...defined({ nodeCount, countedAt }),
  }));
  return slotsOf(after, run.runId);
};

/** Releases the slots that a run does not use. Without nodes in flight, the entry of the run is removed. */
export const release = async (deps: RunControllerPorts, run: SlotRun, inFlight: number): Promise<void> => {
  await change(deps, run.cluster, (state) => {
    const count = Math.min(inFlight, slotsOf(state, run.runId));
    return reserveIn(state, holderOf(deps, run), count, count, contextOf(deps));
  });
};

/** Lets one run of a disruptive lane work in a cluster at a time; false where another one does. */
export const claimDisruption = async (
  deps: RunControllerPorts,
  cluster: string,
  { lane, runId }: Pick<SlotHolder, 'lane' | 'runId'>,
): Promise<boolean> => {
  const after = await change(deps, cluster, (state) => {
    // A lane has one run at a time: the claim of another of its runs is left from a crash.
    const left = state.disruptive?.lane === lane && state.disruptive.runId !== runId ? [state.disruptive.runId] : [];
    return claim(state, { lane, runId }, contextOf(deps, ...left));
  });
  return hasClaim(after, runId);
};

/** Ends the claim of a lane's run. */
export const endDisruption = async (deps: RunControllerPorts, cluster: string, lane: string): Promise<void> => {
  await change(deps, cluster, (state) =>
    state.disruptive?.lane === lane ? endClaim(state, state.disruptive.runId) : state,
  );
};
