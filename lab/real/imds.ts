import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESSES, partitionOf, serviceDomain } from './addresses.ts';
import type { CredentialStore, KnownNode } from './credentials.ts';
import type { Fault } from './faults.ts';
import { limitHops } from './network.ts';
import type { LabSite, ServiceCall } from './protocol.ts';

const HTTP_PORT = 80;
const MAX_TOKEN_LIFE_SECONDS = 21_600;
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const CREDENTIAL_LIFE_MILLISECONDS = 6 * 60 * 60 * 1000;

/** Instance metadata, whose faults can be switched on and off while it runs. */
export type MetadataService = { readonly setFault: (fault: Fault | null) => Promise<void> };

type MetadataAnswer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };

/**
 * Serves instance metadata, version 2 only, on 169.254.169.254: a node is identified by its address. A PUT with a
 * forwarding header is refused and a GET without a token answers 401, as EC2 does with `HttpTokens: required`.
 */
export async function startMetadata(deps: {
  readonly site: LabSite;
  readonly credentials: CredentialStore;
  readonly log: (call: ServiceCall) => void;
}): Promise<MetadataService> {
  let fault: Fault | null = null;
  const sessions = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const from = request.socket.remoteAddress ?? '';
    if (fault?.kind === 'slow') await delay(fault.delayMilliseconds);
    const answer =
      fault?.kind === 'status'
        ? { status: fault.status, body: '' }
        : answerMetadata(deps, sessions, deps.credentials.nodeAt(from), request);
    deps.log({
      at: new Date().toISOString(),
      service: 'imds',
      from,
      host: ADDRESSES.metadata,
      operation: `${request.method} ${request.url}`,
      status: answer.status,
    });
    response.writeHead(answer.status, {
      'content-type': 'text/plain',
      'content-length': Buffer.byteLength(answer.body),
      server: 'EC2ws',
      ...answer.headers,
    });
    response.end(answer.body);
  });
  const listen = async (): Promise<void> => {
    server.listen(HTTP_PORT, ADDRESSES.metadata);
    await once(server, 'listening');
  };
  await listen();
  return {
    setFault: async (next) => {
      fault = next;
      await limitHops(next?.kind === 'hop-limit' ? next.hops : undefined);
      if (next?.kind === 'refused' && server.listening) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      } else if (next?.kind !== 'refused' && !server.listening) {
        await listen();
      }
    },
  };
}

function answerMetadata(
  deps: { site: LabSite },
  sessions: Map<string, number>,
  node: KnownNode | undefined,
  request: IncomingMessage,
): MetadataAnswer {
  if (node === undefined) return { status: 404, body: '' };
  const path = (request.url ?? '').replace(/^\/latest\//, '');
  if (request.method === 'PUT') {
    if (path !== 'api/token') return { status: 404, body: '' };
    if (request.headers['x-forwarded-for'] !== undefined) return { status: 403, body: '' };
    const seconds = Number(request.headers[TTL_HEADER]);
    if (!(seconds >= 1 && seconds <= MAX_TOKEN_LIFE_SECONDS)) return { status: 400, body: '' };
    const session = randomBytes(40).toString('base64');
    sessions.set(session, Date.now() + seconds * 1000);
    // The SDK for Go takes no token without this header.
    return { status: 200, body: session, headers: { [TTL_HEADER]: String(seconds) } };
  }
  const session = String(request.headers['x-aws-ec2-metadata-token'] ?? '');
  if ((sessions.get(session) ?? 0) <= Date.now()) return { status: 401, body: '' };
  const body = documents(deps.site, node)[path];
  return body === undefined ? { status: 404, body: '' } : { status: 200, body };
}

function documents(site: LabSite, node: KnownNode): Record<string, string> {
  const zone = `${site.region}a`;
  const role: Record<string, string> =
    node.role === 'absent'
      ? {}
      : {
          'meta-data/iam/security-credentials': site.roleName,
          'meta-data/iam/security-credentials/': site.roleName,
          [`meta-data/iam/security-credentials/${site.roleName}`]: roleDocument(node),
        };
  return {
    ...role,
    'meta-data/instance-id': node.instanceId,
    'meta-data/instance-type': 'm5.large',
    'meta-data/local-ipv4': node.address,
    'meta-data/local-hostname': node.hostname,
    'meta-data/hostname': node.hostname,
    'meta-data/placement/region': site.region,
    'meta-data/placement/availability-zone': zone,
    'meta-data/services/domain': serviceDomain(site.region),
    'meta-data/services/partition': partitionOf(site.region),
    'dynamic/instance-identity/document': JSON.stringify(
      {
        accountId: site.accountId,
        architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
        availabilityZone: zone,
        imageId: 'ami-0123456789abcdef0',
        instanceId: node.instanceId,
        instanceType: 'm5.large',
        privateIp: node.address,
        region: site.region,
        version: '2017-09-30',
      },
      null,
      2,
    ),
  };
}

function roleDocument(node: KnownNode): string {
  const life = node.role === 'expired' ? -CREDENTIAL_LIFE_MILLISECONDS : CREDENTIAL_LIFE_MILLISECONDS;
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: new Date().toISOString(),
    Type: 'AWS-HMAC',
    AccessKeyId: node.credentials.accessKeyId,
    SecretAccessKey: node.credentials.secretAccessKey,
    Token: node.credentials.sessionToken,
    Expiration: new Date(Date.now() + life).toISOString(),
  });
}
