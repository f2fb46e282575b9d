import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { createFiltersOf, type FiltersOf, unusable } from './log-groups.ts';

const account: Readonly<Record<string, readonly string[]>> = {
  '/free': [],
  '/one': ['siem'],
  '/full': ['siem', 'archive'],
  '/ours': ['siem', 'fleetmend'],
};
const filtersOf: FiltersOf = async (group) => account[group];

describe('the log groups that cannot be subscribed', () => {
  it('are those that are missing or have two other filters, each named once with its reason', async () => {
    const skipped = await unusable(['/ours', '/one', '/gone', '/full', '/free', '/gone'], filtersOf, 'fleetmend');
    expect(skipped.map(({ logGroup, reason }) => [logGroup, reason])).toEqual([
      ['/full', 'full'],
      ['/gone', 'missing'],
    ]);
    expect(skipped[0]?.why).toMatch(/siem and archive.*deploy again/);
    expect(skipped[1]?.why).toMatch(/no such log group.*deploy again/);
  });

  it('are told by the name of this stack: the filter of another stack takes up a place', async () => {
    expect(await unusable(['/ours'], filtersOf, 'staging')).toMatchObject([{ logGroup: '/ours', reason: 'full' }]);
  });

  it('are looked for anew: a group that appears is used', async () => {
    expect(await unusable(['/gone'], filtersOf, 'fleetmend')).toHaveLength(1);
    expect(await unusable(['/gone'], async () => [], 'fleetmend')).toEqual([]);
  });

  it('stay unknown where CloudWatch Logs refuses', async () => {
    const refuse: FiltersOf = () => Promise.reject(new Error('no'));
    await expect(unusable(['/free'], refuse, 'fleetmend')).rejects.toThrow('no');
  });
});

describe('asking CloudWatch Logs', () => {
  /** The SDK's own client, whose requests end here: what is asked, in the SDK's words, and where. */
  const asking = (region: string, ...answers: readonly { readonly status: number; readonly body: string }[]) => {
    const asked: { readonly host: string; readonly body: unknown }[] = [];
    const left = [...answers];
    const requestHandler = {
      handle: async (request: { readonly hostname: string; readonly body?: unknown }) => {
        asked.push({ host: request.hostname, body: JSON.parse(String(request.body)) });
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
    return { filtersOf: createFiltersOf(client), asked };
  };
  const json = (value: unknown, status = 200) => ({ status, body: JSON.stringify(value) });

  it.each([
    ['us-east-1', 'logs.us-east-1.amazonaws.com'],
    ['cn-north-1', 'logs.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'logs.us-gov-west-1.amazonaws.com'],
  ])('asks in %s', async (region, host) => {
    const { filtersOf: ask, asked } = asking(region, json({ subscriptionFilters: [{ filterName: 'siem' }] }));
    expect(await ask('/a')).toEqual(['siem']);
    expect(asked).toEqual([{ host, body: { logGroupName: '/a' } }]);
  });

  it('reads every page', async () => {
    const { filtersOf: ask, asked } = asking(
      'us-east-1',
      json({ subscriptionFilters: [{ filterName: 'a' }], nextToken: 'n' }),
      json({ subscriptionFilters: [{ filterName: 'b' }] }),
    );
    expect(await ask('/a')).toEqual(['a', 'b']);
    expect(asked[1]?.body).toEqual({ logGroupName: '/a', nextToken: 'n' });
  });

  it('knows a group that is not there', async () => {
    const answer = json({ __type: 'com.amazonaws.logs#ResourceNotFoundException', message: 'no' }, 400);
    expect(await asking('us-east-1', answer).filtersOf('/a')).toBeUndefined();
  });

  it.each([
    [
      'a refusal',
      json({ __type: 'AccessDeniedException', message: 'not you' }, 400),
      /\/a: AccessDeniedException: not you; allow logs:Desc/,
    ],
    ['no JSON', { status: 502, body: '<html>' }, /looking at the log group \/a: /],
  ])('takes %s for no answer, and says what to do', async (_, answer, message) => {
    await expect(asking('us-east-1', answer).filtersOf('/a')).rejects.toThrow(message);
  });
});
