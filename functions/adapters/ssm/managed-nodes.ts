import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { defined } from '../../../core/model/defined.ts';
import { allPages, type Chunks, inChunks } from '../pages.ts';

/** SSM gives at most 50 nodes a page. Source: Systems Manager API reference, DescribeInstanceInformation. */
const PAGE = 50;

/** The nodes whose SSM agent has registered. */
export type ManagedNodes = {
  /**
   * SSM's information about the named nodes. A node that SSM does not manage is in no list; a call that fails concerns only
   * its nodes, which are named with the reason.
   */
  readonly byId: (instanceIds: readonly string[]) => Promise<Chunks<InstanceInformation>>;
  /** The ids of the nodes that have a tag with this value. */
  readonly idsByTag: (key: string, value: string) => Promise<readonly string[]>;
};

/** Managed nodes as SSM shows them. */
export const createManagedNodes = ({ client }: { readonly client: Pick<SSMClient, 'send'> }): ManagedNodes => {
  const described = (filter: InstanceInformationStringFilter): Promise<InstanceInformation[]> =>
    allPages(async (token) => {
      const page = await client.send(
        new DescribeInstanceInformationCommand({
          Filters: [filter],
          MaxResults: PAGE,
          ...defined({ NextToken: token }),
        }),
      );
      return { items: page.InstanceInformationList ?? [], next: page.NextToken };
    });

  return {
    byId: (instanceIds) =>
      inChunks('SSM DescribeInstanceInformation', instanceIds, PAGE, (ids) =>
        described({ Key: 'InstanceIds', Values: ids }),
      ),
    idsByTag: async (key, value) =>
      (await described({ Key: `tag:${key}`, Values: [value] })).flatMap((node) => node.InstanceId ?? []),
  };
};
