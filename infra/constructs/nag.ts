import { Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { FunctionName } from '../bundle.ts';
import type { Config } from '../config.ts';

const WILDCARD = 'AwsSolutions-IAM5';
const TRACING = 'X-Ray has no resource-level permissions for putting traces';
const FLEET = 'EC2 and SSM know no resources for describing instances';
const NETWORK = 'Lambda makes its network interfaces in the VPC under ids that EC2 chooses; the code itself is denied';
const COMMANDS = 'SSM has no resource-level permissions for listing commands and their invocations';

/** The reasons for a statement on every resource. audit-query, log-classifier and notifier only trace. */
const EVERYTHING: Readonly<Record<FunctionName, readonly string[]>> = {
  'log-classifier': [TRACING],
  'signal-intake': [TRACING],
  'operator-api': [TRACING, FLEET],
  'command-tracker': [TRACING, COMMANDS],
  'run-controller': [TRACING, FLEET, COMMANDS, 'nor for cancelling them'],
  scheduler: [TRACING, FLEET, COMMANDS],
  'audit-query': [TRACING],
  notifier: [TRACING],
};

const REGIONAL = '<AWS::Region>:<AWS::AccountId>';

/** Explains to cdk-nag each wildcard that a function's role needs; a new one still fails. */
export const explainWildcards = (name: FunctionName, role: iam.Role, config: Config): void => {
  const explained: Readonly<Record<string, string>> = {
    'Resource::*': [...EVERYTHING[name], ...(config.vpc === undefined ? [] : [NETWORK])].join('; '),
    ...(name === 'run-controller'
      ? {
          [`Resource::arn:<AWS::Partition>:ec2:${REGIONAL}:instance/*`]:
            'Nodes come and go; the statement holds only for instances with the tag of a configured cluster.',
          'Resource::arn:<AWS::Partition>:ecr:*:*:repository/eks/pause':
            'EKS registries have an account of their own in most Regions, and nodes may use that of another Region; reading.',
          ...Object.fromEntries(
            config.clusters.map((cluster) => [
              `Resource::arn:<AWS::Partition>:eks:${REGIONAL}:nodegroup/${cluster.name}/*/*`,
              'Nodegroups of a configured cluster come and go; reading.',
            ]),
          ),
        }
      : {}),
  };
  for (const [finding, reason] of Object.entries(explained)) {
    Validations.of(role).acknowledge({ id: `${WILDCARD}[${finding}]`, reason });
  }
};

/** Explains to cdk-nag that a queue is itself a dead-letter queue, of something that is not an SQS queue. */
export const explainDeadLetters = (queue: IConstruct): void => {
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is a dead-letter queue itself, of event rules or of a function, which the rule does not see.',
  });
};
