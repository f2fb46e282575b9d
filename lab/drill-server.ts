import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Ground, performDrill } from './drills.ts';

/** The address to which `fleetmend lab` sends drills. */
export type DrillServer = { readonly url: string; readonly stop: () => Promise<void> };

/** Takes drills on loopback, one JSON document each. */
export const startDrillServer = async (ground: Ground): Promise<DrillServer> => {
  const answer = async (body: string): Promise<unknown> => {
    let asked: unknown;
    try {
      asked = JSON.parse(body);
    } catch {
      return { ok: false, error: { message: 'a drill is a JSON object' } };
    }
    return await performDrill(ground, asked);
  };
  const server = createServer((request, response) => {
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    text(request)
      .then(answer)
      .then(
        (value) => send(200, value),
        (thrown: unknown) => send(500, { ok: false, error: { message: String(thrown) } }),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
