import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { CallFault, Faults } from './faults.ts';
import type { AccessRequest, Iam, Principal } from './iam.ts';
import type { CallRecord, LabEventListener } from './lab-event.ts';
import type { Random } from './random.ts';
import { randomUuid } from './random.ts';
import type { Service, WireAnswer, WireRequest } from './service.ts';
import { refuseOldSignature } from './signature-age.ts';
import { createRateLimiter } from './throttle.ts';

/** The dependencies of the server. */
export type AwsServerOptions = {
  readonly clock: LabClock;
  readonly random: Random;
  readonly faults: Faults;
  readonly iam: Iam;
  readonly region: string;
  readonly services: readonly Service[];
  readonly emit: LabEventListener;
  /** Kills an execution environment; crash faults call it. */
  readonly kill: (environmentId: string) => void;
  /** Stops an execution environment for this lab time; resolves when it runs on. Freeze faults call it. */
  readonly freeze: (environmentId: string, freezeMs: number) => Promise<void>;
};

/** AWS on loopback. */
export type AwsServer = {
  readonly endpointUrl: string;
  readonly calls: CallRecord[];
  readonly stop: () => Promise<void>;
};

const CREDENTIAL = /Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request/;
const FREEZE_MS = 10 * 60_000;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new AwsError('RequestEntityTooLarge', 'the body is over 16 MiB', 413);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

type Outcome =
  | { readonly answer: WireAnswer }
  | { readonly dropped: true }
  /** The caller is frozen first; what follows happens when it runs on. */
  | { readonly freezeMs: number; readonly caller: string | undefined; readonly goOn: () => Promise<Outcome> };

type Progress = {
  principal: Principal | undefined;
  service: string;
  operation: string;
  access: readonly AccessRequest[];
  items: number | undefined;
  about: string | undefined;
  allowed: boolean;
  error: string | undefined;
};

const strikes = (fault: CallFault, progress: Progress, random: Random): boolean => {
  if (fault.service !== undefined && fault.service !== progress.service) return false;
  if (fault.operation !== undefined && fault.operation !== progress.operation) return false;
  if (fault.functionName !== undefined && fault.functionName !== progress.principal?.functionName) return false;
  if (fault.times !== undefined && fault.times <= 0) return false;
  if (random() >= (fault.rate ?? 1)) return false;
  if (fault.skip !== undefined && fault.skip > 0) {
    fault.skip -= 1;
    return false;
  }
  if (fault.times !== undefined) fault.times -= 1;
  return true;
};

/** Starts AWS on a free loopback port. */
export const startAwsServer = async (options: AwsServerOptions): Promise<AwsServer> => {
  const { clock, random, faults, iam, emit } = options;
  const services = new Map(options.services.map((s) => [s.name, s]));
  const limiter = createRateLimiter(faults, clock.now);
  const calls: CallRecord[] = [];

  const crash = (progress: Progress): void => {
    const environmentId = progress.principal?.environmentId;
    if (environmentId !== undefined) options.kill(environmentId);
  };

  /** The service of a request whose signature and caller are valid. */
  const identify = (service: Service | undefined, request: WireRequest, progress: Progress): Service => {
    const [, accessKeyId, , region, scope] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
    if (accessKeyId === undefined)
      throw new AwsError('MissingAuthenticationTokenException', 'Request is missing Authentication Token', 403);
    if (service === undefined)
      throw new AwsError('UnknownOperationException', `the lab has no service '${scope ?? ''}'`, 404);
    if (progress.principal === undefined)
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
    if (region !== options.region)
      throw new AwsError(
        'InvalidSignatureException',
        `Credential should be scoped to a valid region: '${options.region}', not '${region ?? ''}'.`,
        403,
      );
    return service;
  };

  const serve = async (
    service: Service,
    request: WireRequest,
    progress: Progress,
    requestId: string,
    thawed: boolean,
  ): Promise<Outcome> => {
    const { operation: name, input } = service.read(request);
    progress.operation = name;
    if (thawed) refuseOldSignature(request.headers['x-amz-date'], clock.now());
    const operation = service.operations[name];
    if (operation === undefined) {
      throw new AwsError('UnknownOperationException', `the lab does not implement ${service.name}:${name}`);
    }
    const faultsNow = thawed ? [] : faults.calls.filter((fault) => strikes(fault, progress, random));
    for (const fault of faultsNow) {
      if (fault.kind === 'delay') await clock.sleep(fault.delayMs ?? 0);
      if (fault.kind === 'freeze-before') {
        progress.error = fault.kind;
        const goOn = () => serveAndRecord(service, request, progress.principal, true);
        return { freezeMs: fault.freezeMs ?? FREEZE_MS, caller: progress.principal?.environmentId, goOn };
      }
      if (fault.kind === 'crash-before') crash(progress);
      if (fault.kind === 'crash-before' || fault.kind === 'drop-before') {
        progress.error = fault.kind;
        return { dropped: true };
      }
      if (fault.kind === 'internal-error')
        throw new AwsError('InternalServerError', 'an internal error (a fault of the lab)', 500);
    }
    if (faultsNow.some((f) => f.kind === 'throttle') || !limiter.admit(service.name, name)) {
      throw new AwsError(service.throttledCode ?? 'ThrottlingException', 'Rate exceeded');
    }
    const prepared = operation(input);
    progress.access = prepared.access;
    progress.items = prepared.items;
    progress.about = service.about?.(input);
    const principal = progress.principal as Principal;
    try {
      await iam.authorize(principal, prepared.access);
    } catch (error) {
      progress.allowed = !(error instanceof AwsError && error.code === 'AccessDeniedException');
      if (error instanceof AwsError && service.deniedCode !== undefined) {
        throw new AwsError(service.deniedCode, error.message, 403);
      }
      throw error;
    }
    const output = await prepared.run({ principal, requestId });
    const after = faultsNow.find((f) => f.kind === 'crash-after' || f.kind === 'drop-after');
    if (after !== undefined) {
      if (after.kind === 'crash-after') crash(progress);
      progress.error = after.kind;
      return { dropped: true };
    }
    const answer = { answer: service.write(name, output, requestId) };
    const freeze = faultsNow.find((f) => f.kind === 'freeze-after');
    if (freeze === undefined) return answer;
    const goOn = async () => answer;
    return { freezeMs: freeze.freezeMs ?? FREEZE_MS, caller: progress.principal?.environmentId, goOn };
  };

  const serveAndRecord = async (
    service: Service | undefined,
    request: WireRequest,
    principal: Principal | undefined,
    thawed = false,
  ): Promise<Outcome> => {
    const startedAt = performance.now();
    const at = clock.now();
    const requestId = randomUuid(random);
    const progress: Progress = {
      principal,
      service: service?.name ?? 'unknown',
      operation: 'unknown',
      access: [],
      items: undefined,
      about: undefined,
      allowed: true,
      error: undefined,
    };
    let outcome: Outcome;
    try {
      outcome = await serve(identify(service, request, progress), request, progress, requestId, thawed);
    } catch (cause) {
      const error =
        cause instanceof AwsError
          ? cause
          : new AwsError(
              'InternalFailure',
              `the lab failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
              500,
            );
      progress.error = error.code;
      outcome = {
        answer: service?.writeError(error, requestId) ?? {
          status: error.status,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ __type: error.code, message: error.message }),
        },
      };
    }
    const call: CallRecord = {
      at,
      principal: progress.principal?.arn ?? 'unknown',
      ...defined({ functionName: progress.principal?.functionName }),
      service: progress.service,
      operation: progress.operation,
      resource: progress.access[0]?.resource ?? '*',
      allowed: progress.allowed,
      ...defined({ error: progress.error }),
      latencyMs: performance.now() - startedAt,
      ...defined({ items: progress.items, about: progress.about }),
      bytes: request.body.length,
    };
    calls.push(call);
    emit({ kind: 'call', at, call });
    return outcome;
  };

  const handle = async (incoming: IncomingMessage): Promise<Outcome> => {
    const body = await readBody(incoming);
    const url = new URL(incoming.url ?? '/', 'http://lab');
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(',') : v]),
    );
    const [, accessKeyId, , , scope] = CREDENTIAL.exec(headers.authorization ?? '') ?? [];
    return await serveAndRecord(
      services.get(scope ?? ''),
      { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, headers, body },
      accessKeyId === undefined ? undefined : iam.principalOf(accessKeyId),
    );
  };

  const respond = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    let outcome = await clock.during(() => handle(incoming));
    while ('goOn' in outcome) {
      const { freezeMs, caller, goOn } = outcome;
      // Time goes on while the caller is frozen: no work is open here.
      if (caller === undefined) await clock.sleep(freezeMs);
      else await options.freeze(caller, freezeMs);
      outcome = await clock.during(goOn);
    }
    if ('dropped' in outcome) {
      incoming.socket.destroy();
      return;
    }
    // The SDK corrects its clock by this header, so it has the lab's time.
    response.writeHead(outcome.answer.status, { ...outcome.answer.headers, date: new Date(clock.now()).toUTCString() });
    response.end(outcome.answer.body);
  };

  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpointUrl: `http://127.0.0.1:${port}`,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
