import { DescribeClusterCommand, type EKSClient, ListFargateProfilesCommand } from '@aws-sdk/client-eks';
import { defined } from '../../../core/model/defined.ts';
import { allPages } from '../pages.ts';

/** EKS gives at most 100 names a page. Source: EKS API reference, ListFargateProfiles. */
const PAGE = 100;

/** EKS clusters. */
export type Clusters = {
  /** The cluster's ARN, and whether it takes hybrid nodes. */
  readonly describe: (
    cluster: string,
  ) => Promise<{ readonly arn: string | undefined; readonly takesHybridNodes: boolean }>;
  readonly fargateProfiles: (cluster: string) => Promise<readonly string[]>;
};

/** Clusters as EKS shows them. */
export const createClusters = ({ client }: { readonly client: Pick<EKSClient, 'send'> }): Clusters => ({
  describe: async (name) => {
    const { cluster } = await client.send(new DescribeClusterCommand({ name }));
    // Hybrid nodes join only from the networks that the cluster lists. Source: EKS API reference, RemoteNetworkConfigResponse.
    const networks = cluster?.remoteNetworkConfig?.remoteNodeNetworks ?? [];
    return { arn: cluster?.arn, takesHybridNodes: networks.length > 0 };
  },
  fargateProfiles: (clusterName) =>
    allPages(async (token) => {
      const page = await client.send(
        new ListFargateProfilesCommand({
          clusterName,
          maxResults: PAGE,
          ...defined({ nextToken: token }),
        }),
      );
      return { items: page.fargateProfileNames ?? [], next: page.nextToken };
    }),
});
