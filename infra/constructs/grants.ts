import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { mayRepair } from '../../core/model/may-repair.ts';
import type { Remediation } from '../../core/model/remediation.ts';
import { documentName, documentPattern } from '../../events/ssm-command.ts';
import type { Config } from '../config.ts';
import type { DocumentToDeploy } from './documents.ts';

const regional = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

const allow = (
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: [...actions],
    resources: [...resources],
    ...(conditions === undefined ? {} : { conditions: { ...conditions } }),
  });

/** Sending to one queue. */
export const sendTo = (...queues: readonly sqs.IQueue[]): iam.PolicyStatement =>
  allow(
    ['sqs:SendMessage'],
    queues.map((queue) => queue.queueArn),
  );

/** Taking messages off dead-letter queues, and making visible what stays, for `replay` and `discard`. */
export const takeFrom = (queues: readonly sqs.IQueue[]): iam.PolicyStatement =>
  allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
    queues.map((queue) => queue.queueArn),
  );

/** Reading what audit-query shows besides the audit table: dead-letter queues, instances and their SSM agents. */
export const toExplain = (queues: readonly sqs.IQueue[]): readonly iam.PolicyStatement[] => [
  allow(
    ['sqs:GetQueueAttributes'],
    queues.map((queue) => queue.queueArn),
  ),
  describeInstances(),
  describeManagedNodes(),
];

/** Invoking one function that has no versions, or one alias. */
export const invoke = (functionArn: string): iam.PolicyStatement => allow(['lambda:InvokeFunction'], [functionArn]);

/** Publishing on topics. */
export const publishOn = (...topicArns: readonly string[]): iam.PolicyStatement => allow(['sns:Publish'], topicArns);

/** Putting events on one bus. */
export const putEvents = (busArn: string): iam.PolicyStatement => allow(['events:PutEvents'], [busArn]);

/** Telling on one bus what people did, and no other event. */
export const putNoticesOf = (busArn: string, detailTypes: readonly string[]): iam.PolicyStatement =>
  allow(['events:PutEvents'], [busArn], {
    // A key with many values (service authorization reference of EventBridge) needs a set operator, and one that is not empty.
    'ForAllValues:StringEquals': { 'events:detail-type': detailTypes },
    Null: { 'events:detail-type': ['false'] },
  });

/** Reading instances and their tags. EC2 has no resource-level permissions for it. */
export const describeInstances = (): iam.PolicyStatement => allow(['ec2:DescribeInstances'], ['*']);

/** Reading which nodes SSM manages. SSM has no resource-level permissions for it. */
export const describeManagedNodes = (): iam.PolicyStatement => allow(['ssm:DescribeInstanceInformation'], ['*']);

/** Reading the status and the output of commands. SSM has no resource-level permissions for any of it. */
export const readCommands = (): iam.PolicyStatement =>
  allow(['ssm:ListCommands', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'], ['*']);

/** Finding and cancelling commands of run-controller. SSM has no resource-level permissions for either action. */
export const listAndCancelCommands = (): iam.PolicyStatement => allow(['ssm:ListCommands', 'ssm:CancelCommand'], ['*']);

/** Asking an EKS registry, of whichever region and account, whether it has the pause image. */
export const askRegistries = (): iam.PolicyStatement =>
  allow(['ecr:BatchGetImage'], [`arn:${Aws.PARTITION}:ecr:*:*:repository/eks/pause`]);

/** Clusters per statement: a statement must fit into a managed policy, to which CDK moves statements that do not fit inline. */
const CLUSTERS_PER_STATEMENT = 25;

const inChunks = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / CLUSTERS_PER_STATEMENT) }, (_, i) =>
    items.slice(i * CLUSTERS_PER_STATEMENT, (i + 1) * CLUSTERS_PER_STATEMENT),
  );

/** Reading whether a nodegroup is being updated, which run-controller asks before disruptive repairs, in clusters that allow one. */
export const readNodegroups = (
  config: Config,
  remediations: readonly Remediation[],
): readonly iam.PolicyStatement[] => {
  const disruptive = remediations.filter((it) => it.disruptive);
  const disturbed = config.clusters.filter((cluster) => disruptive.some((it) => mayRepair(cluster, it).allowed));
  return inChunks(disturbed).map((clusters) =>
    allow(
      ['eks:DescribeNodegroup'],
      clusters.map(({ name }) => regional('eks', `nodegroup/${name}/*/*`)),
    ),
  );
};

/** Reading what a configured cluster has besides EC2 instances: Fargate profiles, remote node networks. */
export const readClusters = (config: Config): readonly iam.PolicyStatement[] =>
  inChunks(config.clusters).map((clusters) =>
    allow(
      ['eks:DescribeCluster', 'eks:ListFargateProfiles'],
      clusters.map(({ name }) => regional('eks', `cluster/${name}`)),
    ),
  );

/**
 * Patterns of the documents that run-controller may send: every check; a repair only where some cluster's policy lets it happen,
 * so that a deployment that observes cannot repair at all; a variant only where the configuration names it. They match every
 * version of a document, since a run may be under way while functions and policies change one after the other. Before it is sent,
 * a document is compared with what was built, so the pattern is not what holds back a strange one.
 */
export const sendableDocuments = (
  config: Config,
  documents: readonly DocumentToDeploy[],
  remediations: readonly Remediation[],
  stackName: string,
): readonly string[] => {
  const repairs = new Set(
    remediations
      .filter((remediation) => config.clusters.some((cluster) => mayRepair(cluster, remediation).allowed))
      .map(({ name }) => name),
  );
  const sendable = documents.filter(
    ({ key, action, remediation }) =>
      action === 'check' ||
      (remediation !== undefined &&
        repairs.has(remediation) &&
        (key === `${remediation}-repair` || config.documentVariants.includes(key))),
  );
  return [...new Set(sendable.map(({ key, sha256 }) => documentPattern(documentName(stackName, key, sha256))))];
};

/**
 * The permission to run commands as root: these documents, on instances with the tag of a configured cluster. SendCommand is
 * allowed only when the document and every instance are, so neither statement permits anything alone.
 */
export const sendCommand = (config: Config, documentPatterns: readonly string[]): readonly iam.PolicyStatement[] => {
  const instances = [regional('ec2', 'instance/*')];
  const taggedBy = (tag: string) => config.clusters.filter(({ nodeTags }) => nodeTags.some((t) => t === tag));
  const byName = ['eks:cluster-name', 'eks:eks-cluster-name'].flatMap((tag) =>
    inChunks(taggedBy(tag).map(({ name }) => name)).map((names) =>
      allow(['ssm:SendCommand'], instances, { StringEquals: { [`ssm:resourceTag/${tag}`]: names } }),
    ),
  );
  const byKey = taggedBy('kubernetes.io/cluster').map(({ name }) =>
    allow(['ssm:SendCommand'], instances, {
      StringEquals: { [`ssm:resourceTag/kubernetes.io/cluster/${name}`]: ['owned', 'shared'] },
    }),
  );
  return [
    // Reading them as well: what SSM has is compared with what was built before it is sent.
    allow(
      ['ssm:SendCommand', 'ssm:GetDocument', 'ssm:DescribeDocument'],
      documentPatterns.map((name) => regional('ssm', `document/${name}`)),
    ),
    ...byName,
    ...byKey,
  ];
};
