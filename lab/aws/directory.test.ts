import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { BatchGetImageCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DescribeNodegroupCommand, EKSClient, ListNodegroupsCommand } from '@aws-sdk/client-eks';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulatedFleet } from '../sim/fleet.ts';
import type { SimulatedNode } from '../sim/node.ts';
import { type LabFixture, rejection, startFixture } from './fixture.ts';

let fixture: LabFixture;
let nodes: readonly SimulatedNode[];
let ec2: EC2Client;

beforeAll(async () => {
  fixture = await startFixture({ Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'notices' } } });
  nodes = createSimulatedFleet({
    clock: fixture.lab.clock,
    seed: 1,
    cluster: 'demo',
    count: 1200,
    tags: { Name: 'a <b> & "c"' },
  });
  fixture.lab.nodes.add(...nodes);
  ec2 = new EC2Client(fixture.client());
});
afterAll(() => fixture.stop());

describe('EC2', () => {
  it('finds instances by tag, with their tags, in pages of at most 1,000', async () => {
    const filters = [
      { Name: 'tag:kubernetes.io/cluster/demo', Values: ['owned', 'shared'] },
      { Name: 'instance-state-name', Values: ['running'] },
    ];
    const first = await ec2.send(new DescribeInstancesCommand({ Filters: filters, MaxResults: 1000 }));
    const second = await ec2.send(
      new DescribeInstancesCommand({ Filters: filters, MaxResults: 1000, NextToken: first.NextToken }),
    );
    expect([first.Reservations?.length, second.Reservations?.length, second.NextToken]).toEqual([1000, 200, undefined]);
    const [instance] = first.Reservations?.[0]?.Instances ?? [];
    expect(instance?.InstanceId).toBe(nodes[0]?.instanceId);
    expect(instance?.State?.Name).toBe('running');
    expect(Object.fromEntries((instance?.Tags ?? []).map((t) => [t.Key, t.Value]))).toEqual(nodes[0]?.tags);
  });

  it('finds instances by id and by name, a terminated one among them', async () => {
    nodes[1]?.setState('terminated');
    const ids = nodes.slice(0, 2).map((n) => n.instanceId);
    const { Reservations: found = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
    expect(found.flatMap((r) => r.Instances ?? []).map((i) => i.State?.Name)).toEqual(['running', 'terminated']);
    const byName = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'private-dns-name', Values: [nodes[5]?.privateDnsName ?? ''] }],
      }),
    );
    expect(byName.Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe(nodes[5]?.instanceId);
  });

  it.each([
    [
      'ids with MaxResults',
      () => ({ InstanceIds: [nodes[0]?.instanceId ?? ''], MaxResults: 10 }),
      'InvalidParameterCombination',
    ],
    ['a page over 1,000', () => ({ MaxResults: 1001 }), 'InvalidParameterValue'],
    ['an unknown filter', () => ({ Filters: [{ Name: 'colour', Values: ['red'] }] }), "The filter 'colour' is invalid"],
    ['an unknown id', () => ({ InstanceIds: ['i-0aaaaaaaaaaaaaaaa'] }), 'InvalidInstanceID.NotFound'],
    ['a malformed id', () => ({ InstanceIds: ['i-$(reboot)'] }), 'InvalidInstanceID.Malformed'],
    ['a member that the lab does not know', () => ({ DryRun: true }), "'DryRun'"],
  ])('refuses %s', async (_name, input, message) => {
    expect(await rejection(ec2.send(new DescribeInstancesCommand(input())))).toContain(message);
  });

  it('answers UnauthorizedOperation without the permission', async () => {
    const nobody = new EC2Client(
      fixture.client([{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ssm:*', Resource: '*' }] }]),
    );
    expect(await rejection(nobody.send(new DescribeInstancesCommand({})))).toContain('UnauthorizedOperation');
  });
});

describe('EKS', () => {
  it('lists nodegroups and shows their status', async () => {
    const eks = new EKSClient(fixture.client());
    fixture.lab.eks.nodegroupStatus.set('demo/demo-workers-1', 'UPDATING');
    const { nodegroups } = await eks.send(new ListNodegroupsCommand({ clusterName: 'demo' }));
    expect(nodegroups).toEqual(['demo-workers-0', 'demo-workers-1', 'demo-workers-2']);
    const status = async (nodegroupName: string) =>
      (await eks.send(new DescribeNodegroupCommand({ clusterName: 'demo', nodegroupName }))).nodegroup?.status;
    expect([await status('demo-workers-0'), await status('demo-workers-1')]).toEqual(['ACTIVE', 'UPDATING']);
    expect(await rejection(status('no'))).toContain('ResourceNotFoundException');
  });

  it('answers 404 for a node group and a cluster that it does not have, and for a group that was deleted', async () => {
    const eks = new EKSClient(fixture.client());
    const describe = (clusterName: string, nodegroupName: string) =>
      eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }));
    await expect(describe('demo', 'other-workers')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No node group found for name: other-workers.',
      $metadata: { httpStatusCode: 404 },
      clusterName: 'demo',
      nodegroupName: 'other-workers',
    });
    await expect(describe('nowhere', 'demo-workers-0')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No cluster found for name: nowhere.',
      $metadata: { httpStatusCode: 404 },
    });
    fixture.lab.eks.deletedNodegroups.add('demo/demo-workers-2');
    expect(await rejection(describe('demo', 'demo-workers-2'))).toContain('ResourceNotFoundException');
    const denied = new EKSClient(fixture.client([]));
    const call = denied.send(new DescribeNodegroupCommand({ clusterName: 'demo', nodegroupName: 'other-workers' }));
    await expect(call).rejects.toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } });
  });
});

describe('ECR', () => {
  it('has the images that it was given, and reports missing ones', async () => {
    const ecr = new ECRClient(fixture.client());
    fixture.lab.ecrImages.set('918309763551/eks/pause:3.5', `sha256:${'a'.repeat(64)}`);
    const answer = await ecr.send(
      new BatchGetImageCommand({
        registryId: '918309763551',
        repositoryName: 'eks/pause',
        imageIds: [{ imageTag: '3.5' }, { imageTag: '3.9' }],
      }),
    );
    expect(answer.images?.map((i) => i.imageId?.imageTag)).toEqual(['3.5']);
    expect(answer.failures?.map((f) => f.failureCode)).toEqual(['ImageNotFound']);
  });
});

describe('SNS', () => {
  it('keeps what was published, and refuses an unknown topic', async () => {
    const sns = new SNSClient(fixture.client());
    const TopicArn = 'arn:aws-cn:sns:cn-north-1:123456789012:notices';
    const severity = { DataType: 'String', StringValue: 'critical' };
    const message = { TopicArn, Subject: 's', Message: 'm & <n>' };
    await sns.send(new PublishCommand({ ...message, MessageAttributes: { severity } }));
    expect(fixture.lab.notifications).toMatchObject([
      { subject: 's', message: 'm & <n>', attributes: { severity: 'critical' } },
    ]);
    expect(await rejection(sns.send(new PublishCommand({ TopicArn: `${TopicArn}x`, Message: 'm' })))).toContain(
      'NotFound',
    );
  });

  it.each([
    { Subject: 'two\nlines' },
    { Subject: 'x'.repeat(100) },
    { Subject: 'Ä' },
    { MessageAttributes: { cluster: { DataType: 'String', StringValue: '' } } },
  ])('refuses a message with %j, as AWS does', async (part) => {
    const sns = new SNSClient(fixture.client());
    const TopicArn = 'arn:aws-cn:sns:cn-north-1:123456789012:notices';
    expect(await rejection(sns.send(new PublishCommand({ TopicArn, Message: 'm', ...part })))).toContain(
      'InvalidParameter',
    );
  });
});
