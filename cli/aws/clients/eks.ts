import {
  DescribeNodegroupCommand,
  type DescribeNodegroupCommandInput,
  EKSClient,
  type EKSClientConfig,
  ListNodegroupsCommand,
  type ListNodegroupsCommandInput,
} from '@aws-sdk/client-eks';

/** What `doctor` reads of Amazon EKS. */
export const connect = (config: EKSClientConfig) => {
  const client = new EKSClient(config);
  return {
    ListNodegroups: (input: ListNodegroupsCommandInput) => client.send(new ListNodegroupsCommand(input)),
    DescribeNodegroup: (input: DescribeNodegroupCommandInput) => client.send(new DescribeNodegroupCommand(input)),
    region: () => client.config.region(),
  };
};
