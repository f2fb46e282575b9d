import { LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { FILTER_NAME } from './config.ts';

/** Source: CloudWatch Logs quotas, subscription filters per log group; it cannot be raised. */
const MAX_FILTERS = 2;

/** The filters on a group, by name; undefined where there is no such group. */
export type FiltersOf = (logGroup: string) => Promise<readonly string[] | undefined>;

/** A log group that cannot be subscribed, and why, in a sentence for an operator. */
export type SkippedLogGroup = { readonly logGroup: string; readonly why: string };

/**
 * Which of the groups CloudFormation could not put fleetmend's filter on: one such group fails a whole deployment. A
 * group that has our filter already is never skipped, and each deployment looks anew.
 */
export const unusable = async (
  logGroups: readonly string[],
  filtersOf: FiltersOf,
): Promise<readonly SkippedLogGroup[]> => {
  const skipped: SkippedLogGroup[] = [];
  for (const logGroup of [...new Set(logGroups)].toSorted()) {
    const filters = await filtersOf(logGroup);
    if (filters === undefined) {
      skipped.push({
        logGroup,
        why: 'there is no such log group; install Container Insights, or mend the name, and deploy again',
      });
    } else if (filters.length >= MAX_FILTERS && !filters.includes(FILTER_NAME)) {
      skipped.push({
        logGroup,
        why: `it has ${filters.join(' and ')} already, and CloudWatch Logs allows two filters; remove one (or let both feed one stream) and deploy again`,
      });
    }
  }
  return skipped;
};

const Answer = z.object({
  subscriptionFilters: z.array(z.object({ filterName: z.string() })).default([]),
  nextToken: z.string().optional(),
});
const Failure = z.object({ __type: z.string().default('UnknownError'), message: z.string().default('') });

const TARGET = 'Logs_20140328.DescribeSubscriptionFilters';
const TIMEOUT_MS = 20_000;

/**
 * Asks CloudWatch Logs, which takes `logs:DescribeSubscriptionFilters` and nothing else. The call is signed by the client
 * of another service, so that region and credentials are found as the SDK finds them (profiles and SSO included) without
 * a package more.
 *
 * @throws where the answer is neither a list nor "no such group": an unreadable group must not be taken for a free one
 */
export const createFiltersOf = (client: LambdaClient = new LambdaClient({}), send: typeof fetch = fetch): FiltersOf => {
  const call = async (body: string): Promise<Response> => {
    const region = await client.config.region();
    const custom = await client.config.endpoint?.();
    const url =
      custom === undefined
        ? client.config.endpointProvider({ Region: region }).url
        : new URL(`${custom.protocol}//${custom.hostname}${custom.port === undefined ? '' : `:${custom.port}`}`);
    // Every partition has its services below one suffix: lambda.REGION.SUFFIX, logs.REGION.SUFFIX.
    const hostname = url.hostname.replace(/^lambda\./, 'logs.');
    const host = url.port === '' ? hostname : `${hostname}:${url.port}`;
    const signer = await client.config.signer({
      name: 'sigv4',
      signingName: 'logs',
      signingRegion: region,
      properties: {},
    });
    const request = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: '/',
      query: {},
      headers: { host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': TARGET },
      body,
    });
    const { host: _host, ...headers } = request.headers;
    return send(`${url.protocol}//${host}/`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  };
  return async (logGroupName) => {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const response = await call(JSON.stringify({ logGroupName, ...(nextToken === undefined ? {} : { nextToken }) }));
      const text = await response.text();
      if (!response.ok) {
        const failure = Failure.safeParse(text.startsWith('{') ? JSON.parse(text) : {});
        const name = failure.data?.__type.split('#').at(-1) ?? 'UnknownError';
        if (name === 'ResourceNotFoundException') return undefined;
        throw new Error(
          `looking at the log group ${logGroupName}: ${name}: ${failure.data?.message || `HTTP ${response.status}`}; allow logs:DescribeSubscriptionFilters, or deploy with -- --trust-log-groups`,
        );
      }
      const answer = Answer.parse(JSON.parse(text));
      names.push(...answer.subscriptionFilters.map(({ filterName }) => filterName));
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    return names;
  };
};
