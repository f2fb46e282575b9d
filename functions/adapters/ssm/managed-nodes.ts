import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { defined } from '../../../core/model/defined.ts';
import { allPages, chunksOf } from '../pages.ts';

/** SSM gives at most 50 nodes a page. Source: Systems Manager API reference, DescribeInstanceInformation. */
const PAGE = 50;

/** The nodes whose SSM agent has registered. */
export type ManagedNodes = {
  /** SSM's information about the named nodes, by id. A node that SSM does not manage has no entry. */
  readonly byId: (instanceIds: readonly string[]) => Promise<ReadonlyMap<string, InstanceInformation>>;
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
    byId: async (instanceIds) => {
      const found = new Map<string, InstanceInformation>();
      for (const chunk of chunksOf(instanceIds, PAGE)) {
        for (const node of await described({ Key: 'InstanceIds', Values: chunk })) {
          if (node.InstanceId !== undefined) found.set(node.InstanceId, node);
        }
      }
      return found;
    },
    idsByTag: async (key, value) =>
      (await described({ Key: `tag:${key}`, Values: [value] })).flatMap((node) => node.InstanceId ?? []),
  };
};
