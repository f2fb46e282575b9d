import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { NodeRegistry } from './nodes.ts';
import { page } from './paging.ts';
import { operation, type Service } from './service.ts';
import { restWire } from './wire.ts';

/** The state of EKS besides its nodes. */
export type EksState = {
  /** Status per `cluster/nodegroup`; ACTIVE by default. */
  readonly nodegroupStatus: Map<string, string>;
  /** Node groups as `cluster/nodegroup` that were deleted, though instances still carry their tags. */
  readonly deletedNodegroups: Set<string>;
  /** Clusters without nodes. */
  readonly clusters: Set<string>;
  /** Names of Fargate profiles by cluster. */
  readonly fargateProfiles: Map<string, readonly string[]>;
  /** Clusters that take hybrid nodes. */
  readonly remoteNetworks: Set<string>;
};

const Name = z.string().min(1).max(100);

/** The dependencies of the EKS service. */
export type EksOptions = {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly nodes: NodeRegistry;
  readonly state: EksState;
};

/** EKS: DescribeCluster, ListFargateProfiles, ListNodegroups, DescribeNodegroup (REST-JSON). Nodegroups are those of the nodes' tags. */
export const createEks = ({ partition, region, account, nodes, state }: EksOptions): Service => {
  const arn = (rest: string): string => `arn:${partition}:eks:${region}:${account}:${rest}`;
  const nodegroups = (cluster: string): readonly string[] => [
    ...new Set(
      nodes
        .all()
        .filter((n) => n.cluster === cluster)
        .map((n) => n.tags['eks:nodegroup-name'])
        .filter((n) => n !== undefined)
        .filter((n) => !state.deletedNodegroups.has(`${cluster}/${n}`)),
    ),
  ];
  const existing = (cluster: string): void => {
    if (!state.clusters.has(cluster) && !nodes.all().some((n) => n.cluster === cluster)) {
      throw new AwsError('ResourceNotFoundException', `No cluster found for name: ${cluster}.`, 404, {
        clusterName: cluster,
      });
    }
  };
  return {
    name: 'eks',
    deniedCode: 'AccessDeniedException',
    throttledCode: 'TooManyRequestsException',
    ...restWire([
      { operation: 'DescribeCluster', method: 'GET', path: '/clusters/{name}' },
      {
        operation: 'ListFargateProfiles',
        method: 'GET',
        path: '/clusters/{clusterName}/fargate-profiles',
        query: { maxResults: 'number', nextToken: 'text' },
      },
      {
        operation: 'ListNodegroups',
        method: 'GET',
        path: '/clusters/{clusterName}/node-groups',
        query: { maxResults: 'number', nextToken: 'text' },
      },
      { operation: 'DescribeNodegroup', method: 'GET', path: '/clusters/{clusterName}/node-groups/{nodegroupName}' },
    ]),
    operations: {
      DescribeCluster: operation(z.strictObject({ name: Name }), {
        access: (input) => [{ action: 'eks:DescribeCluster', resource: arn(`cluster/${input.name}`) }],
        run: (input) => {
          existing(input.name);
          return {
            cluster: {
              name: input.name,
              arn: arn(`cluster/${input.name}`),
              status: 'ACTIVE',
              version: '1.31',
              ...(state.remoteNetworks.has(input.name)
                ? { remoteNetworkConfig: { remoteNodeNetworks: [{ cidrs: ['192.168.0.0/24'] }] } }
                : {}),
            },
          };
        },
      }),
      ListFargateProfiles: operation(
        z.strictObject({
          clusterName: Name,
          maxResults: z.number().int().min(1).max(100).default(100),
          nextToken: z.string().optional(),
        }),
        {
          access: (input) => [{ action: 'eks:ListFargateProfiles', resource: arn(`cluster/${input.clusterName}`) }],
          run: (input) => {
            existing(input.clusterName);
            const names = state.fargateProfiles.get(input.clusterName) ?? [];
            const { items, next } = page(names, input.maxResults, input.nextToken);
            return {
              fargateProfileNames: items,
              ...defined({ nextToken: next.NextToken }),
            };
          },
        },
      ),
      ListNodegroups: operation(
        z.strictObject({
          clusterName: Name,
          maxResults: z.number().int().min(1).max(100).default(100),
          nextToken: z.string().optional(),
        }),
        {
          access: (input) => [{ action: 'eks:ListNodegroups', resource: arn(`cluster/${input.clusterName}`) }],
          run: (input) => {
            existing(input.clusterName);
            const { items, next } = page(nodegroups(input.clusterName), input.maxResults, input.nextToken);
            return { nodegroups: items, ...defined({ nextToken: next.NextToken }) };
          },
        },
      ),
      DescribeNodegroup: operation(z.strictObject({ clusterName: Name, nodegroupName: Name }), {
        access: (input) => [
          {
            action: 'eks:DescribeNodegroup',
            resource: arn(`nodegroup/${input.clusterName}/${input.nodegroupName}/00000000-0000-0000-0000-000000000000`),
          },
        ],
        run: (input) => {
          existing(input.clusterName);
          if (!nodegroups(input.clusterName).includes(input.nodegroupName)) {
            throw new AwsError(
              'ResourceNotFoundException',
              `No node group found for name: ${input.nodegroupName}.`,
              404,
              { clusterName: input.clusterName, nodegroupName: input.nodegroupName },
            );
          }
          return {
            nodegroup: {
              nodegroupName: input.nodegroupName,
              clusterName: input.clusterName,
              status: state.nodegroupStatus.get(`${input.clusterName}/${input.nodegroupName}`) ?? 'ACTIVE',
              amiType: 'AL2023_x86_64_STANDARD',
              health: { issues: [] },
            },
          };
        },
      }),
    },
  };
};
