import { createHash } from 'node:crypto';
import { Aws, NestedStack } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Remediation } from '../../core/model/remediation.ts';
import { filterPattern, type LogGroupKind } from '../log-filter.ts';
import { idOfName } from './id-of-name.ts';

/** A log group that gets a subscription filter. */
type SubscribedLogGroup = { readonly name: string; readonly kind: LogGroupKind };
type FilteredLogGroup = { readonly name: string; readonly filterPattern: string };

/** How many nested stacks hold the filters. Never change it: that would move filters from stack to stack. */
const SHARDS = 16;

/** The shard of a log group, by its name alone: a group that moves to another cluster's entry keeps its filter. */
const shardOf = (logGroup: string): number => (createHash('sha256').update(logGroup).digest()[0] ?? 0) % SHARDS;

/** The subscription filters of one shard. */
class FilterShard extends NestedStack {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly logGroups: readonly FilteredLogGroup[];
      readonly filterName: string;
      readonly destinationArn: string;
    },
  ) {
    super(scope, id, { description: 'fleetmend: subscription filters of log groups' });
    const { logGroups, ...filter } = props;
    for (const { name: logGroupName, filterPattern } of logGroups) {
      new logs.CfnSubscriptionFilter(this, idOfName('From', logGroupName), {
        ...filter,
        logGroupName,
        filterPattern,
      });
    }
  }
}

/**
 * Sends the lines of log groups to log-classifier: a subscription filter with the pattern of its kind for each log group,
 * and one permission for the log groups of this account and Region. A permission for each group would fill the resource
 * policy of the function, which holds 20,480 bytes, at about 44 groups. Source: Lambda quotas, function resource-based
 * policy.
 */
export class LogSubscriptions extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly logGroups: readonly SubscribedLogGroup[];
      readonly remediations: readonly Remediation[];
      readonly target: lambda.IFunction;
      readonly filterName: string;
    },
  ) {
    super(scope, id);
    const patterns = new Map(
      props.logGroups.map(({ name, kind }) => [name, filterPattern(props.remediations, kind)] as const),
    );
    const logGroups = [...patterns]
      .flatMap(([name, pattern]) => (pattern === undefined ? [] : [{ name, filterPattern: pattern }]))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
    for (const [shard, own] of Map.groupBy(logGroups, ({ name }) => shardOf(name))) {
      const { nestedStackResource } = new FilterShard(this, `Filters${shard}`, {
        logGroups: own,
        filterName: props.filterName,
        destinationArn: props.target.functionArn,
      });
      // CloudWatch Logs calls the function once when a filter is made, and refuses the filter where it may not.
      nestedStackResource?.addResourceDependency(permission);
    }
  }
}
