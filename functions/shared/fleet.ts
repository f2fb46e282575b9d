import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import type { InstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import type { Unread } from '../../core/guards/look.ts';
import { defined } from '../../core/model/defined.ts';
import { clusterPolicy, type NodeTag, type Policy } from '../../core/model/policy.ts';
import { unsupportedKindOf } from '../../core/model/unsupported.ts';
import { clustersOf, isMemberOf, tagQueryOf } from '../../core/signals/membership.ts';
import { createInstances, isManagedByAws, tagsOf } from '../adapters/ec2/instances.ts';
import type { Pace } from '../adapters/pace.ts';
import { createManagedNodes } from '../adapters/ssm/managed-nodes.ts';

/** The tag by which a node's owner lowers its mode: `off` or `observe`. */
const MODE_TAG = 'fleetmend:mode';
/** EKS sets it on the instances of managed node groups. */
const NODEGROUP_TAG = 'eks:nodegroup-name';

/** A node as a list shows it. */
export type ListedNode = Pick<NodeFacts, 'instanceId' | 'autoMode' | 'nodegroup'>;

/** Reads the facts about nodes from EC2 and SSM. */
export type Fleet = {
  /**
   * Facts about the named instances, of whatever cluster. An instance that EC2 does not show has no entry; one that could
   * not be read has the reason.
   */
  readonly describe: (cluster: string, instanceIds: readonly string[]) => Promise<ReadonlyMap<string, NodeFacts>>;
  /** The running instances that the cluster's tags name, by id. */
  readonly list: (cluster: string) => Promise<readonly ListedNode[]>;
};

const factsOf = (
  inCluster: boolean,
  instance: Instance,
  information: InstanceInformation | undefined,
  unread: Unread | undefined,
): NodeFacts => {
  const tags = tagsOf(instance);
  const clusters = clustersOf(tags);
  const modeTag = tags.get(MODE_TAG);
  const nodegroup = tags.get(NODEGROUP_TAG);
  return {
    instanceId: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    inCluster,
    autoMode: isManagedByAws(instance),
    ...defined({ modeTag, nodegroup, unread, ami: instance.ImageId }),
    ...(clusters.length > 1 ? { clusters } : {}),
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
  const instances = createInstances({ ec2, pace });
  const managedNodes = createManagedNodes({ client: ssm });
  const nodeTagsOf = (cluster: string): readonly NodeTag[] => clusterPolicy(policy, cluster)?.nodeTags ?? [];

  return {
    describe: async (cluster, instanceIds) => {
      const nodeTags = nodeTagsOf(cluster);
      const ids = instanceIds.filter((id) => unsupportedKindOf(id) === undefined);
      const { found: known, unread } = await instances.byIdWhereRead(ids);
      const isOurs = (instance: Instance) => isMemberOf(tagsOf(instance), cluster, nodeTags);
      const ours = known.filter((i) => i.State?.Name === 'running' && isOurs(i));
      const managed = await managedNodes.byId(ours.flatMap((i) => i.InstanceId ?? []));
      const information = new Map(managed.found.map((node) => [node.InstanceId, node]));
      const facts = known.map((i): NodeFacts => {
        const instanceId = i.InstanceId ?? '';
        return factsOf(isOurs(i), i, information.get(instanceId), managed.unread.get(instanceId));
      });
      const missing = [...unread].map(
        ([instanceId, reason]): NodeFacts => ({ instanceId, inCluster: false, autoMode: false, unread: reason }),
      );
      return new Map([...facts, ...missing].map((node) => [node.instanceId, node]));
    },
    list: async (cluster) => {
      const listed = new Map<string, ListedNode>();
      // A tag at a time, because EC2 joins the filters of one call by AND.
      for (const tag of nodeTagsOf(cluster)) {
        for (const instance of await instances.runningByTag(tagQueryOf(cluster, tag))) {
          const { InstanceId: instanceId } = instance;
          if (instanceId === undefined) continue;
          const nodegroup = tagsOf(instance).get(NODEGROUP_TAG);
          listed.set(instanceId, { instanceId, autoMode: isManagedByAws(instance), ...defined({ nodegroup }) });
        }
      }
      return [...listed.values()].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
    },
  };
};
