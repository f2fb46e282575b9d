import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, type InstanceInformation, type SSMClient } from '@aws-sdk/client-ssm';
import type { NodeFacts } from '../../../core/guards/decide-node.ts';
import { clusterPolicy, type NodeTag, type Policy } from '../../../core/model/policy.ts';
import { unsupportedKindOf } from '../../../core/model/unsupported.ts';
import type { Pace } from '../pace.ts';

/** The tag by which a node's owner lowers its mode: `off` or `observe`. */
export const MODE_TAG = 'fleetmend:mode';

/** A node as a list shows it. */
export type ListedNode = Pick<NodeFacts, 'instanceId' | 'autoMode'>;

/** What EC2 and SSM know of nodes. */
export type Fleet = {
  /** Facts of the named instances, of whatever cluster. An instance that EC2 does not show has no entry. */
  readonly describe: (cluster: string, instanceIds: readonly string[]) => Promise<ReadonlyMap<string, NodeFacts>>;
  /** The running instances that the cluster's tags name, by id. */
  readonly list: (cluster: string) => Promise<readonly ListedNode[]>;
};

const OWNERSHIP: ReadonlySet<string> = new Set(['owned', 'shared']);

/** The tags of an instance, by key. */
export const tagsOf = (instance: Instance): ReadonlyMap<string, string> =>
  new Map((instance.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? '']));

/** The filter that finds a cluster's nodes by one kind of tag. */
const filterOf = (cluster: string, tag: NodeTag): { Name: string; Values: string[] } =>
  tag === 'kubernetes.io/cluster'
    ? { Name: `tag:${tag}/${cluster}`, Values: [...OWNERSHIP] }
    : { Name: `tag:${tag}`, Values: [cluster] };

/**
 * Whether the instance is a node of the cluster, by the tags that the policy names: run-controller's role can send commands
 * by no others, and one instance that it may not reach would fail the whole call.
 */
const isNodeOf = (tags: ReadonlyMap<string, string>, cluster: string, nodeTags: readonly NodeTag[]): boolean =>
  nodeTags.some((tag) =>
    tag === 'kubernetes.io/cluster' ? OWNERSHIP.has(tags.get(`${tag}/${cluster}`) ?? '') : tags.get(tag) === cluster,
  );

/** EC2 says of Auto Mode's instances that AWS manages them (EC2 model, OperatorResponse). */
const isAutoMode = (instance: Instance): boolean => instance.Operator?.Managed === true;

const factsOf = (inCluster: boolean, instance: Instance, information: InstanceInformation | undefined): NodeFacts => {
  const tags = tagsOf(instance);
  const modeTag = tags.get(MODE_TAG);
  const nodegroup = tags.get('eks:nodegroup-name');
  return {
    instanceId: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    inCluster,
    autoMode: isAutoMode(instance),
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

/** Cuts a list into pieces of at most `size`. */
export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** EC2 takes at most 200 values a filter (service model). */
export const EC2_FILTER_VALUES = 200;
/** SSM takes at most 100 ids a filter and gives at most 50 answers a page (service model). */
const SSM_PAGE = 50;

/**
 * Instances by filters, page by page, each call within the pace. Those that AWS manages for Auto Mode are asked for too:
 * they may be hidden otherwise, and a cluster of them would look like one without nodes (EC2 model, DescribeInstances).
 */
export const describeInstances = async function* (
  ec2: Pick<EC2Client, 'send'>,
  pace: Pace,
  filters: { Name: string; Values: string[] }[],
): AsyncGenerator<Instance> {
  let token: string | undefined;
  do {
    await pace();
    const page = await ec2.send(
      new DescribeInstancesCommand({
        Filters: filters,
        MaxResults: 1000,
        IncludeManagedResources: true,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const reservation of page.Reservations ?? []) yield* reservation.Instances ?? [];
    token = page.NextToken === '' ? undefined : page.NextToken;
  } while (token !== undefined);
};

/** The fleet as EC2 and SSM show it. */
export const createFleet = ({
  ec2,
  ssm,
  policy,
  pace,
}: {
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly policy: Policy;
  /** Waits until EC2 may be asked. */
  readonly pace: Pace;
}): Fleet => {
  const nodeTagsOf = (cluster: string): readonly NodeTag[] => clusterPolicy(policy, cluster)?.nodeTags ?? [];

  const instances = (filters: { Name: string; Values: string[] }[]) => describeInstances(ec2, pace, filters);

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
      const ofEc2 = instanceIds.filter((id) => unsupportedKindOf(id) === undefined);
      for (const chunk of chunksOf(ofEc2, EC2_FILTER_VALUES)) {
        for await (const instance of instances([{ Name: 'instance-id', Values: chunk }])) known.push(instance);
      }
      const isOurs = (instance: Instance) => isNodeOf(tagsOf(instance), cluster, nodeTagsOf(cluster));
      const ours = known.filter((i) => i.State?.Name === 'running' && isOurs(i));
      const managed = await information(ours.flatMap((i) => i.InstanceId ?? []));
      return new Map(known.map((i) => [i.InstanceId ?? '', factsOf(isOurs(i), i, managed.get(i.InstanceId ?? ''))]));
    },
    list: async (cluster) => {
      const listed = new Map<string, ListedNode>();
      // Filters on several tags would be joined by AND.
      for (const tag of nodeTagsOf(cluster)) {
        const filters = [filterOf(cluster, tag), { Name: 'instance-state-name', Values: ['running'] }];
        for await (const instance of instances(filters)) {
          const { InstanceId: instanceId } = instance;
          if (instanceId !== undefined) listed.set(instanceId, { instanceId, autoMode: isAutoMode(instance) });
        }
      }
      return [...listed.values()].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
    },
  };
};
