import {
  type CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  paginateDescribeSubscriptionFilters,
} from '@aws-sdk/client-cloudwatch-logs';
import type { SkippedLogGroup } from '../config.ts';
import { EXIT, firstLine, UserError } from '../user-error.ts';

/** Source: CloudWatch Logs quotas, subscription filters per log group; it cannot be raised. */
const MAX_SUBSCRIPTION_FILTERS = 2;
/** Source: CloudWatch Logs quotas, metric filters per log group; it cannot be raised. */
const MAX_METRIC_FILTERS = 100;
/** The only class that takes filters. Source: CloudWatch Logs user guide, "Log classes". */
const STANDARD = 'STANDARD';

/** What CloudWatch Logs says of a log group. */
export type LogGroupState = {
  readonly logClass: string;
  /** Names of its subscription filters. */
  readonly subscriptions: readonly string[];
  readonly metricFilters: number;
  /** Whether fleetmend's own metric filter is among them. */
  readonly hasOwnMetricFilter: boolean;
};

/** The state of a group; undefined where there is no such group. */
export type StateOf = (logGroup: string) => Promise<LogGroupState | undefined>;

/** A log group that a deployment leaves out, and why, in a sentence for an operator. */
export type UnusableLogGroup = SkippedLogGroup & { readonly why: string };

const verdict = (
  filterName: string,
  state: LogGroupState | undefined,
): Omit<UnusableLogGroup, 'logGroup'> | undefined => {
  if (state === undefined) {
    return {
      reason: 'missing',
      why: 'it does not exist; install Container Insights, or correct the name, and deploy again',
    };
  }
  const { logClass, subscriptions, metricFilters, hasOwnMetricFilter } = state;
  if (logClass !== STANDARD) {
    return {
      reason: 'class',
      why: `its class is ${logClass}, and CloudWatch Logs takes filters on ${STANDARD} groups alone; a class cannot be changed: send the logs to a new group, or leave this one out of the configuration`,
    };
  }
  if (metricFilters >= MAX_METRIC_FILTERS && !hasOwnMetricFilter) {
    return {
      reason: 'class',
      why: `it has ${metricFilters} metric filters, and CloudWatch Logs allows ${MAX_METRIC_FILTERS}; remove one and deploy again`,
    };
  }
  if (subscriptions.length >= MAX_SUBSCRIPTION_FILTERS && !subscriptions.includes(filterName)) {
    return {
      reason: 'full',
      why: `it has the subscription filters ${subscriptions.join(' and ')}, and CloudWatch Logs allows ${MAX_SUBSCRIPTION_FILTERS}; remove one (or let both feed one stream) and deploy again`,
    };
  }
  return undefined;
};

/**
 * Which of the groups CloudFormation could not put fleetmend's filters on: one such group fails a whole deployment. A
 * group that has the filters of this stack is never left out, and each deployment looks again.
 *
 * @param filterName the name of the stack's subscription filters
 */
export const unusable = async (
  logGroups: readonly string[],
  filterName: string,
  stateOf: StateOf,
): Promise<readonly UnusableLogGroup[]> => {
  const skipped: UnusableLogGroup[] = [];
  for (const logGroup of [...new Set(logGroups)].toSorted()) {
    const found = verdict(filterName, await stateOf(logGroup));
    if (found !== undefined) skipped.push({ logGroup, ...found });
  }
  return skipped;
};

const refused = (logGroup: string, action: string) => (thrown: unknown) => {
  const name = thrown instanceof Error ? thrown.name : 'Error';
  throw new UserError(
    `cannot look at the log group ${logGroup}: ${name}: ${firstLine(thrown)}; allow logs:${action}, or deploy with -- --trust-log-groups`,
    EXIT.aws,
    thrown,
  );
};

/**
 * Asks CloudWatch Logs (`logs:DescribeLogGroups`, `logs:DescribeSubscriptionFilters`, `logs:DescribeMetricFilters`).
 *
 * @param metricFilterPrefix starts the names of the stack's metric filters
 * @throws UserError where an answer is missing: a group that cannot be read must not be taken for a free one
 */
export const createStateOf =
  (client: CloudWatchLogsClient, metricFilterPrefix: string): StateOf =>
  async (logGroupName) => {
    // Sorted by name, so a group of just this name comes first.
    const { logGroups = [] } = await client
      .send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName, limit: 1 }))
      .catch(refused(logGroupName, 'DescribeLogGroups'));
    const group = logGroups.find((found) => found.logGroupName === logGroupName);
    if (group === undefined) return undefined;
    const logClass = group.logGroupClass ?? STANDARD;
    const metricFilters = group.metricFilterCount ?? 0;
    if (logClass !== STANDARD) return { logClass, subscriptions: [], metricFilters, hasOwnMetricFilter: false };
    const subscriptions: string[] = [];
    try {
      for await (const page of paginateDescribeSubscriptionFilters({ client }, { logGroupName })) {
        subscriptions.push(...(page.subscriptionFilters ?? []).flatMap(({ filterName }) => filterName ?? []));
      }
    } catch (thrown) {
      refused(logGroupName, 'DescribeSubscriptionFilters')(thrown);
    }
    const own =
      metricFilters < MAX_METRIC_FILTERS
        ? undefined
        : await client
            .send(new DescribeMetricFiltersCommand({ logGroupName, filterNamePrefix: metricFilterPrefix, limit: 1 }))
            .catch(refused(logGroupName, 'DescribeMetricFilters'));
    return { logClass, subscriptions, metricFilters, hasOwnMetricFilter: (own?.metricFilters ?? []).length > 0 };
  };
