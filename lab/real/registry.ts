import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostArchitecture } from '../image/elf.ts';
import { buildPauseImage, pushImage } from '../image/pause-image.ts';
import { ADDRESSES, layerBucketHost, regionOfEcrHost } from './addresses.ts';
import type { LabCertificates } from './certificates.ts';
import type { CredentialStore } from './credentials.ts';
import type { Fault } from './faults.ts';
import type { LabSite, ServiceCall } from './protocol.ts';
import { startTlsFront, type TlsFront } from './tls-front.ts';

/** The registry and the bucket that it redirects blob requests to. */
export type RegistryService = { readonly registry: TlsFront; readonly s3: TlsFront };

type Dependencies = {
  readonly site: LabSite;
  readonly certificates: LabCertificates;
  readonly credentials: CredentialStore;
  readonly log: (call: ServiceCall) => void;
};

const BACKEND_PORT = 5000;
const BACKEND = `http://127.0.0.1:${BACKEND_PORT}`;
const ECR_PREFIX = 'ecr';
const OPEN_PREFIX = 'open';
const START_TIMEOUT_MILLISECONDS = 10_000;
/** Headers of the backend that a client uses. */
const PASSED_HEADERS = ['content-type', 'content-length', 'docker-content-digest', 'etag'];

/** The repository that every EKS registry account has, and its tags. */
const PAUSE_REPOSITORY = 'eks/pause';
/** Tags under which the registry serves the same image. */
const PAUSE_TAGS = ['3.1-eksbuild.1', '3.5', '3.10'] as const;
/** The marker of the open registries' image, which makes it differ from the real one. */
export const LOOK_ALIKE_MARKER = 'not the pause image of EKS';

/**
 * Starts Debian's docker-registry on loopback, fills it, and serves it as ECR does: Basic `AWS:<token>`, a 401 with
 * ECR's challenge without it, 403 once the token has expired or for another region, and 307 to a bucket for blobs.
 */
export async function startRegistry(deps: Dependencies): Promise<RegistryService> {
  await startBackend(join(deps.site.folder, 'registry'));
  const image = buildPauseImage({ architecture: hostArchitecture() });
  const lookAlike = buildPauseImage({ architecture: hostArchitecture(), marker: LOOK_ALIKE_MARKER });
  for (const tag of PAUSE_TAGS) {
    await pushImage(BACKEND, `${ECR_PREFIX}/${PAUSE_REPOSITORY}`, tag, image);
    await pushImage(BACKEND, `${OPEN_PREFIX}/${PAUSE_REPOSITORY}`, tag, lookAlike);
  }

  const presigned = new Map<string, string>();
  let registryFault: Fault | null = null;
  let s3Fault: Fault | null = null;
  const registry = await startTlsFront(ADDRESSES.registry, deps.certificates, async (request, response) => {
    await answerRegistry(deps, presigned, registryFault, request, response);
  });
  const s3 = await startTlsFront(ADDRESSES.s3, deps.certificates, async (request, response) => {
    await answerBucket(deps, presigned, s3Fault, request, response);
  });
  return {
    registry: {
      setFault: async (fault) => {
        registryFault = fault;
        await registry.setFault(fault);
      },
    },
    s3: {
      setFault: async (fault) => {
        s3Fault = fault;
        await s3.setFault(fault);
      },
    },
  };
}

async function startBackend(folder: string): Promise<ChildProcess> {
  mkdirSync(folder, { recursive: true });
  const configuration = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: `127.0.0.1:${BACKEND_PORT}` },
  };
  const file = join(folder, 'config.yml');
  writeFileSync(file, JSON.stringify(configuration)); // JSON is YAML
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  const deadline = Date.now() + START_TIMEOUT_MILLISECONDS;
  while (Date.now() < deadline && failure === undefined && child.exitCode === null) {
    const answers = await fetch(`${BACKEND}/v2/`).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return child;
    await delay(20);
  }
  throw new Error(`starting docker-registry: ${failure?.message ?? `exit code ${child.exitCode}`}`);
}

async function answerRegistry(
  deps: Dependencies,
  presigned: Map<string, string>,
  fault: Fault | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = (request.headers.host ?? '').replace(/:443$/, '');
  const path = request.url ?? '/';
  const finish = (status: number, headers: Record<string, string>, body: string | Buffer) => {
    deps.log(callOf('registry', request, host, status));
    response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const isEcr = deps.site.ecrHosts.includes(host);
  if (!isEcr && !deps.site.openHosts.includes(host)) return finish(404, {}, '');
  if (fault?.kind === 'status') return finish(fault.status, challengeFor(fault.status, host), 'lab fault\n');
  const refusal = isEcr ? refusalOf(deps.credentials, host, request.headers.authorization) : undefined;
  if (refusal !== undefined) return finish(refusal.status, challengeFor(refusal.status, host), refusal.body);
  if (request.method !== 'GET' && request.method !== 'HEAD') return finish(405, {}, '');
  if (path === '/v2/') return finish(200, {}, '{}');

  const backendPath = path.replace(/^\/v2\//, `/v2/${isEcr ? ECR_PREFIX : OPEN_PREFIX}/`);
  if (isEcr && request.method === 'GET' && path.includes('/blobs/')) {
    const key = randomBytes(16).toString('hex');
    presigned.set(key, backendPath);
    const query = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=lab';
    return finish(307, { location: `https://${layerBucketHost(regionOfEcrHost(host))}/${key}?${query}` }, '');
  }
  const answer = await fetch(BACKEND + backendPath, {
    method: request.method,
    headers: { accept: request.headers.accept ?? '*/*' },
  });
  finish(answer.status, passedHeaders(answer), Buffer.from(await answer.arrayBuffer()));
}

async function answerBucket(
  deps: Dependencies,
  presigned: Map<string, string>,
  fault: Fault | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const finish = (status: number, headers: Record<string, string>, body: string | Buffer) => {
    deps.log(callOf('s3', request, request.headers.host ?? '', status));
    response.writeHead(status, headers);
    response.end(body);
  };
  const xmlError = (code: string, message: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  if (fault?.kind === 'status') return finish(fault.status, {}, xmlError('LabFault', 'lab fault'));
  if (request.headers.authorization !== undefined) {
    const message =
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified';
    return finish(400, { 'content-type': 'application/xml' }, xmlError('InvalidArgument', message));
  }
  const backendPath = presigned.get((request.url ?? '').replace(/^\//, '').split('?')[0] ?? '');
  if (backendPath === undefined || request.method !== 'GET') {
    return finish(403, { 'content-type': 'application/xml' }, xmlError('AccessDenied', 'Access Denied'));
  }
  const answer = await fetch(BACKEND + backendPath);
  finish(answer.status, passedHeaders(answer), Buffer.from(await answer.arrayBuffer()));
}

function refusalOf(
  credentials: CredentialStore,
  host: string,
  authorization: string | undefined,
): { status: 401 | 403; body: string } | undefined {
  const [user, ...rest] = Buffer.from((authorization ?? '').replace(/^Basic /i, ''), 'base64')
    .toString()
    .split(':');
  const token = credentials.findToken(rest.join(':'));
  if (user !== 'AWS' || token === undefined) return { status: 401, body: 'Not Authorized\n' };
  const denied = (message: string) => ({
    status: 403 as const,
    body: JSON.stringify({ errors: [{ code: 'DENIED', message }] }),
  });
  if (token.expiresAt <= Date.now())
    return denied('Your authorization token has expired. Reauthenticate and try again.');
  if (token.region !== regionOfEcrHost(host)) return denied('Your authorization token is for another region.');
  return undefined;
}

function challengeFor(status: number, host: string): Record<string, string> {
  return status === 401 ? { 'www-authenticate': `Basic realm="https://${host}/",service="ecr.amazonaws.com"` } : {};
}

function passedHeaders(answer: Response): Record<string, string> {
  return Object.fromEntries(
    PASSED_HEADERS.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

function callOf(service: 'registry' | 's3', request: IncomingMessage, host: string, status: number): ServiceCall {
  return {
    at: new Date().toISOString(),
    service,
    from: request.socket.remoteAddress ?? '',
    host,
    // The query of a presigned address is a secret of the service it imitates.
    operation: `${request.method} ${(request.url ?? '').split('?')[0]}`,
    status,
  };
}
