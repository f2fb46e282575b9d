import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, expect, it } from 'vitest';
import { recorder } from '../../test/support/telemetry.ts';
import { countThrottles } from './count-throttles.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** SSM that gives these errors one after the other, and then answers. */
const ssm = async (...errors: readonly string[]) => {
  const left = [...errors];
  const made = createServer((_, response) => {
    const error = left.shift();
    response.writeHead(error === undefined ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(error === undefined ? {} : { __type: error, message: 'no' }));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const { counts, count } = recorder();
  const client = countThrottles(
    new SSMClient({
      endpoint: `http://127.0.0.1:${(made.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 3,
    }),
    count,
  );
  return { counts, ask: () => client.send(new DescribeInstanceInformationCommand({})) };
};

it('counts each attempt that was throttled, also where a later one succeeds', async () => {
  const { counts, ask } = await ssm('ThrottlingException', 'ThrottlingException');
  await ask();
  expect(counts).toEqual({ CallsThrottled: 2 });
});

it('counts no other failure', async () => {
  const { counts, ask } = await ssm('AccessDeniedException');
  await expect(ask()).rejects.toThrow();
  expect(counts).toEqual({});
});
