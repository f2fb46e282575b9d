import { DescribeNodegroupCommand, type EKSClient } from '@aws-sdk/client-eks';

/** The current activities of EKS on managed node groups. */
export type Nodegroups = {
  /** The node group's status (`ACTIVE`, `UPDATING`, …). Throws where it can't be read: then nothing disruptive starts. */
  readonly status: (cluster: string, nodegroup: string) => Promise<string>;
};

/** Node groups as EKS shows them. */
export const createNodegroups = ({ client }: { readonly client: Pick<EKSClient, 'send'> }): Nodegroups => ({
  status: async (cluster, nodegroup) => {
    const { nodegroup: found } = await client.send(
      new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName: nodegroup }),
    );
    return found?.status ?? 'UNKNOWN';
  },
});
