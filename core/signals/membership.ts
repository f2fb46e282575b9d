const OWNERSHIP: ReadonlySet<string> = new Set(['owned', 'shared']);
const BY_KEY = 'kubernetes.io/cluster/';

/** Tags whose value is the cluster's name, and those whose key holds it, the most reliable first (facts, section 6.2). */
const WAYS: readonly ((tags: ReadonlyMap<string, string>) => readonly string[])[] = [
  // Managed node groups; AWS's own, on every node that joins, which nobody can forge.
  (tags) => ['aws:eks:cluster-name', 'eks:cluster-name'].flatMap((key) => tags.get(key) ?? []),
  // Karpenter 1.x and Auto Mode.
  (tags) => ['eks:eks-cluster-name'].flatMap((key) => tags.get(key) ?? []),
  // Every provisioner, and self-managed nodes, whose owner adds it.
  (tags) =>
    [...tags].flatMap(([key, v]) => (key.startsWith(BY_KEY) && OWNERSHIP.has(v) ? [key.slice(BY_KEY.length)] : [])),
  // Karpenter before 1.0.
  (tags) => ['karpenter.sh/managed-by'].flatMap((key) => tags.get(key) ?? []),
];

/** Which cluster an instance belongs to, as its tags say. */
export type Membership =
  | { readonly kind: 'cluster'; readonly cluster: string }
  /** It is no node of any cluster. */
  | { readonly kind: 'none' }
  /** Its tags name several, and none more reliably than the other. */
  | { readonly kind: 'ambiguous'; readonly clusters: readonly string[] };

/** Reads an instance's EC2 tags. Which of them prove a node to run-controller is the policy's word (`nodeTags`). */
export const membershipOf = (tags: ReadonlyMap<string, string>): Membership => {
  for (const way of WAYS) {
    const clusters = [...new Set(way(tags))];
    const [cluster] = clusters;
    if (cluster === undefined) continue;
    return clusters.length === 1 ? { kind: 'cluster', cluster } : { kind: 'ambiguous', clusters };
  }
  return { kind: 'none' };
};
