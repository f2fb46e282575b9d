import { clusterPolicy } from '../../core/model/policy.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { OperatorApiPorts } from './ports.ts';

/** The policy's entry for a cluster. Throws PermanentError that lists the policy's clusters if there is none. */
export const requireCluster = ({ settings: { policy } }: Pick<OperatorApiPorts, 'settings'>, cluster: string) => {
  const entry = clusterPolicy(policy, cluster);
  if (entry !== undefined) return entry;
  throw new PermanentError(
    `field cluster: ${cluster} is not in the policy; it lists: ${policy.clusters.map((c) => c.name).join(', ') || 'none'}`,
  );
};
