import { createServer, type Server, type Socket } from 'node:net';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BUILT } from '../../../test/support/reviewed-documents.ts';
import { at, nodes, START } from '../../../test/support/runs.ts';
import { AWS_CLIENT } from '../aws-clients.ts';
import { createSender } from './run-command.ts';

const open: { close: () => unknown }[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0)) one.close();
});

/** A server on loopback that treats each connection so; its URL. */
const listening = async (treat: (socket: Socket) => void): Promise<string> => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    treat(socket);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
};

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});

/** What the sender makes of one real call of the SDK. */
const sendTo = async (endpoint: string) => {
  const client = new SSMClient({ ...AWS_CLIENT.once, region: 'eu-west-1', endpoint });
  open.push({ close: () => client.destroy() });
  const order = {
    runId: 'r-1',
    key: '7',
    documentName: 'fleetmend-pause-image-repair-aaaaaaaaaaaa',
    instanceIds: nodes(2),
    deliveryTimeoutSeconds: 60,
    notAfter: '2099-01-01T00:00:00.000Z',
  };
  return createSender({ client, documents: BUILT, now: () => new Date(START) }).send(
    order,
    new AbortController().signal,
  );
};
const NOT_SENT = { kind: 'not-sent', notBefore: at(10) };

it('a connection that is refused proves that nothing was sent', async () => {
  // The port was free a moment ago.
  const url = await listening(() => {});
  for (const one of open.splice(0)) await new Promise<void>((resolve) => (one as Server).close(() => resolve()));
  expect(await sendTo(url)).toEqual(NOT_SENT);
});

it('a name that does not resolve proves that nothing was sent', async () => {
  // Source: RFC 6761, section 6.4: `.invalid` never resolves.
  expect(await sendTo('http://ssm.invalid')).toEqual(NOT_SENT);
});

it('credentials that cannot be loaded prove that nothing was sent', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  for (const name of ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']) vi.stubEnv(name, '/nonexistent');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  expect(await sendTo(await listening(() => {}))).toEqual(NOT_SENT);
});

it.each<[string, (socket: Socket) => void]>([
  ['takes the request and dies', (socket) => socket.once('data', () => socket.destroy())],
  ['takes the request and resets', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  [
    'dies during its answer',
    (socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Comm', () => socket.destroy()),
      ),
  ],
])('a server that %s leaves the result unknown', async (_, treat) => {
  expect(await sendTo(await listening(treat))).toBeUndefined();
});

it('a name whose every address refuses proves that nothing was sent, and one that was reached does not', async () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
  const of = (...errors: Error[]) => {
    const client = { send: () => Promise.reject(new AggregateError(errors, '')) } as never;
    const order = {
      runId: 'r',
      key: '1',
      documentName: 'd',
      instanceIds: nodes(1),
      deliveryTimeoutSeconds: 60,
      notAfter: '2099-01-01T00:00:00.000Z',
    };
    return createSender({ client, documents: BUILT, now: () => new Date(START) }).send(
      order,
      new AbortController().signal,
    );
  };
  expect(await of(refused, refused)).toEqual(NOT_SENT);
  expect(await of(refused, reset)).toBeUndefined();
  expect(await of()).toBeUndefined();
});
