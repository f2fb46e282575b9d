import { DescribeInstancesCommand, type EC2Client, type Filter, type Instance } from '@aws-sdk/client-ec2';
import { defined } from '../../../core/model/defined.ts';
import type { TagQuery } from '../../../core/signals/membership.ts';
import type { Pace } from '../pace.ts';
import { allPages, type Chunks, chunksOf, inChunks } from '../pages.ts';

/** EC2 takes at most 200 values a filter. Source: EC2 API reference, DescribeInstances. */
const FILTER_VALUES = 200;
/** EC2 gives at most 1,000 instances a page. Source: EC2 API reference, DescribeInstances. */
const PAGE = 1000;

/** EC2's instances. An instance that EC2 does not show is left out. */
export type Instances = {
  readonly byId: (instanceIds: readonly string[]) => Promise<readonly Instance[]>;
  /** As {@link byId}; a call that fails concerns only its instances, which are named with the reason. */
  readonly byIdWhereRead: (instanceIds: readonly string[]) => Promise<Chunks<Instance>>;
  /** By private DNS name; `*` stands for any text. */
  readonly byPrivateDnsName: (names: readonly string[]) => Promise<readonly Instance[]>;
  /** The running instances that have the tag with one of the values. */
  readonly runningByTag: (tag: TagQuery) => Promise<readonly Instance[]>;
};

/** The tags of an instance, by key. */
export const tagsOf = (instance: Instance): ReadonlyMap<string, string> =>
  new Map((instance.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? '']));

/**
 * Whether AWS manages the instance, as it does those of EKS Auto Mode. Source: EC2 API reference, OperatorResponse.
 */
export const isManagedByAws = (instance: Instance): boolean => instance.Operator?.Managed === true;

/**
 * Reads instances, each call within the pace. Those that AWS manages are asked for too, because an account may hide
 * them by default: a cluster of Auto Mode's nodes would look empty. Source: EC2 API reference, DescribeInstances
 * (IncludeManagedResources).
 */
export const createInstances = ({
  ec2,
  pace,
}: {
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly pace: Pace;
}): Instances => {
  const described = (filters: Filter[]): Promise<Instance[]> =>
    allPages(async (token) => {
      await pace();
      const page = await ec2.send(
        new DescribeInstancesCommand({
          Filters: filters,
          MaxResults: PAGE,
          IncludeManagedResources: true,
          ...defined({ NextToken: token }),
        }),
      );
      return { items: (page.Reservations ?? []).flatMap((r) => r.Instances ?? []), next: page.NextToken };
    });

  // A filter leaves unknown values out; the InstanceIds parameter would fail the whole call for one of them.
  const filtered = async (name: string, values: readonly string[]): Promise<readonly Instance[]> => {
    const found: Instance[] = [];
    for (const chunk of chunksOf(values, FILTER_VALUES)) {
      found.push(...(await described([{ Name: name, Values: chunk }])));
    }
    return found;
  };

  return {
    byId: (instanceIds) => filtered('instance-id', instanceIds),
    byIdWhereRead: (instanceIds) =>
      inChunks('EC2 DescribeInstances', instanceIds, FILTER_VALUES, (ids) =>
        described([{ Name: 'instance-id', Values: ids }]),
      ),
    byPrivateDnsName: (names) => filtered('private-dns-name', names),
    runningByTag: ({ key, values }) =>
      described([
        { Name: `tag:${key}`, Values: [...values] },
        { Name: 'instance-state-name', Values: ['running'] },
      ]),
  };
};
