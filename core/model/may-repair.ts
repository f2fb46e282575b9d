import { type ClusterPolicy, modeOf } from './policy.ts';

/** Whether policy lets this remediation repair on this cluster; `why` names the line of the policy that decides it. */
export const mayRepair = (
  cluster: ClusterPolicy,
  entry: { readonly name: string; readonly disruptive: boolean },
): { readonly allowed: true } | { readonly allowed: false; readonly why: string } => {
  if (modeOf(cluster, entry.name) !== 'repair') {
    const line =
      cluster.remediations[entry.name]?.mode === undefined
        ? `clusters[name=${cluster.name}].mode is observe`
        : `clusters[name=${cluster.name}].remediations.${entry.name}.mode is observe`;
    return { allowed: false, why: line };
  }
  if (entry.disruptive && cluster.remediations[entry.name]?.allowDisruptive !== true) {
    return {
      allowed: false,
      why: `clusters[name=${cluster.name}].remediations.${entry.name}.allowDisruptive is false, and its repair restarts something`,
    };
  }
  return { allowed: true };
};
