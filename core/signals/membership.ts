import type { NodeTag } from '../model/policy.ts';

const OWNERSHIP: ReadonlySet<string> = new Set(['owned', 'shared']);
const BY_KEY = 'kubernetes.io/cluster/';

/**
 * Tags whose value is the cluster's name, or whose key holds it, the most reliable first. Sources:
 * https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html and
 * https://karpenter.sh/docs/concepts/nodeclasses/#spectags
 */
const WAYS: readonly ((tags: ReadonlyMap<string, string>) => readonly string[])[] = [
  // Managed node groups. Only AWS can set a tag that begins with `aws:`.
  (tags) => ['aws:eks:cluster-name', 'eks:cluster-name'].flatMap((key) => tags.get(key) ?? []),
  // Karpenter 1.x and Auto Mode.
  (tags) => ['eks:eks-cluster-name'].flatMap((key) => tags.get(key) ?? []),
  // Every provisioner, and self-managed nodes, whose owner sets it.
  (tags) =>
    [...tags].flatMap(([key, v]) => (key.startsWith(BY_KEY) && OWNERSHIP.has(v) ? [key.slice(BY_KEY.length)] : [])),
  // Karpenter before 1.0.
  (tags) => ['karpenter.sh/managed-by'].flatMap((key) => tags.get(key) ?? []),
];

/** The cluster that an instance's tags name. */
export type Membership =
  | { readonly kind: 'cluster'; readonly cluster: string }
  /** The tags name no cluster. */
  | { readonly kind: 'none' }
  /** The tags name several clusters, none of them more reliably than the others. */
  | { readonly kind: 'ambiguous'; readonly clusters: readonly string[] };

/** Every cluster that an instance's tags name, in any way. One that is named by several tags is one. */
export const clustersOf = (tags: ReadonlyMap<string, string>): readonly string[] => [
  ...new Set(WAYS.flatMap((way) => way(tags))),
];

/** A tag that proves a node to be a cluster's, and the values that it then has. */
export type TagQuery = { readonly key: string; readonly values: readonly string[] };

/** How one kind of tag names a cluster: by its value, or by its key. */
export const tagQueryOf = (cluster: string, tag: NodeTag): TagQuery =>
  tag === 'kubernetes.io/cluster'
    ? { key: `${BY_KEY}${cluster}`, values: [...OWNERSHIP] }
    : { key: tag, values: [cluster] };

/**
 * Whether an instance is proven to be a node of the cluster, by the tags that the policy names. run-controller's role
 * can send commands by no other tags, and one instance that it may not reach fails a whole SendCommand.
 */
export const isMemberOf = (tags: ReadonlyMap<string, string>, cluster: string, nodeTags: readonly NodeTag[]): boolean =>
  nodeTags.some((tag) => {
    const { key, values } = tagQueryOf(cluster, tag);
    const value = tags.get(key);
    return value !== undefined && values.includes(value);
  });

/**
 * The cluster that an instance claims to belong to, by all tags that provisioners write. It only decides the lane of a signal;
 * {@link isMemberOf} decides before a command is sent.
 */
export const membershipOf = (tags: ReadonlyMap<string, string>): Membership => {
  for (const way of WAYS) {
    const clusters = [...new Set(way(tags))];
    const [cluster] = clusters;
    if (cluster === undefined) continue;
    return clusters.length === 1 ? { kind: 'cluster', cluster } : { kind: 'ambiguous', clusters };
  }
  return { kind: 'none' };
};
