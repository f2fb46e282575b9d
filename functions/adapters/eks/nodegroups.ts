import { DescribeNodegroupCommand, type EKSClient } from '@aws-sdk/client-eks';
import type { Unread } from '../../../core/guards/look.ts';
import { unreadOf } from '../unread.ts';

/** The current activities of EKS on managed node groups. */
export type Nodegroups = {
  /** The node group's status (`ACTIVE`, `UPDATING`, …), or why it cannot be read: then nothing disruptive starts. */
  readonly status: (cluster: string, nodegroup: string) => Promise<string | Unread>;
};

/** Node groups as EKS shows them. */
export const createNodegroups = ({ client }: { readonly client: Pick<EKSClient, 'send'> }): Nodegroups => ({
  status: async (cluster, nodegroup) => {
    try {
      const { nodegroup: found } = await client.send(
        new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName: nodegroup }),
      );
      return found?.status ?? 'UNKNOWN';
    } catch (thrown) {
      return unreadOf(`EKS DescribeNodegroup of ${nodegroup}`, thrown);
    }
  },
});
