import type { EKSClient } from '@aws-sdk/client-eks';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { failure, type Result, success } from '../../core/model/result.ts';
import { createClusters } from '../adapters/eks/clusters.ts';
import { createManagedNodes } from '../adapters/ssm/managed-nodes.ts';

/**
 * Lists the parts of a cluster that have no EC2 instance: its Fargate profiles (only the Kubernetes API lists their nodes),
 * and its hybrid nodes by their SSM ids. It never throws, because it must not stop a check of the other nodes.
 */
export type BeyondEc2 = (cluster: string) => Promise<Result<readonly string[]>>;

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
    // SSM does not list the hybrid nodes that joined through IAM Roles Anywhere.
    return hybrids.length > 0 ? hybrids : [`hybrid-nodes/${cluster}`];
  };

  return async (cluster) => {
    try {
      const profiles = (await clusters.fargateProfiles(cluster)).map((name) => `fargate-profile/${name}`);
      return success([...profiles, ...(await hybridNodes(cluster))]);
    } catch (thrown) {
      const problem = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      return failure(`reading the parts of ${cluster} without an EC2 instance: ${problem}`);
    }
  };
};
