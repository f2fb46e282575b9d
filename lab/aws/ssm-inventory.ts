import * as z from 'zod';
import type { LabNode } from '../node.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { NodeRegistry } from './nodes.ts';
import { page } from './paging.ts';
import { type Operation, operation } from './service.ts';

const Filter = z.strictObject({ Key: z.string().min(1), Values: z.array(z.string().min(1)).min(1).max(100) });

const Input = z.strictObject({
  Filters: z.array(Filter).optional(),
  MaxResults: z.number().int().min(5).max(50).default(10),
  NextToken: z.string().optional(),
});

const isTag = (key: string): boolean => key === 'tag-key' || key.startsWith('tag:');

const matches = (node: LabNode, filter: z.infer<typeof Filter>): boolean => {
  const oneOf = (value: string | undefined): boolean => value !== undefined && filter.Values.includes(value);
  if (filter.Key.startsWith('tag:')) return oneOf(node.tags[filter.Key.slice('tag:'.length)]);
  switch (filter.Key) {
    case 'tag-key':
      return filter.Values.some((key) => key in node.tags);
    case 'InstanceIds':
      return oneOf(node.instanceId);
    case 'PingStatus':
      return oneOf(node.pingStatus());
    case 'AgentVersion':
      return oneOf(node.agentVersion);
    case 'PlatformTypes':
      return oneOf('Linux');
    case 'ResourceType':
      return oneOf('EC2Instance');
    default:
      throw new AwsError('InvalidInstanceInformationFilterValue', `the lab does not know the filter ${filter.Key}`);
  }
};

/** DescribeInstanceInformation: the nodes that SSM manages, `MaxResults` 5 to 50 (10 by default). */
export const describeInstanceInformation = (nodes: NodeRegistry, clock: LabClock): Operation =>
  operation(Input, {
    access: () => [{ action: 'ssm:DescribeInstanceInformation', resource: '*' }],
    items: (input) => input.Filters?.find((f) => f.Key === 'InstanceIds')?.Values.length ?? 0,
    run: (input) => {
      const filters = input.Filters ?? [];
      if (filters.some((f) => isTag(f.Key)) && !filters.every((f) => isTag(f.Key))) {
        throw new AwsError('ValidationException', 'Tag filters can not be combined with other filter types.');
      }
      const asked = filters.find((f) => f.Key === 'InstanceIds')?.Values ?? [];
      const strangers = asked.filter((id) => !nodes.wasKnown(id));
      if (strangers.length > 0)
        throw new AwsError('InvalidInstanceId', `Instances [[${strangers.join(', ')}]] not in a valid state`);
      const managed = (asked.length > 0 ? asked.map((id) => nodes.get(id)) : nodes.all())
        .map((node) => (node === undefined ? undefined : nodes.managed(node.instanceId)))
        .filter((node) => node !== undefined);
      const found = managed.filter((node) => filters.every((filter) => matches(node, filter)));
      const { items, next } = page(found, input.MaxResults, input.NextToken);
      return {
        InstanceInformationList: items.map((node) => ({
          InstanceId: node.instanceId,
          PingStatus: node.pingStatus(),
          LastPingDateTime: clock.now() / 1000,
          AgentVersion: node.agentVersion,
          IsLatestVersion: false,
          PlatformType: 'Linux',
          PlatformName: node.platformName,
          PlatformVersion: '2',
          ResourceType: 'EC2Instance',
          ComputerName: node.privateDnsName,
        })),
        ...next,
      };
    },
  });
