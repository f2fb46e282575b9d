import { budgetOf } from '../guards/decide-node.ts';
import type { InFlight } from '../guards/places.ts';
import { claim, endClaim, hasClaim, pruned, reserve, slotsHeld, slotsOf } from '../guards/slots.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { RunState } from '../state/run-state.ts';
import { heldUntil, lastSentOf, nodesInFlight } from './in-flight.ts';
import type { At } from './sending.ts';

/** Without a reader of other runs, entries are free by their time alone. */
const contextAt = (now: string) => ({ now, ended: new Set<string>() });

/**
 * The most nodes that the run may have in flight: what the other runs of the cluster leave of its budget. None, for a
 * disruptive run, while another one has the cluster.
 */
export const slotsFor = (
  cluster: ClusterState,
  { runId, isDisruptive }: { readonly runId: string; readonly isDisruptive: boolean },
  now: string,
  limits: Limits,
): number => {
  if (isDisruptive && cluster.disruptive !== undefined && !hasClaim(cluster, runId)) return 0;
  const held = pruned(cluster, contextAt(now));
  return Math.max(0, budgetOf(cluster.nodeCount ?? 0, limits) - slotsHeld(held) + slotsOf(held, runId));
};

/** The nodes that other runs of a run's lane have in flight: it left them, because they do not answer. */
export const leftOf = (
  cluster: ClusterState | undefined,
  run: Pick<RunState, 'runId' | 'lane' | 'group'>,
  now: string,
): Pick<InFlight, 'left' | 'lastSentAt'> => {
  if (cluster === undefined) return { left: 0 };
  const others = Object.entries(pruned(cluster, contextAt(now)).slots).flatMap(([runId, slot]) =>
    runId !== run.runId && slot.lane === (run.lane ?? run.group) ? [slot] : [],
  );
  return {
    left: others.reduce((sum, { count }) => sum + count, 0),
    lastSentAt: others
      .flatMap(({ sentAt }) => sentAt ?? [])
      .toSorted()
      .at(-1),
  };
};

/** The cluster's slots as the state of a run requires them; entries past their time go. `ofUnsent` is for unknown deadlines. */
export const withSlotsOf = (
  cluster: ClusterState,
  run: RunState,
  ofUnsent: string,
  { now, limits }: At,
): ClusterState => {
  const wanted = nodesInFlight(run);
  const until = heldUntil(run, ofUnsent);
  const own = cluster.slots[run.runId];
  if (own?.count === wanted && own.until === until) return pruned(cluster, contextAt(now));
  const sentAt = defined({ sentAt: lastSentOf(run) });
  const holder = { runId: run.runId, lane: run.lane ?? run.group, until, runVersion: run.version + 1, ...sentAt };
  return reserve(cluster, holder, wanted, budgetOf(cluster.nodeCount ?? 0, limits), contextAt(now));
};

/** The claim on the cluster that a lane without an active run has left; it stands while nodes may hold its slots. */
const leftClaim = ({ disruptive, slots }: ClusterState, lane: string, now: string) => {
  if (disruptive?.lane !== lane) return undefined;
  return { runId: disruptive.runId, until: pruned({ slots }, contextAt(now)).slots[disruptive.runId]?.until };
};

/** Whether a disruptive run of the cluster is at work, so that a lane without an active run may start none. */
export const isDisrupted = (cluster: ClusterState, lane: string, now: string): boolean =>
  cluster.disruptive !== undefined &&
  (cluster.disruptive.lane !== lane || leftClaim(cluster, lane, now)?.until !== undefined);

/** The cluster without a claim that the lane has left, and until when such a claim still stands. */
export const withoutLeftClaim = (
  cluster: ClusterState,
  lane: string,
  now: string,
): { readonly cluster: ClusterState; readonly until?: string } => {
  const left = leftClaim(cluster, lane, now);
  if (left === undefined) return { cluster };
  return left.until === undefined ? { cluster: endClaim(cluster, left.runId) } : { cluster, until: left.until };
};

/** The cluster with a lane that waits for the claim of another one, which then yields to it. */
export const withWaiting = (cluster: ClusterState, lane: string): ClusterState =>
  cluster.waiting?.includes(lane) === true ? cluster : { ...cluster, waiting: [...(cluster.waiting ?? []), lane] };

/** The cluster with a lane that no longer waits for the claim of another one. */
export const withoutWaiting = ({ waiting = [], ...cluster }: ClusterState, lane: string): ClusterState => {
  const others = waiting.filter((name) => name !== lane);
  return others.length === 0 ? cluster : { ...cluster, waiting: others };
};

/** The cluster with a run's claim; another run's stands. */
export const withClaim = (cluster: ClusterState, lane: string, runId: string, now: string): ClusterState => {
  const free = withoutWaiting(withoutLeftClaim(cluster, lane, now).cluster, lane);
  return claim(free, { lane, runId }, contextAt(now));
};

/** The cluster with the claim of a disruptive run that is at work: its claim goes with the row of the cluster. */
export const withClaimKept = (cluster: ClusterState, { runId, group: lane }: RunState, now: string): ClusterState =>
  cluster.disruptive === undefined && cluster.slots[runId] !== undefined
    ? claim(cluster, { lane, runId }, contextAt(now))
    : cluster;

/** Whether other disruptive lanes of the cluster wait for the one that is at work. */
export const isAwaitedBy = (cluster: ClusterState, lane: string): boolean =>
  (cluster.waiting ?? []).some((name) => name !== lane);
