import { Aws } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Remediation } from '../../functions/core/remediation.ts';
import { FILTER_NAME } from '../config.ts';

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

/** Sends what the nodes log to λ logs: a subscription filter, and the right to call, for each log group. */
export class LogSubscriptions extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly logGroups: readonly string[];
      readonly remediations: readonly Remediation[];
      readonly target: lambda.IFunction;
    },
  ) {
    super(scope, id);
    const pattern = filterPattern(props.remediations);
    for (const logGroupName of new Set(props.logGroups)) {
      // The ids are the group's name, so that the order in the configuration does not matter.
      const permission = new CfnPermission(this, `May${logGroupName}`, {
        action: 'lambda:InvokeFunction',
        functionName: props.target.functionArn,
        principal: 'logs.amazonaws.com',
        sourceAccount: Aws.ACCOUNT_ID,
        sourceArn: `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${logGroupName}:*`,
      });
      const filter = new logs.CfnSubscriptionFilter(this, `From${logGroupName}`, {
        logGroupName,
        filterName: FILTER_NAME,
        filterPattern: pattern,
        destinationArn: props.target.functionArn,
      });
      filter.addResourceDependency(permission);
    }
  }
}
