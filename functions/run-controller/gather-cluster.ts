import { pauseText } from '../../core/guards/pause.ts';
import { pruned, slotsHeld } from '../../core/guards/slots.ts';
import { isoTime } from '../../core/model/ids.ts';
import { isAwaitedBy } from '../../core/runs/claims.ts';
import { deployedOf } from '../../core/runs/rules.ts';
import type { ClusterState } from '../../core/state/cluster-state.ts';
import { type RunState, startOf } from '../../core/state/run-state.ts';
import type { TrustRow } from '../../core/state/trust-state.ts';
import { VersionConflictError } from '../adapters/table/items.ts';
import { asError } from '../runtime/errors.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { readCluster, readTrust } from './replace-unreadable.ts';
import { tellUnreadable } from './tell-unreadable.ts';

const COUNT_LIFE_MS = 600_000;

/**
 * The number of a cluster's nodes; undefined where EC2 does not list them now. Then the last number stands, and nothing is
 * sent to a node that cannot be read either: the rest of the lane's work must not wait for it.
 */
const countOf = async (deps: RunControllerPorts, cluster: string): Promise<number | undefined> => {
  try {
    return (await deps.fleet.list(cluster)).length;
  } catch (thrown) {
    deps.log.warn('keeping the last number of nodes of cluster', { cluster, error: asError(thrown) });
    return undefined;
  }
};

const saved = async (deps: RunControllerPorts, state: ClusterState): Promise<ClusterState> => {
  try {
    return await deps.lanes.saveCluster(state);
  } catch (thrown) {
    if (!(thrown instanceof VersionConflictError)) throw thrown;
    // Another lane has changed the row: the commit of this step decides which of the two stands.
    return await deps.lanes.getCluster(state.cluster);
  }
};

/** What the lanes of a cluster share. The first row is stored: a lane that has had a turn without one has lost it. */
export const storedCluster = async (deps: RunControllerPorts, cluster: string): Promise<ClusterState> => {
  const state = await readCluster(deps, cluster);
  return state.version > 0 ? state : await saved(deps, state);
};

/**
 * What the lanes of a repair's cluster share, and whether its nodes were not counted in the last ten minutes. The first node of a
 * run waits for no count where nothing else is in flight, since a budget is never below one; nor does what SSM has answered.
 */
export const clusterOfRun = async (
  deps: RunControllerPorts,
  run: RunState,
  hasReports: boolean,
): Promise<{ readonly cluster: ClusterState; readonly isUncounted: boolean }> => {
  const state = await storedCluster(deps, run.cluster);
  const now = nowIso(deps);
  const oldest = isoTime(Date.parse(now) - COUNT_LIFE_MS);
  const isCounted = state.nodeCount !== undefined && state.countedAt !== undefined && state.countedAt > oldest;
  if (isCounted) return { cluster: state, isUncounted: false };
  const isFirst = run.commands.length === 0 && slotsHeld(pruned(state, { now, ended: new Set() })) === 0;
  if (isFirst || hasReports) return { cluster: state, isUncounted: true };
  const nodeCount = await countOf(deps, run.cluster);
  const cluster = nodeCount === undefined ? state : await saved(deps, { ...state, nodeCount, countedAt: now });
  return { cluster, isUncounted: false };
};

/** The experience with documents: by document in this cluster, and in how many others a breaker has not closed again. */
export type Known = { readonly trust: ReadonlyMap<string, TrustRow>; readonly openElsewhere: number };

/** Reads the experience with the documents of a repair; of the first, which is sent now, also how it stands elsewhere. */
export const trustOf = async (
  deps: RunControllerPorts,
  cluster: string,
  documents: readonly string[],
): Promise<Known> => {
  const now = nowIso(deps);
  const [current] = documents;
  const [rows, openElsewhere] = await Promise.all([
    Promise.all([...new Set(documents)].map((document) => readTrust(deps, document, cluster))),
    current === undefined ? 0 : deps.trust.trippedElsewhere(current, cluster, now),
  ]);
  return { trust: new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.document, row]]))), openElsewhere };
};

/** The documents of a run: the one that it sends now, then those of its commands. */
export const documentsOfRun = (deps: RunControllerPorts, run: RunState): readonly string[] => [
  ...deployedOf(deps.settings, run.documentKey).map(({ name }) => name),
  ...run.commands.flatMap((command) => command.documentName ?? []),
];

/** Why an action is paused on a cluster; undefined if it is not. */
export const pauseOf = async (
  deps: RunControllerPorts,
  cluster: string,
  action: RunState['action'],
): Promise<string | undefined> => {
  const pause = await deps.results.pauseFor(cluster, action, nowIso(deps));
  if (pause?.problem !== undefined)
    tellUnreadable(deps, 'everything that the pause may cover is paused', {
      scope: pause.scope,
      problem: pause.problem,
    });
  return pause && pauseText(pause);
};

/** Whether somebody waits for the end of a run: an operator's run in its lane, or another disruptive lane. */
export const isLaneAwaited = async (
  deps: RunControllerPorts,
  cluster: ClusterState,
  run: RunState,
): Promise<boolean> => {
  const ageMs = deps.now().getTime() - Date.parse(startOf(run));
  // A younger run yields to nobody.
  if (ageMs <= deps.settings.policy.limits.repairRunMaxSeconds * 1000) return false;
  return isAwaitedBy(cluster, run.group) || (await deps.lanes.queuedRuns(run.group)).length > 0;
};
