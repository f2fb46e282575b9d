import { clusterPolicy } from '../../core/model/policy.ts';
import { index, keys } from '../adapters/table/keys.ts';
import { refuse } from '../runtime/answer.ts';
import { findNode, listedClusterOf, refuseUnknownNode } from './explain/find-node.ts';
import type { AuditQueryPorts } from './ports.ts';

/** What a query is about: the fields by these names in any payload. */
export type Subject = { readonly cluster?: string | undefined; readonly instanceId?: string | undefined };

/** Refuses a cluster that the policy does not list, and of which no run is on record: one that was removed has a history. */
const requireKnownCluster = async ({ store, settings }: AuditQueryPorts, cluster: string): Promise<void> => {
  if (clusterPolicy(settings.policy, cluster) !== undefined) return;
  const partitions = [index.runsOf(cluster), index.digestsOf(cluster)].map(
    (key) => ({ index: 'byOwner', key }) as const,
  );
  const { items } = await store.merge(partitions, 'descending', 1, [null, null]);
  if (items.length > 0) return;
  const allowed = settings.policy.clusters.map(({ name }) => name);
  const listed = allowed.join(', ') || 'none';
  refuse('cluster', `${cluster} is not in the policy, and has no runs; the policy lists: ${listed}`, { allowed });
};

/** Refuses a node of which nothing is on record, unless EC2 shows it in a cluster of the policy: a healthy node has no rows. */
const requireKnownNode = async (deps: AuditQueryPorts, instanceId: string): Promise<void> => {
  const history = { index: 'byOwner', key: index.node(instanceId) } as const;
  const states = { key: keys.nodeState(instanceId, '').pk };
  const { items } = await deps.store.merge([history, states], 'descending', 1, [null, null]);
  if (items.length > 0) return;
  const found = await findNode(deps, instanceId, undefined);
  if (listedClusterOf(deps, found.instance) === undefined) await refuseUnknownNode(deps, 'instanceId', found);
};

/**
 * Refuses a query about a cluster or a node that nobody knows, with those that there are: an empty answer means that the cluster
 * or the node is known, and that there is nothing to list.
 */
export const requireKnown = async (deps: AuditQueryPorts, { cluster, instanceId }: Subject): Promise<void> => {
  if (cluster !== undefined) await requireKnownCluster(deps, cluster);
  if (instanceId !== undefined) await requireKnownNode(deps, instanceId);
};
