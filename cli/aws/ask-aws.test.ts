import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askBySdk } from './ask-aws.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'token');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A server that answers with this, and what it was asked. */
const serve = async (status: number, text: string) => {
  const asked: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    request.resume();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = askBySdk({ context: 'default', stack: 'fleetmend', region: 'eu-west-1', endpoint });
  return { asked, ask, stop: () => server.close() };
};

it('asks a service with the credentials and in the Region of its place', async () => {
  const { asked, ask, stop } = await serve(200, '{"trailList":[]}');
  expect(await (await ask('cloudtrail')).DescribeTrails({})).toMatchObject({ trailList: [] });
  stop();
  expect(asked).toMatchObject([
    {
      'x-amz-security-token': 'token',
      authorization: expect.stringMatching(/Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/cloudtrail\/aws4_request/),
    },
  ]);
});

it('fails with the name that AWS gives the error', async () => {
  const { ask, stop } = await serve(400, '{"__type":"AccessDeniedException","message":"no"}');
  const logs = (await ask('logs')).DescribeLogGroups({});
  await expect(logs).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'no' });
  expect(await (await ask('ssm')).ReviewDocument({ name: 'fleetmend-x', contentSha256: 'a' })).toMatchObject({
    kind: 'refused',
  });
  stop();
});

it('keeps one client of each service, and knows the Region', async () => {
  const ask = askBySdk({ context: 'default', stack: 'fleetmend', region: 'cn-north-1' });
  expect(await ask('iam')).toBe(await ask('iam'));
  expect(await (await ask('eks')).region()).toBe('cn-north-1');
});
