import { clusterPolicy } from '../../core/model/policy.ts';
import { refuse } from '../runtime/answer.ts';
import type { OperatorApiPorts } from './ports.ts';

/** The policy's entry for a cluster. Refuses any other, with the list of the policy's clusters. */
export const requireCluster = ({ settings: { policy } }: Pick<OperatorApiPorts, 'settings'>, cluster: string) => {
  const entry = clusterPolicy(policy, cluster);
  if (entry !== undefined) return entry;
  const allowed = policy.clusters.map(({ name }) => name);
  return refuse('cluster', `${cluster} is not in the policy; it lists: ${allowed.join(', ') || 'none'}`, { allowed });
};
