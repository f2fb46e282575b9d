import type { EKSClient } from '@aws-sdk/client-eks';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { createClusters } from '../adapters/eks/clusters.ts';
import { createManagedNodes } from '../adapters/ssm/managed-nodes.ts';

/** What a cluster has besides EC2 instances, as audit rows name it; or why that could not be read. */
export type BeyondEc2Reading =
  | { readonly kind: 'known'; readonly nodeIds: readonly string[] }
  | { readonly kind: 'unknown'; readonly message: string };

/**
 * Names the parts of a cluster that have no EC2 instance: its Fargate profiles (only Kubernetes knows their nodes), and
 * its hybrid nodes, each by its id at SSM. It never throws: a check of the other nodes must not wait for these names.
 */
export type BeyondEc2 = (cluster: string) => Promise<BeyondEc2Reading>;

/** The tag of the activation by which hybrid nodes join. Source: EKS User Guide, Prepare credentials for hybrid nodes. */
const ACTIVATION_TAG = 'EKSClusterARN';

/** Reads EKS and, for clusters with remote node networks only, SSM. */
export const createBeyondEc2 = ({
  eks,
  ssm,
}: {
  readonly eks: Pick<EKSClient, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
}): BeyondEc2 => {
  const clusters = createClusters({ client: eks });
  const managedNodes = createManagedNodes({ client: ssm });

  const hybridNodes = async (cluster: string): Promise<readonly string[]> => {
    const { arn, takesHybridNodes } = await clusters.describe(cluster);
    if (arn === undefined || !takesHybridNodes) return [];
    const hybrids = (await managedNodes.idsByTag(ACTIVATION_TAG, arn)).filter((id) => id.startsWith('mi-'));
    // SSM does not know those that joined by IAM Roles Anywhere.
    return hybrids.length > 0 ? hybrids : [`hybrid-nodes/${cluster}`];
  };

  return async (cluster) => {
    try {
      const profiles = (await clusters.fargateProfiles(cluster)).map((name) => `fargate-profile/${name}`);
      return { kind: 'known', nodeIds: [...profiles, ...(await hybridNodes(cluster))] };
    } catch (thrown) {
      const why = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      return { kind: 'unknown', message: `reading the parts of ${cluster} without an EC2 instance: ${why}` };
    }
  };
};
