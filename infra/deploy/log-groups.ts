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

/** The description of a log group by CloudWatch Logs. */
export type LogGroupState = {
  readonly logClass: string;
  /** Names of its subscription filters. */
  readonly subscriptions: readonly string[];
  readonly metricFilters: number;
  /** Whether this stack's metric filter is among them. */
  readonly hasOwnMetricFilter: boolean;
};

/** A log group of the configuration, and the names of the filters that the stack wants on it. */
export type WantedFilters = {
  readonly logGroup: string;
  readonly subscription: string;
  /** Undefined where the configuration wants no metric filter. */
  readonly metric: string | undefined;
};

/** The state of a group; undefined where there is no such group. */
export type StateOf = (wanted: WantedFilters) => Promise<LogGroupState | undefined>;

/** A log group without one of its filters, and the reason as a sentence for an operator. */
export type UnusableLogGroup = SkippedLogGroup & { readonly why: string };

type Verdict = Omit<UnusableLogGroup, 'logGroup'>;

const verdicts = ({ subscription, metric }: WantedFilters, state: LogGroupState | undefined): readonly Verdict[] => {
  if (state === undefined) {
    return [
      {
        reason: 'missing',
        why: 'it does not exist; install Container Insights, or correct the name, and deploy again',
      },
    ];
  }
  const { logClass, subscriptions, metricFilters, hasOwnMetricFilter } = state;
  if (logClass !== STANDARD) {
    return [
      {
        reason: 'class',
        why: `its class is ${logClass}, and CloudWatch Logs takes filters on ${STANDARD} groups alone; a class cannot be changed: send the logs to a new group, or leave this one out of the configuration`,
      },
    ];
  }
  const isSubscribable = subscriptions.length < MAX_SUBSCRIPTION_FILTERS || subscriptions.includes(subscription);
  const isCountable = metric === undefined || metricFilters < MAX_METRIC_FILTERS || hasOwnMetricFilter;
  return [
    ...(isSubscribable
      ? []
      : [
          {
            reason: 'full' as const,
            why: `it has the subscription filters ${subscriptions.join(' and ')}, and CloudWatch Logs allows ${MAX_SUBSCRIPTION_FILTERS}; remove one (or let both feed one stream) and deploy again`,
          },
        ]),
    ...(isCountable
      ? []
      : [
          {
            reason: 'metric-filters' as const,
            why: `it has ${metricFilters} metric filters, and CloudWatch Logs allows ${MAX_METRIC_FILTERS}: its lines are read but not counted; remove one and deploy again`,
          },
        ]),
  ];
};

/**
 * The groups that cannot take a filter: one such group would fail the whole deployment. A filter of this
 * stack that exists is never left out, and each deployment checks again.
 */
export const unusable = async (
  wanted: readonly WantedFilters[],
  stateOf: StateOf,
): Promise<readonly UnusableLogGroup[]> => {
  const skipped: UnusableLogGroup[] = [];
  for (const filters of wanted.toSorted((a, b) => (a.logGroup < b.logGroup ? -1 : 1))) {
    const state = await stateOf(filters);
    skipped.push(...verdicts(filters, state).map((verdict) => ({ logGroup: filters.logGroup, ...verdict })));
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
 * @throws UserError where an answer is missing: a group that cannot be read must not be taken for a free one
 */
export const createStateOf =
  (client: CloudWatchLogsClient): StateOf =>
  async ({ logGroup: logGroupName, metric }) => {
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
      metric === undefined || metricFilters < MAX_METRIC_FILTERS
        ? undefined
        : await client
            .send(new DescribeMetricFiltersCommand({ logGroupName, filterNamePrefix: metric }))
            .catch(refused(logGroupName, 'DescribeMetricFilters'));
    const hasOwnMetricFilter = (own?.metricFilters ?? []).some(({ filterName }) => filterName === metric);
    return { logClass, subscriptions, metricFilters, hasOwnMetricFilter };
  };
