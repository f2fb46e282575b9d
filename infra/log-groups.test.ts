import { LambdaClient } from '@aws-sdk/client-lambda';
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
    const skipped = await unusable(['/ours', '/one', '/gone', '/full', '/free', '/gone'], filtersOf);
    expect(skipped.map(({ logGroup }) => logGroup)).toEqual(['/full', '/gone']);
    expect(skipped[0]?.why).toMatch(/siem and archive.*deploy again/);
    expect(skipped[1]?.why).toMatch(/no such log group.*deploy again/);
  });

  it('are looked for anew: a group that appears is used', async () => {
    expect(await unusable(['/gone'], filtersOf)).toHaveLength(1);
    expect(await unusable(['/gone'], async () => [])).toEqual([]);
  });

  it('stay unknown where CloudWatch Logs refuses', async () => {
    const refuse: FiltersOf = () => Promise.reject(new Error('no'));
    await expect(unusable(['/free'], refuse)).rejects.toThrow('no');
  });
});

describe('asking CloudWatch Logs', () => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  const asked: { url: string; headers: Headers; body: unknown }[] = [];
  const asking = (region: string, ...answers: readonly Response[]) => {
    asked.length = 0;
    const left = [...answers];
    return createFiltersOf(new LambdaClient({ region, credentials }), async (url, init) => {
      asked.push({ url: String(url), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) });
      return left.shift() ?? new Response('{}', { status: 500 });
    });
  };
  const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });

  it.each([
    ['us-east-1', 'https://logs.us-east-1.amazonaws.com/'],
    ['cn-north-1', 'https://logs.cn-north-1.amazonaws.com.cn/'],
    ['us-gov-west-1', 'https://logs.us-gov-west-1.amazonaws.com/'],
  ])('signs its request for %s', async (region, url) => {
    const filters = await asking(region, json({ subscriptionFilters: [{ filterName: 'siem' }] }))('/a');
    expect(filters).toEqual(['siem']);
    expect(asked).toMatchObject([{ url, body: { logGroupName: '/a' } }]);
    expect(asked[0]?.headers.get('authorization')).toMatch(
      new RegExp(
        `^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\\d{8}/${region}/logs/aws4_request, SignedHeaders=.*host.*x-amz-target`,
      ),
    );
    expect(asked[0]?.headers.get('x-amz-target')).toBe('Logs_20140328.DescribeSubscriptionFilters');
  });

  it('reads every page', async () => {
    const pages = [
      json({ subscriptionFilters: [{ filterName: 'a' }], nextToken: 'n' }),
      json({ subscriptionFilters: [{ filterName: 'b' }] }),
    ];
    expect(await asking('us-east-1', ...pages)('/a')).toEqual(['a', 'b']);
    expect(asked[1]?.body).toEqual({ logGroupName: '/a', nextToken: 'n' });
  });

  it('knows a group that is not there', async () => {
    const answer = json({ __type: 'com.amazonaws.logs#ResourceNotFoundException', message: 'no' }, 400);
    expect(await asking('us-east-1', answer)('/a')).toBeUndefined();
  });

  it.each([
    [
      'a refusal',
      json({ __type: 'AccessDeniedException', message: 'not you' }, 400),
      /\/a: AccessDeniedException: not you; allow logs:Desc/,
    ],
    ['no JSON', new Response('<html>', { status: 502 }), /UnknownError: HTTP 502/],
  ])('takes %s for no answer, and says what to do', async (_, answer, message) => {
    await expect(asking('us-east-1', answer)('/a')).rejects.toThrow(message);
  });
});
