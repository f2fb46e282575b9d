import { DescribeClusterCommand, type EKSClient, ListFargateProfilesCommand } from '@aws-sdk/client-eks';
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { NodeId } from '../../core/model/ids.ts';
import { failure, success } from '../../core/model/result.ts';
import { createBeyondEc2 } from './beyond-ec2.ts';

const ARN = 'arn:aws-cn:eks:cn-north-1:123456789012:cluster/demo';
const hybridId = (i: number): string => `mi-${String(i).padStart(17, '0')}`;

/** EKS and SSM in memory: pages of two profiles and three nodes; `fails` names the operation that is denied. */
const world = ({
  profiles = [],
  isRemote = false,
  nodes = [],
  fails,
}: {
  profiles?: readonly string[];
  isRemote?: boolean;
  nodes?: readonly string[];
  fails?: string;
}) => {
  const calls: string[] = [];
  const part = (items: readonly string[], size: number, token: string | undefined) => {
    const from = Number(token ?? '0');
    return {
      items: items.slice(from, from + size),
      next: from + size < items.length ? String(from + size) : undefined,
    };
  };
  const send = async (command: unknown): Promise<unknown> => {
    const name = command instanceof Object ? command.constructor.name : '';
    calls.push(name);
    if (fails !== undefined && name.startsWith(fails)) {
      throw Object.assign(new Error('no permission'), { name: 'AccessDeniedException' });
    }
    if (command instanceof ListFargateProfilesCommand) {
      const { items, next } = part(profiles, 2, command.input.nextToken);
      return { fargateProfileNames: items, nextToken: next };
    }
    if (command instanceof DescribeClusterCommand) {
      const remote = { remoteNetworkConfig: { remoteNodeNetworks: [{ cidrs: ['192.168.0.0/24'] }] } };
      return { cluster: { name: command.input.name, arn: ARN, ...(isRemote ? remote : {}) } };
    }
    if (command instanceof DescribeInstanceInformationCommand) {
      expect(command.input.Filters).toEqual([{ Key: 'tag:EKSClusterARN', Values: [ARN] }]);
      const { items, next } = part(nodes, 3, command.input.NextToken);
      return { InstanceInformationList: items.map((InstanceId) => ({ InstanceId })), NextToken: next };
    }
    throw new Error('this fake has no such operation');
  };
  const [eks, ssm] = [{ send: send as EKSClient['send'] }, { send: send as SSMClient['send'] }];
  return { ask: createBeyondEc2({ eks, ssm }), calls };
};

describe('the nodes of a cluster besides EC2 instances', () => {
  it('are none for a plain cluster, without a call to SSM', async () => {
    const { ask, calls } = world({});
    expect(await ask('demo')).toEqual(success([]));
    expect(calls).toEqual(['ListFargateProfilesCommand', 'DescribeClusterCommand']);
  });

  it('are its Fargate profiles and hybrid nodes, over all pages, by names that are valid in audit rows', async () => {
    const hybrids = Array.from({ length: 7 }, (_, i) => hybridId(i));
    const { ask } = world({ profiles: ['a', 'b', 'kube_system-2'], isRemote: true, nodes: hybrids });
    const reading = await ask('demo');
    const nodeIds = ['fargate-profile/a', 'fargate-profile/b', 'fargate-profile/kube_system-2', ...hybrids];
    expect(reading).toEqual(success(nodeIds));
    for (const id of nodeIds) expect(NodeId.safeParse(id).success, id).toBe(true);
  });

  it('are named as a group if SSM lists none of the hybrid nodes', async () => {
    const { ask } = world({ isRemote: true, nodes: ['i-0123456789abcdef0'] });
    expect(await ask('demo')).toEqual(success(['hybrid-nodes/demo']));
  });

  it.each(['ListFargateProfiles', 'DescribeCluster', 'DescribeInstanceInformation'])(
    'are unknown if %s fails, with an error',
    async (fails) => {
      const reading = await world({ isRemote: true, fails }).ask('demo');
      expect(reading).toEqual(failure(expect.stringMatching(/demo.*AccessDeniedException/)));
    },
  );
});
