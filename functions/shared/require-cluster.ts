import { type ClusterPolicy, clusterPolicy } from '../../core/model/policy.ts';
import { refuse } from '../runtime/answer.ts';
import type { Settings } from '../runtime/settings.ts';

/** The policy's entry for a cluster. Refuses any other, with the list of the policy's clusters. */
export const requireCluster = (
  { settings: { policy } }: { readonly settings: Pick<Settings, 'policy'> },
  cluster: string,
): ClusterPolicy => {
  const entry = clusterPolicy(policy, cluster);
  if (entry !== undefined) return entry;
  const allowed = policy.clusters.map(({ name }) => name);
  return refuse('cluster', `${cluster} is not in the policy; it lists: ${allowed.join(', ') || 'none'}`, { allowed });
};
