import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { LabCertificates } from './certificates.ts';
import type { Fault } from './faults.ts';

/** An HTTPS server of the lab whose faults can be switched on and off while it runs. */
export type TlsFront = { readonly setFault: (fault: Fault | null) => Promise<void> };

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const HTTPS_PORT = 443;

/** Starts a server on port 443 of `address` with the lab's certificate. */
export async function startTlsFront(address: string, certificates: LabCertificates, answer: Answer): Promise<TlsFront> {
  const contexts = {
    trusted: createSecureContext({ cert: certificates.trusted.certificate, key: certificates.trusted.key }),
    untrusted: createSecureContext({ cert: certificates.untrusted.certificate, key: certificates.untrusted.key }),
  };
  let current: Fault | null = null;

  const server = createServer(
    {
      cert: certificates.trusted.certificate,
      key: certificates.trusted.key,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (_host, done) =>
        done(null, current?.kind === 'untrusted-certificate' ? contexts.untrusted : contexts.trusted),
    },
    (request, response) => {
      respond(request, response).catch((cause: unknown) => {
        console.error(`answering ${request.method} ${request.url}:`, cause);
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    },
  );
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (current?.kind === 'slow') await delay(current.delayMilliseconds);
    await answer(request, response);
  }
  async function listen(): Promise<void> {
    server.listen(HTTPS_PORT, address);
    await once(server, 'listening');
  }

  await listen();
  return {
    setFault: async (fault) => {
      current = fault;
      if (fault?.kind === 'refused' && server.listening) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      } else if (fault?.kind !== 'refused' && !server.listening) {
        await listen();
      } else {
        // A connection kept alive would go on with the certificate of before.
        server.closeIdleConnections();
      }
    },
  };
}

/** Reads the whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
