/** The name of the generated documents that run every check, and of a cluster's lane of checks. */
export const NODE_CHECK = 'node-check';

/** A lane's name: the serial queue of one cluster's repairs by one remediation. Part of stored keys. */
export const laneName = (cluster: string, remediation: string): string => `${cluster}/${remediation}`;

/** The name of the lane in which a cluster's nodes wait for a check. */
export const checkLaneName = (cluster: string): string => laneName(cluster, NODE_CHECK);

/** Both parts of a lane's name; the name of a cluster has no slash (`ClusterName`). */
export const parseLaneName = (lane: string): { readonly cluster: string; readonly remediation: string } => {
  const slash = lane.indexOf('/');
  return { cluster: lane.slice(0, slash), remediation: lane.slice(slash + 1) };
};
