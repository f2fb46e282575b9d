import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askByHttps } from './ask-aws.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'token');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const PLACE = { context: 'default', stack: 'fleetmend', region: 'eu-west-1' };

it('sends a signed request of AWS JSON, and answers with the answer', async () => {
  const asked: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    asked.push({ headers: request.headers, body: (await request.toArray()).join('') });
    response.end('{"trailList":[]}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await askByHttps({ ...PLACE, endpoint })('cloudtrail', 'DescribeTrails', { a: 1 })).toEqual({ trailList: [] });
  server.close();
  expect(asked).toMatchObject([
    {
      body: '{"a":1}',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails',
        'x-amz-security-token': 'token',
        authorization: expect.stringMatching(/Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/cloudtrail\/aws4_request/),
      },
    },
  ]);
});

const fetched = (status: number, text: string) => {
  const urls: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    urls.push(url.href);
    return new Response(text, { status });
  });
  return urls;
};

it.each([
  [{ region: 'eu-west-1' }, 'https://ssm.eu-west-1.amazonaws.com/'],
  [{ region: 'cn-north-1' }, 'https://ssm.cn-north-1.amazonaws.com.cn/'],
  [{ region: 'us-gov-west-1', fips: true }, 'https://ssm-fips.us-gov-west-1.amazonaws.com/'],
])('asks the service in the partition of the Region: %j', async (where, url) => {
  const urls = fetched(200, '{}');
  await askByHttps({ ...PLACE, ...where })('ssm', 'GetDocument', {});
  expect(urls).toEqual([url]);
});

it.each([
  ['{"__type":"com.amazonaws.ssm#AccessDeniedException","Message":"no"}', 'AccessDeniedException: no'],
  ['{"__type":"InvalidDocument","message":"none"}', 'InvalidDocument: none'],
  ['<html>', 'HTTP 400: <html>'],
  ['{"__type":7}', 'HTTP 400: {"__type":7}'],
])('fails with what AWS said: %s', async (text, error) => {
  fetched(400, text);
  await expect(askByHttps(PLACE)('ssm', 'GetDocument', {})).rejects.toSatisfy((thrown) => String(thrown) === error);
});
