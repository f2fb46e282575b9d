import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { createStateOf, type LogGroupState, type StateOf, unusable, type WantedFilters } from './log-groups.ts';

const METRIC = 'fleetmend-shop-sandbox-failures';
const wanted = (logGroup: string, rest: Partial<WantedFilters> = {}): WantedFilters => ({
  logGroup,
  subscription: 'fleetmend',
  metric: METRIC,
  ...rest,
});

const state = (rest: Partial<LogGroupState> = {}): LogGroupState => ({
  logClass: 'STANDARD',
  subscriptions: [],
  metricFilters: 0,
  hasOwnMetricFilter: false,
  ...rest,
});
const account: Readonly<Record<string, LogGroupState>> = {
  '/free': state(),
  '/one': state({ subscriptions: ['siem'] }),
  '/full': state({ subscriptions: ['siem', 'archive'] }),
  '/ours': state({ subscriptions: ['siem', 'fleetmend'] }),
  '/infrequent': state({ logClass: 'INFREQUENT_ACCESS' }),
  '/delivery': state({ logClass: 'DELIVERY' }),
  '/counted': state({ metricFilters: 100 }),
  '/counted-full': state({ metricFilters: 100, subscriptions: ['siem', 'archive'] }),
  '/counted-ours': state({ metricFilters: 100, hasOwnMetricFilter: true }),
};
const stateOf: StateOf = async ({ logGroup }) => account[logGroup];
const skippedOf = async (...groups: readonly string[]) =>
  unusable(
    groups.map((group) => wanted(group)),
    stateOf,
  );

describe('the log groups that take no filter', () => {
  it('are named with the reason and the remedy', async () => {
    const skipped = await skippedOf('/gone', ...Object.keys(account));
    expect(skipped.map(({ logGroup, reason }) => [logGroup, reason])).toEqual([
      ['/counted', 'metric-filters'],
      ['/counted-full', 'full'],
      ['/counted-full', 'metric-filters'],
      ['/delivery', 'class'],
      ['/full', 'full'],
      ['/gone', 'missing'],
      ['/infrequent', 'class'],
    ]);
    const why = Object.fromEntries(skipped.map((group) => [group.logGroup, group.why]));
    expect(why['/full']).toMatch(/siem and archive.*deploy again/);
    expect(why['/gone']).toMatch(/does not exist.*deploy again/);
    expect(why['/infrequent']).toMatch(/INFREQUENT_ACCESS.*STANDARD groups alone.*new group/);
    expect(why['/counted']).toMatch(/100 metric filters.*deploy again/);
  });

  it('are checked at each deployment: a group that appears is used', async () => {
    expect(await skippedOf('/gone')).toHaveLength(1);
    expect(await unusable([wanted('/gone')], async () => state())).toEqual([]);
  });

  it('depend on the stack: a filter of another stack counts', async () => {
    expect(await unusable([wanted('/ours', { subscription: 'fleetmend-eu' })], stateOf)).toHaveLength(1);
  });

  it('keep their subscription filter where only the metric filters are too many, and none is configured', async () => {
    expect(await unusable([wanted('/counted', { metric: undefined })], stateOf)).toEqual([]);
  });

  it('stay unknown where CloudWatch Logs refuses', async () => {
    const refuse: StateOf = () => Promise.reject(new Error('no'));
    await expect(unusable([wanted('/free')], refuse)).rejects.toThrow('no');
  });
});

describe('asking CloudWatch Logs', () => {
  type Answer = { readonly status: number; readonly body: string };
  /** The SDK's own client, whose requests end here: what is asked, in the SDK's words, and where. */
  const asking = (region: string, ...answers: readonly Answer[]) => {
    const asked: { readonly host: string; readonly target: string; readonly body: unknown }[] = [];
    const left = [...answers];
    const requestHandler = {
      handle: async (request: {
        readonly hostname: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly body?: Uint8Array;
      }) => {
        const target = request.headers['x-amz-target']?.split('.')[1] ?? '';
        asked.push({ host: request.hostname, target, body: JSON.parse(new TextDecoder().decode(request.body)) });
        const { status, body } = left.shift() ?? { status: 400, body: '{}' };
        return {
          response: {
            statusCode: status,
            headers: { 'content-type': 'application/x-amz-json-1.1' },
            body: new TextEncoder().encode(body),
          },
        };
      },
    };
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
    const client = new CloudWatchLogsClient({ region, credentials, maxAttempts: 1, requestHandler });
    const stateOf = createStateOf(client);
    return {
      ask: (logGroup: string, metric: string | undefined = METRIC) => stateOf(wanted(logGroup, { metric })),
      asked,
    };
  };
  const json = (value: unknown, status = 200): Answer => ({ status, body: JSON.stringify(value) });
  const groups = (...logGroups: readonly object[]) => json({ logGroups });

  it.each([
    ['us-east-1', 'logs.us-east-1.amazonaws.com'],
    ['cn-north-1', 'logs.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'logs.us-gov-west-1.amazonaws.com'],
  ])('asks in %s', async (region, host) => {
    const { ask, asked } = asking(
      region,
      groups({ logGroupName: '/a', metricFilterCount: 3 }),
      json({ subscriptionFilters: [{ filterName: 'siem' }] }),
    );
    expect(await ask('/a')).toEqual(state({ subscriptions: ['siem'], metricFilters: 3 }));
    expect(asked).toEqual([
      { host, target: 'DescribeLogGroups', body: { logGroupNamePrefix: '/a', limit: 1 } },
      { host, target: 'DescribeSubscriptionFilters', body: { logGroupName: '/a' } },
    ]);
  });

  it('reads every page of filters', async () => {
    const { ask, asked } = asking(
      'us-east-1',
      groups({ logGroupName: '/a' }),
      json({ subscriptionFilters: [{ filterName: 'a' }], nextToken: 'n' }),
      json({ subscriptionFilters: [{ filterName: 'b' }] }),
    );
    expect((await ask('/a'))?.subscriptions).toEqual(['a', 'b']);
    expect(asked[2]?.body).toEqual({ logGroupName: '/a', nextToken: 'n' });
  });

  it('looks for its own metric filter where a group has all that are allowed', async () => {
    const full = groups({ logGroupName: '/a', metricFilterCount: 100 });
    const none = json({ subscriptionFilters: [] });
    const own = asking(
      'us-east-1',
      full,
      none,
      json({ metricFilters: [{ filterName: `${METRIC}-of-another-stack` }, { filterName: METRIC }] }),
    );
    expect((await own.ask('/a'))?.hasOwnMetricFilter).toBe(true);
    expect(own.asked[2]?.body).toEqual({ logGroupName: '/a', filterNamePrefix: METRIC });
    expect(
      (
        await asking(
          'us-east-1',
          full,
          none,
          json({ metricFilters: [{ filterName: `${METRIC}-of-another-stack` }] }),
        ).ask('/a')
      )?.hasOwnMetricFilter,
    ).toBe(false);
  });

  it('reads no filters of a group whose class takes none: CloudWatch Logs would refuse', async () => {
    const { ask, asked } = asking('us-east-1', groups({ logGroupName: '/a', logGroupClass: 'INFREQUENT_ACCESS' }));
    expect((await ask('/a'))?.logClass).toBe('INFREQUENT_ACCESS');
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['none', groups()],
    ['one whose name only begins so', groups({ logGroupName: '/a/b' })],
  ])('knows a group that is not there: %s', async (_, answer) => {
    expect(await asking('us-east-1', answer).ask('/a')).toBeUndefined();
  });

  it.each([
    [
      'a refusal',
      [json({ __type: 'AccessDeniedException', message: 'not you' }, 400)],
      /log group \/a: AccessDeniedException: not you; allow logs:DescribeLogGroups/,
    ],
    [
      'a refusal of the filters',
      [groups({ logGroupName: '/a' }), json({ __type: 'AccessDeniedException', message: 'not you' }, 400)],
      /log group \/a: .*allow logs:DescribeSubscriptionFilters/,
    ],
    ['no JSON', [{ status: 502, body: '<html>' }], /cannot look at the log group \/a: /],
  ])('takes %s for no answer, and says what to do', async (_, answers, message) => {
    await expect(asking('us-east-1', ...answers).ask('/a')).rejects.toThrow(message);
  });
});
