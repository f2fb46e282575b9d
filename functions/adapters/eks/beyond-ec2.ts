import { DescribeClusterCommand, type EKSClient, ListFargateProfilesCommand } from '@aws-sdk/client-eks';
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';

/** What a cluster has besides EC2 instances, as audit rows name it; or why that could not be read. */
export type BeyondEc2Reading =
  | { readonly kind: 'known'; readonly nodeIds: readonly string[] }
  | { readonly kind: 'unknown'; readonly message: string };

/**
 * Names what of a cluster has no EC2 instance: its Fargate profiles (their nodes are known to Kubernetes alone), and its
 * hybrid nodes, each by its id at SSM. It never throws: a check of the other nodes must not wait for these names.
 */
export type BeyondEc2 = (cluster: string) => Promise<BeyondEc2Reading>;

/** The tag of an activation by which hybrid nodes join. Source: EKS user guide, hybrid node credentials (SSM activation). */
const ACTIVATION_TAG = 'tag:EKSClusterARN';
/** EKS gives at most 100 names a page, SSM at most 50 nodes (service models). */
const EKS_PAGE = 100;
const SSM_PAGE = 50;

/** Reads EKS and, for clusters with remote node networks only, SSM. */
export const createBeyondEc2 = ({
  eks,
  ssm,
}: {
  readonly eks: Pick<EKSClient, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
}): BeyondEc2 => {
  const fargate = async (cluster: string): Promise<string[]> => {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await eks.send(
        new ListFargateProfilesCommand({
          clusterName: cluster,
          maxResults: EKS_PAGE,
          ...(token === undefined ? {} : { nextToken: token }),
        }),
      );
      names.push(...(page.fargateProfileNames ?? []));
      token = page.nextToken === '' ? undefined : page.nextToken;
    } while (token !== undefined);
    return names.map((name) => `fargate-profile/${name}`);
  };

  const hybrid = async (cluster: string): Promise<string[]> => {
    const { cluster: found } = await eks.send(new DescribeClusterCommand({ name: cluster }));
    // A cluster takes hybrid nodes only from the networks that it was told of (EKS model, RemoteNetworkConfigResponse).
    if (found?.arn === undefined || (found.remoteNetworkConfig?.remoteNodeNetworks ?? []).length === 0) return [];
    const ids: string[] = [];
    let token: string | undefined;
    do {
      const page = await ssm.send(
        new DescribeInstanceInformationCommand({
          Filters: [{ Key: ACTIVATION_TAG, Values: [found.arn] }],
          MaxResults: SSM_PAGE,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      );
      ids.push(...(page.InstanceInformationList ?? []).flatMap((i) => i.InstanceId ?? []));
      token = page.NextToken === '' ? undefined : page.NextToken;
    } while (token !== undefined);
    const hybrids = ids.filter((id) => id.startsWith('mi-'));
    // Those that joined by IAM Roles Anywhere are not known to SSM.
    return hybrids.length > 0 ? hybrids : [`hybrid-nodes/${cluster}`];
  };

  return async (cluster) => {
    try {
      return { kind: 'known', nodeIds: [...(await fargate(cluster)), ...(await hybrid(cluster))] };
    } catch (thrown) {
      const why = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      return { kind: 'unknown', message: `asking EKS and SSM what ${cluster} has besides EC2 instances: ${why}` };
    }
  };
};
