import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, type InstanceInformation, type SSMClient } from '@aws-sdk/client-ssm';
import type { NodeFacts } from '../core/plan.ts';

/** The tag by which a node's owner lowers its mode: `off` or `observe`. */
export const MODE_TAG = 'fleetmend:mode';

/** What EC2 and SSM know of nodes. */
export type Fleet = {
  /** Facts of the named instances, of whatever cluster. An instance that EC2 does not show has no entry. */
  readonly describe: (cluster: string, instanceIds: readonly string[]) => Promise<ReadonlyMap<string, NodeFacts>>;
  /** Ids of the running instances that the cluster's tags name. */
  readonly list: (cluster: string) => Promise<readonly string[]>;
};

const OWNERSHIP: ReadonlySet<string> = new Set(['owned', 'shared']);

const tagsOf = (instance: Instance): ReadonlyMap<string, string> =>
  new Map((instance.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? '']));

/**
 * Whether the tags say that the instance is a node of the cluster: managed node groups, Karpenter and self-managed
 * nodes share `kubernetes.io/cluster/<name>`; the first two also have a tag of EKS's own.
 */
const isNodeOf = (tags: ReadonlyMap<string, string>, cluster: string): boolean =>
  OWNERSHIP.has(tags.get(`kubernetes.io/cluster/${cluster}`) ?? '') ||
  tags.get('eks:cluster-name') === cluster ||
  tags.get('eks:eks-cluster-name') === cluster;

const factsOf = (cluster: string, instance: Instance, information: InstanceInformation | undefined): NodeFacts => {
  const tags = tagsOf(instance);
  const modeTag = tags.get(MODE_TAG);
  const nodegroup = tags.get('eks:nodegroup-name');
  return {
    instanceId: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    inCluster: isNodeOf(tags, cluster),
    autoMode: instance.Operator?.Managed === true,
    ...(modeTag === undefined ? {} : { modeTag }),
    ...(nodegroup === undefined ? {} : { nodegroup }),
    ...(information === undefined
      ? {}
      : {
          ssm: {
            pingStatus: information.PingStatus ?? 'Unknown',
            platformType: information.PlatformType ?? 'Unknown',
            platformName: information.PlatformName ?? '',
          },
        }),
  };
};

const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** EC2 takes at most 200 values a filter; SSM at most 100 ids a filter and 50 answers a page (service models). */
const EC2_FILTER_VALUES = 200;
const SSM_PAGE = 50;

/** The fleet as EC2 and SSM show it. */
export const createFleet = ({
  ec2,
  ssm,
}: {
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
}): Fleet => {
  const instances = async function* (filters: { Name: string; Values: string[] }[]): AsyncGenerator<Instance> {
    let token: string | undefined;
    do {
      const page = await ec2.send(
        new DescribeInstancesCommand({
          Filters: filters,
          MaxResults: 1000,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      );
      for (const reservation of page.Reservations ?? []) yield* reservation.Instances ?? [];
      token = page.NextToken === '' ? undefined : page.NextToken;
    } while (token !== undefined);
  };

  const information = async (instanceIds: readonly string[]): Promise<ReadonlyMap<string, InstanceInformation>> => {
    const found = new Map<string, InstanceInformation>();
    for (const chunk of chunksOf(instanceIds, SSM_PAGE)) {
      let token: string | undefined;
      do {
        const page = await ssm.send(
          new DescribeInstanceInformationCommand({
            Filters: [{ Key: 'InstanceIds', Values: chunk }],
            MaxResults: SSM_PAGE,
            ...(token === undefined ? {} : { NextToken: token }),
          }),
        );
        for (const i of page.InstanceInformationList ?? []) if (i.InstanceId !== undefined) found.set(i.InstanceId, i);
        token = page.NextToken === '' ? undefined : page.NextToken;
      } while (token !== undefined);
    }
    return found;
  };

  return {
    describe: async (cluster, instanceIds) => {
      const known: Instance[] = [];
      // A filter leaves unknown ids out; the InstanceIds parameter would fail the whole call for one of them.
      for (const chunk of chunksOf(instanceIds, EC2_FILTER_VALUES)) {
        for await (const instance of instances([{ Name: 'instance-id', Values: chunk }])) known.push(instance);
      }
      const ours = known.filter((i) => i.State?.Name === 'running' && isNodeOf(tagsOf(i), cluster));
      const managed = await information(ours.flatMap((i) => i.InstanceId ?? []));
      return new Map(known.map((i) => [i.InstanceId ?? '', factsOf(cluster, i, managed.get(i.InstanceId ?? ''))]));
    },
    list: async (cluster) => {
      const ids: string[] = [];
      const filters = [
        { Name: `tag:kubernetes.io/cluster/${cluster}`, Values: [...OWNERSHIP] },
        { Name: 'instance-state-name', Values: ['running'] },
      ];
      for await (const instance of instances(filters))
        if (instance.InstanceId !== undefined) ids.push(instance.InstanceId);
      return ids.sort();
    },
  };
};
