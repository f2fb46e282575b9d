import { unknownTrust } from '../../core/guards/trust.ts';
import { laneName, NODE_CHECK } from '../../core/model/lane-name.ts';
import { newLane } from '../../core/runs/lane.ts';
import { longestEnd } from '../../core/runs/run-step.ts';
import { type ClusterState, salvagedCluster } from '../../core/state/cluster-state.ts';
import { type LaneState, salvagedLane } from '../../core/state/lane-state.ts';
import type { TrustRow } from '../../core/state/trust-state.ts';
import { VersionConflictError } from '../adapters/table/items.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { tellUnreadable } from './tell-unreadable.ts';

/** The experience with a document. Where it cannot be read, the breaker opens, and the row is put aside for a person. */
export const readTrust = async (
  deps: RunControllerPorts,
  document: string,
  cluster: string,
): Promise<TrustRow | undefined> => {
  const stored = await deps.trust.read(document, cluster);
  if (stored.kind !== 'unreadable') return stored.kind === 'row' ? stored.row : undefined;
  const now = nowIso(deps);
  const row = unknownTrust(document, cluster, now, deps.settings.policy.limits);
  if (await deps.trust.replace(stored.item, row, now)) {
    tellUnreadable(deps, 'the breaker of the document is open', { document, cluster, problem: stored.problem });
    // The alarm on it is in infra/constructs/alarm-definitions.ts; the notice is stored with the row.
    deps.count('BreakerOpened');
  }
  const written = await deps.trust.read(document, cluster);
  if (written.kind === 'row') return written.row;
  throw new VersionConflictError(
    `writing the experience with ${document} in ${cluster} again: another writer came first`,
  );
};

/** Whether a lane of the cluster has had a turn: then the cluster had a row. */
const hasWorked = async (deps: RunControllerPorts, cluster: string): Promise<boolean> => {
  const names = [NODE_CHECK, ...deps.settings.remediations.map(({ name }) => name)];
  const lanes = await Promise.all(names.map((name) => deps.lanes.get(laneName(cluster, name))));
  return lanes.some((lane) => lane !== undefined && lane.version > 0);
};

/** The state of a cluster. One that cannot be read is replaced by what is understood of it, without a free slot; so is one that is lost. */
export const readCluster = async (deps: RunControllerPorts, cluster: string): Promise<ClusterState> => {
  const stored = await deps.lanes.readCluster(cluster);
  if (stored.kind === 'row') return stored.row;
  const now = nowIso(deps);
  const until = longestEnd(deps.settings, now);
  const unknown = { until, budget: deps.settings.policy.limits.budgetMaxNodes };
  const told = (problem: string) => tellUnreadable(deps, 'no slot of the cluster is free', { cluster, until, problem });
  if (stored.kind === 'absent') {
    if (!(await hasWorked(deps, cluster))) return await deps.lanes.getCluster(cluster);
    await deps.lanes.saveCluster(salvagedCluster(cluster, {}, unknown));
    told(`the row of the cluster ${cluster} is not stored any more`);
  } else if (await deps.lanes.replaceCluster(stored.item, salvagedCluster(cluster, stored.item, unknown), now)) {
    told(stored.problem);
  }
  return await deps.lanes.getCluster(cluster);
};

/** The lane, for a turn of it. Of one that cannot be read, what is understood stays: its run, and its registry hold. */
export const readLane = async (deps: RunControllerPorts, name: string): Promise<LaneState> => {
  const stored = await deps.lanes.read(name);
  // An operator's run may be queued before its lane has an item.
  if (stored.kind === 'absent') return newLane(name);
  if (stored.kind === 'row') return stored.row;
  const now = nowIso(deps);
  const lane = salvagedLane(newLane(name), stored.item, now);
  if (await deps.lanes.replace(stored.item, lane, now))
    tellUnreadable(deps, 'the lane is written again', { lane: name, problem: stored.problem });
  const written = await deps.lanes.get(name);
  if (written === undefined) throw new VersionConflictError(`writing lane ${name} again: another writer came first`);
  return written;
};
