import { ClusterName } from '../model/ids.ts';
import { malformed, type ReadSettings, type Report } from './types.ts';

/** The add-on whose pods write the node's CNI files. */
export const CNI_ADDON = 'vpc-cni';

/** The meaning of `EksAddonOfPods`, which more than one signal ignores. */
export const ADDON_OF_PODS =
  'The change concerns an add-on that only runs pods; vpc-cni alone writes files of the node.';

/** How long the check waits after a change of a cluster, as docs/signals.md shows it. */
export const SETTLING = '`limits.settleSeconds` (10 min)';

/** The value of the first key that holds a text. */
export const textAt = (record: Readonly<Record<string, unknown>>, ...keys: readonly string[]): string | undefined =>
  keys.map((key) => record[key]).find((value): value is string => typeof value === 'string');

/** A report about a cluster that has changed, or a malformed one where `cluster` is not a cluster's name. */
export const changeOf = (cluster: string, reason: string, { settleSeconds }: ReadSettings): Report<never> =>
  ClusterName.safeParse(cluster).success
    ? { kind: 'cluster', cluster, reason, settleSeconds }
    : malformed('detail', 'the cluster that it names is not a cluster name');
