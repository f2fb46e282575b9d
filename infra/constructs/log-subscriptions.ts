import { Aws } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Remediation } from '../../functions/core/remediation.ts';

/** Source: CloudWatch Logs API, FilterPattern: at most 1,024 characters. */
export const MAX_FILTER_PATTERN_CHARACTERS = 1024;

/**
 * One coarse pattern for all remediations: a line passes that contains any of their phrases. λ logs classifies it.
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
    const logGroups = new Set(props.logGroups);
    if (logGroups.size === 0) return;
    const pattern = filterPattern(props.remediations);
    const permission = new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: props.target.functionArn,
      // logs.amazonaws.com, in China logs.amazonaws.com.cn. Source: DataDog/terraform-aws-lambda-datadog-forwarder, and
      // serverless/serverless#10906, where Lambda refused another principal in China.
      principal: `logs.${Aws.URL_SUFFIX}`,
      sourceAccount: Aws.ACCOUNT_ID,
      sourceArn: `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
    });
    for (const logGroupName of logGroups) {
      // The id is the group's name: a filter stays the same resource when its group moves to another cluster's entry.
      const filter = new logs.CfnSubscriptionFilter(this, `From${logGroupName}`, {
        logGroupName,
        filterName: props.filterName,
        filterPattern: pattern,
        destinationArn: props.target.functionArn,
      });
      // CloudWatch Logs calls the function once when the filter is made, and refuses the filter where it may not.
      filter.addResourceDependency(permission);
    }
  }
}
