import { type ClusterPolicy, modeOf } from './policy.ts';

/** The line of the configuration that forbids a repair: its path, its value, and a sentence with both. */
export type Forbidden = {
  readonly allowed: false;
  readonly why: string;
  readonly setting: string;
  readonly value: string | boolean;
};

/** Whether policy lets this remediation repair on this cluster; if not, the line of the configuration that decides it. */
export const mayRepair = (
  cluster: ClusterPolicy,
  entry: { readonly name: string; readonly disruptive: boolean },
): { readonly allowed: true } | Forbidden => {
  const own = cluster.remediations[entry.name];
  const path = `clusters[name=${cluster.name}]`;
  if (modeOf(cluster, entry.name) !== 'repair') {
    const setting = own?.mode === undefined ? `${path}.mode` : `${path}.remediations.${entry.name}.mode`;
    return { allowed: false, setting, value: 'observe', why: `${setting} is observe` };
  }
  if (entry.disruptive && own?.allowDisruptive !== true) {
    const setting = `${path}.remediations.${entry.name}.allowDisruptive`;
    return { allowed: false, setting, value: false, why: `${setting} is false, and its repair restarts something` };
  }
  return { allowed: true };
};
