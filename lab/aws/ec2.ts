import * as z from 'zod';
import type { LabNode } from '../node.ts';
import { AwsError } from './aws-error.ts';
import { globOf } from './glob.ts';
import type { NodeRegistry } from './nodes.ts';
import { page } from './paging.ts';
import { operation, type Service } from './service.ts';
import { ec2Wire, xml, xmlLeaf } from './wire.ts';

const Filter = z.strictObject({ Name: z.string().min(1), Value: z.array(z.string()).min(1).max(200) });

const DescribeInstances = z.strictObject({
  Filter: z.array(Filter).max(50).optional(),
  InstanceId: z.array(z.string()).max(1000).optional(),
  MaxResults: z.coerce.number().int().min(5).max(1000).optional(),
  NextToken: z.string().optional(),
  IncludeManagedResources: z.enum(['true', 'false']).optional(),
});

const STATE_CODES: Readonly<Record<string, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};
const INSTANCE_ID = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

const like = (value: string | undefined, patterns: readonly string[]): boolean =>
  value !== undefined &&
  patterns.some((pattern) => (/[*?]/.test(pattern) ? globOf(pattern).test(value) : pattern === value));

const matches = (node: LabNode, filter: z.infer<typeof Filter>): boolean => {
  if (filter.Name.startsWith('tag:')) return like(node.tags[filter.Name.slice('tag:'.length)], filter.Value);
  switch (filter.Name) {
    case 'tag-key':
      return Object.keys(node.tags).some((key) => like(key, filter.Value));
    case 'instance-state-name':
      return like(node.state(), filter.Value);
    case 'instance-id':
      return like(node.instanceId, filter.Value);
    case 'private-dns-name':
      return like(node.privateDnsName, filter.Value);
    default:
      throw new AwsError('InvalidParameterValue', `The filter '${filter.Name}' is invalid`);
  }
};

const instanceXml = (node: LabNode): string =>
  xml(
    'item',
    xmlLeaf('instanceId', node.instanceId),
    xmlLeaf('imageId', 'ami-00000000000000000'),
    xml('instanceState', xmlLeaf('code', STATE_CODES[node.state()] ?? 0), xmlLeaf('name', node.state())),
    xmlLeaf('privateDnsName', node.privateDnsName),
    xmlLeaf('instanceType', 'm5.large'),
    xmlLeaf('architecture', 'x86_64'),
    node.autoMode === true
      ? xml('operator', xmlLeaf('managed', 'true'), xmlLeaf('principal', 'eks.amazonaws.com'))
      : '',
    xml(
      'tagSet',
      ...Object.entries(node.tags).map(([key, value]) => xml('item', xmlLeaf('key', key), xmlLeaf('value', value))),
    ),
  );

/** EC2: DescribeInstances, the EC2 Query protocol. One reservation holds one instance, as an Auto Scaling group makes them. */
export const createEc2 = (account: string, nodes: NodeRegistry): Service => {
  const find = (ids: readonly string[] | undefined): readonly LabNode[] => {
    if (ids === undefined) return nodes.all();
    const malformed = ids.find((id) => !INSTANCE_ID.test(id));
    if (malformed !== undefined) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`);
    const missing = ids.filter((id) => nodes.get(id) === undefined);
    if (missing.length > 0) {
      throw new AwsError(
        'InvalidInstanceID.NotFound',
        `The instance ID${missing.length === 1 ? '' : 's'} '${missing.join(', ')}' do${missing.length === 1 ? 'es' : ''} not exist`,
      );
    }
    return ids.map((id) => nodes.get(id)).filter((node) => node !== undefined);
  };
  return {
    name: 'ec2',
    ...ec2Wire('2016-11-15'),
    deniedCode: 'UnauthorizedOperation',
    throttledCode: 'RequestLimitExceeded',
    operations: {
      DescribeInstances: operation(
        DescribeInstances,
        {
          access: () => [{ action: 'ec2:DescribeInstances', resource: '*' }],
          items: (input) => input.InstanceId?.length ?? 0,
          run: (input) => {
            if (input.InstanceId !== undefined && input.MaxResults !== undefined) {
              throw new AwsError(
                'InvalidParameterCombination',
                'The parameter instancesSet cannot be used with the parameter maxResults',
              );
            }
            const found = find(input.InstanceId).filter(
              (node) =>
                (node.autoMode !== true || input.IncludeManagedResources === 'true') &&
                (input.Filter ?? []).every((filter) => matches(node, filter)),
            );
            const { items, next } = page(found, input.MaxResults ?? 1000, input.NextToken);
            const reservations = items.map((node) =>
              xml(
                'item',
                xmlLeaf('reservationId', `r-${node.instanceId.slice(2)}`),
                xmlLeaf('ownerId', account),
                xml('instancesSet', instanceXml(node)),
              ),
            );
            return (
              xml('reservationSet', ...reservations) +
              (next.NextToken === undefined ? '' : xmlLeaf('nextToken', next.NextToken))
            );
          },
        },
        'InvalidParameterValue',
      ),
    },
  };
};
