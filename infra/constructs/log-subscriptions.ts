import { createHash } from 'node:crypto';
import { Aws, NestedStack } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Remediation } from '../../core/model/remediation.ts';
import { idOfName } from './id-of-name.ts';

/** Source: CloudWatch Logs API, FilterPattern: at most 1,024 characters. */
export const MAX_FILTER_PATTERN_CHARACTERS = 1024;

/**
 * One coarse pattern for all remediations: a line passes that contains any of their phrases. log-classifier classifies it.
 *
 * @throws naming the remediations and how much is too much
 */
export const filterPattern = (remediations: readonly Remediation[]): string => {
  const quoted = [...new Set(remediations.flatMap(({ logPhrases }) => logPhrases))];
  const unquotable = quoted.filter((phrase) => phrase.includes('"') || phrase.trim() === '');
  if (unquotable.length > 0) {
    throw new Error(
      `building the log filter: phrases may not be empty or hold a double quote: ${JSON.stringify(unquotable)}`,
    );
  }
  const pattern = quoted.map((phrase) => `?"${phrase}"`).join(' ');
  const excess = pattern.length - MAX_FILTER_PATTERN_CHARACTERS;
  if (excess > 0) {
    const shares = remediations.map(
      ({ name, logPhrases }) => `${name} ${logPhrases.reduce((sum, phrase) => sum + phrase.length + 4, 0)}`,
    );
    throw new Error(
      `building the log filter: ${excess} characters over CloudWatch Logs' ${MAX_FILTER_PATTERN_CHARACTERS}; ` +
        `shorten logPhrases (characters by remediation: ${shares.join(', ')})`,
    );
  }
  return pattern;
};

/** How many nested stacks hold the filters; never to be changed, since that would move filters from stack to stack. */
const SHARDS = 16;

/** The shard of a log group, by its name alone: a group that moves to another cluster's entry keeps its filter. */
const shardOf = (logGroup: string): number => (createHash('sha256').update(logGroup).digest()[0] ?? 0) % SHARDS;

/** The subscription filters of one shard. */
class FilterShard extends NestedStack {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly logGroups: readonly string[];
      readonly filterName: string;
      readonly filterPattern: string;
      readonly destinationArn: string;
    },
  ) {
    super(scope, id, { description: 'fleetmend: subscription filters of log groups' });
    const { logGroups, ...filter } = props;
    for (const logGroupName of logGroups) {
      new logs.CfnSubscriptionFilter(this, idOfName('From', logGroupName), { ...filter, logGroupName });
    }
  }
}

/**
 * Sends what the nodes log to the function logs: a subscription filter for each log group, and one permission for the
 * log groups of this account and Region. A permission for each group would fill the function's resource policy, which
 * holds 20,480 bytes, at about 44 groups. Source: Lambda quotas, function resource-based policy.
 */
export class LogSubscriptions extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly logGroups: readonly string[];
      readonly remediations: readonly Remediation[];
      readonly target: lambda.IFunction;
      readonly filterName: string;
    },
  ) {
    super(scope, id);
    const logGroups = [...new Set(props.logGroups)].toSorted();
    if (logGroups.length === 0) return;
    const permission = new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: props.target.functionArn,
      // logs.amazonaws.com, in China logs.amazonaws.com.cn. Source: DataDog/terraform-aws-lambda-datadog-forwarder, and
      // serverless/serverless#10906, where Lambda refused another principal in China.
      principal: `logs.${Aws.URL_SUFFIX}`,
      sourceAccount: Aws.ACCOUNT_ID,
      sourceArn: `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
    });
    for (const [shard, own] of Map.groupBy(logGroups, shardOf)) {
      const { nestedStackResource } = new FilterShard(this, `Filters${shard}`, {
        logGroups: own,
        filterName: props.filterName,
        filterPattern: filterPattern(props.remediations),
        destinationArn: props.target.functionArn,
      });
      // CloudWatch Logs calls the function once when a filter is made, and refuses the filter where it may not.
      nestedStackResource?.addResourceDependency(permission);
    }
  }
}
