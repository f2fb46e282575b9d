import { CloudWatchLogsClient, DescribeSubscriptionFiltersCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { SkippedLogGroup } from './config.ts';

/** Source: CloudWatch Logs quotas, subscription filters per log group; it cannot be raised. */
const MAX_FILTERS = 2;

/** The filters on a group, by name; undefined where there is no such group. */
export type FiltersOf = (logGroup: string) => Promise<readonly string[] | undefined>;

/** A log group that cannot be subscribed, and why, in a sentence for an operator. */
type UnusableLogGroup = SkippedLogGroup & { readonly why: string };

/**
 * Which of the groups CloudFormation could not put fleetmend's filter on: one such group fails a whole deployment. A
 * group that has our filter already is never skipped, and each deployment looks anew.
 */
export const unusable = async (
  logGroups: readonly string[],
  filtersOf: FiltersOf,
  filterName: string,
): Promise<readonly UnusableLogGroup[]> => {
  const skipped: UnusableLogGroup[] = [];
  for (const logGroup of [...new Set(logGroups)].toSorted()) {
    const filters = await filtersOf(logGroup);
    if (filters === undefined) {
      skipped.push({
        logGroup,
        reason: 'missing',
        why: 'there is no such log group; install Container Insights, or mend the name, and deploy again',
      });
    } else if (filters.length >= MAX_FILTERS && !filters.includes(filterName)) {
      skipped.push({
        logGroup,
        reason: 'full',
        why: `it has ${filters.join(' and ')} already, and CloudWatch Logs allows two filters; remove one (or let both feed one stream) and deploy again`,
      });
    }
  }
  return skipped;
};

/**
 * Asks CloudWatch Logs, which takes `logs:DescribeSubscriptionFilters` and nothing else.
 *
 * @throws where the answer is neither a list nor "no such group": an unreadable group must not be taken for a free one
 */
export const createFiltersOf =
  (client: Pick<CloudWatchLogsClient, 'send'> = new CloudWatchLogsClient({})): FiltersOf =>
  async (logGroupName) => {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client
        .send(
          new DescribeSubscriptionFiltersCommand({ logGroupName, ...(nextToken === undefined ? {} : { nextToken }) }),
        )
        .catch((thrown: unknown) => {
          const [name, message] = thrown instanceof Error ? [thrown.name, thrown.message] : ['Error', String(thrown)];
          if (name === 'ResourceNotFoundException') return undefined;
          throw new Error(
            `looking at the log group ${logGroupName}: ${name}: ${message}; allow logs:DescribeSubscriptionFilters, or deploy with -- --trust-log-groups`,
            { cause: thrown },
          );
        });
      if (page === undefined) return undefined;
      names.push(...(page.subscriptionFilters ?? []).flatMap(({ filterName }) => filterName ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return names;
  };
