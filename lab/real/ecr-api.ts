import { ADDRESSES, ecrApiHost, partitionOf, serviceDomain } from './addresses.ts';
import type { LabCertificates } from './certificates.ts';
import type { CredentialStore } from './credentials.ts';
import type { Fault } from './faults.ts';
import type { LabSite, ServiceCall } from './protocol.ts';
import { checkSignature } from './sigv4.ts';
import { readBody, startTlsFront, type TlsFront } from './tls-front.ts';

const TARGET = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';

/** An answer of the API: a status and a JSON body. */
type ApiAnswer = { readonly status: number; readonly body: Record<string, unknown> };

/**
 * Serves ECR's GetAuthorizationToken (JSON 1.1) on the API's host names of all regions that the lab's registries lie
 * in, to requests that are signed with credentials from instance metadata whose role has the permission.
 */
export async function startEcrApi(deps: {
  readonly site: LabSite;
  readonly regions: readonly string[];
  readonly certificates: LabCertificates;
  readonly credentials: CredentialStore;
  readonly log: (call: ServiceCall) => void;
}): Promise<TlsFront> {
  const { site, credentials } = deps;
  let fault: Fault | null = null;
  const front = await startTlsFront(ADDRESSES.ecr, deps.certificates, async (request, response) => {
    const body = await readBody(request);
    const host = (request.headers.host ?? '').replace(/:443$/, '');
    const operation = String(request.headers['x-amz-target'] ?? '');
    const region = deps.regions.find((candidate) => ecrApiHost(candidate) === host);
    const answer =
      faultAnswer(fault) ??
      answerCall(operation, region, {
        method: request.method ?? '',
        path: request.url ?? '/',
        headers: request.headers,
        body,
      });
    deps.log({
      at: new Date().toISOString(),
      service: 'ecr',
      from: request.socket.remoteAddress ?? '',
      host,
      operation,
      status: answer.status,
    });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer.body));
  });

  function answerCall(
    operation: string,
    region: string | undefined,
    request: Parameters<typeof checkSignature>[0],
  ): ApiAnswer {
    if (region === undefined || operation !== TARGET) return apiError('UnknownOperationException', '');
    const now = new Date();
    const signature = checkSignature(request, {
      service: 'ecr',
      region,
      now,
      find: (key) => credentials.nodeOfKey(key)?.credentials,
    });
    if (!signature.ok) return apiError(signature.type, signature.message);
    const node = credentials.nodeOfKey(signature.accessKeyId);
    if (node?.role === 'expired') {
      return apiError('ExpiredTokenException', 'The security token included in the request is expired');
    }
    if (node?.role !== 'allowed') {
      const principal = `arn:${partitionOf(site.region)}:sts::${site.accountId}:assumed-role/${site.roleName}/${node?.instanceId}`;
      return apiError(
        'AccessDeniedException',
        `User: ${principal} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action`,
      );
    }
    const issued = credentials.issueToken(region, now.getTime());
    return {
      status: 200,
      body: {
        authorizationData: [
          {
            authorizationToken: Buffer.from(`AWS:${issued.token}`).toString('base64'),
            expiresAt: issued.expiresAt / 1000,
            proxyEndpoint: `https://${site.accountId}.dkr.ecr.${region}.${serviceDomain(region)}`,
          },
        ],
      },
    };
  }

  return {
    setFault: async (next) => {
      fault = next;
      await front.setFault(next);
    },
  };
}

function faultAnswer(fault: Fault | null): ApiAnswer | undefined {
  if (fault?.kind === 'status') return apiError('ServerException', 'lab fault', fault.status);
  return fault?.kind === 'throttled' ? apiError('ThrottlingException', 'Rate exceeded') : undefined;
}

function apiError(type: string, message: string, status = 400): ApiAnswer {
  return { status, body: { __type: type, message } };
}
