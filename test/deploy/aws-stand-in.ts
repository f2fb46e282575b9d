import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { xml, xmlLeaf } from '../../lab/aws/wire.ts';
import { cloudFormation, type QueryOperations } from './cloudformation.ts';
import { Refused, type StandInState } from './stand-in-state.ts';

/** A call that the stand-in answered. */
export type StandInCall = { readonly service: string; readonly operation: string; readonly input: unknown };

/** AWS as far as a deployment needs it: STS, CloudFormation, SSM, CloudWatch Logs, KMS and S3, on loopback. */
export type StandIn = {
  readonly url: string;
  readonly calls: readonly StandInCall[];
  readonly state: StandInState;
  /** Objects that were uploaded, by bucket and key. */
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly stop: () => Promise<void>;
};

type Answer = { readonly status?: number; readonly type: string; readonly body: string };

const SERVICE = /Credential=[^/]+\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/;

/** Starts the stand-in on a free port. It checks no signatures, and it finishes a change set the moment it is executed. */
export const startStandIn = async (): Promise<StandIn> => {
  const calls: StandInCall[] = [];
  const objects = new Map<string, Buffer>();
  const state: StandInState = {
    account: '123456789012',
    arn: 'arn:aws:sts::123456789012:assumed-role/Deployer/alice',
    refusal: undefined,
    stacks: new Map(),
    statuses: new Map(),
    logGroups: new Map(),
    documents: new Map(),
    contents: new Map(),
    keyPolicies: new Map(),
    denied: new Set(),
  };

  const sts: QueryOperations = {
    GetCallerIdentity: () =>
      xmlLeaf('Arn', state.arn) + xmlLeaf('UserId', 'AROAEXAMPLE:alice') + xmlLeaf('Account', state.account),
    AssumeRole: (input) => {
      const [, name = ''] = /:role\/(.+)$/.exec(input.RoleArn ?? '') ?? [];
      if (!name.startsWith('cdk-hnb659fds-')) throw new Refused('AccessDenied', `no role ${name}`, 403);
      return xml(
        'Credentials',
        xmlLeaf('AccessKeyId', 'ASIAEXAMPLE'),
        xmlLeaf('SecretAccessKey', 'example'),
        xmlLeaf('SessionToken', 'example'),
        xmlLeaf('Expiration', new Date(Date.now() + 3_600_000).toISOString()),
      );
    },
  };
  const query: QueryOperations = { ...sts, ...cloudFormation(state, objects) };

  const logs = (operation: string, input: Readonly<Record<string, unknown>>): unknown => {
    const name = String(input.logGroupName);
    const group = state.logGroups.get(name);
    if (operation === 'DescribeLogGroups') {
      const named = [...state.logGroups].filter(([other]) => other.startsWith(String(input.logGroupNamePrefix)));
      const found = named.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, Number(input.limit ?? 50));
      return {
        logGroups: found.map(([logGroupName, { logClass, metricFilters = [] }]) => ({
          logGroupName,
          logGroupClass: logClass,
          metricFilterCount: metricFilters.length,
        })),
      };
    }
    if (operation === 'DescribeMetricFilters') {
      const own = (group?.metricFilters ?? []).filter((filter) => filter.startsWith(String(input.filterNamePrefix)));
      return { metricFilters: own.map((filterName) => ({ filterName })) };
    }
    return { subscriptionFilters: (group?.subscriptions ?? []).map((filterName) => ({ filterName })) };
  };

  const ssm = (operation: string, input: Readonly<Record<string, unknown>>): unknown => {
    if (operation === 'GetParameter') return { Parameter: { Name: input.Name, Type: 'String', Value: '30' } };
    if (operation === 'ListDocuments') {
      const identifiers = [...state.documents].map(([Name, created]) => ({
        Name,
        CreatedDate: created.getTime() / 1000,
        Tags: [{ Key: 'application', Value: 'fleetmend' }],
      }));
      // Two a page, so that a reader of the first page alone is found out.
      const from = Number(input.NextToken ?? 0);
      const next = from + 2 < identifiers.length ? { NextToken: String(from + 2) } : {};
      return { DocumentIdentifiers: identifiers.slice(from, from + 2), ...next };
    }
    if (operation === 'GetDocument' || operation === 'DescribeDocument') {
      const Content = state.contents.get(String(input.Name));
      if (Content === undefined) throw new Refused('InvalidDocument', `no document ${String(input.Name)}`);
      const Hash = createHash('sha256').update(Content).digest('hex');
      return operation === 'GetDocument'
        ? { Content }
        : { Document: { Hash, HashType: 'Sha256', Status: 'Active', DefaultVersion: '1' } };
    }
    if (!state.documents.delete(String(input.Name))) throw new Refused('InvalidDocument', 'no such document');
    return {};
  };

  const s3 = (method: string, path: string, search: string, body: Buffer): Answer => {
    const key = decodeURIComponent(path.slice(1));
    if (method === 'PUT') {
      objects.set(key, body);
      return { type: 'application/xml', body: '' };
    }
    if (search.includes('location')) {
      return { type: 'application/xml', body: '<LocationConstraint>eu-west-1</LocationConstraint>' };
    }
    if (search.includes('encryption')) {
      throw new Refused('ServerSideEncryptionConfigurationNotFoundError', 'none', 404);
    }
    if (search.includes('list-type')) {
      return { type: 'application/xml', body: '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>' };
    }
    if (method === 'HEAD' && !objects.has(key)) throw new Refused('NotFound', 'no such key', 404);
    return { type: 'application/xml', body: '' };
  };

  const refuseIfDenied = (service: string, operation: string): void => {
    if (state.denied.has(`${service}:${operation}`)) {
      throw new Refused(
        'AccessDenied',
        `User: ${state.arn} is not authorized to perform: ${service}:${operation}`,
        403,
      );
    }
    if (state.refusal !== undefined) throw new Refused(state.refusal[0], state.refusal[1], 403);
  };

  const answer = (service: string, method: string, url: URL, target: string | undefined, body: Buffer): Answer => {
    if (target !== undefined) {
      const operation = target.split('.')[1] ?? '';
      const input: Readonly<Record<string, unknown>> = JSON.parse(body.toString('utf8') || '{}');
      calls.push({ service, operation, input });
      refuseIfDenied(service, operation);
      const policy = state.keyPolicies.get(String(input.KeyId));
      const output =
        service === 'kms' ? { Policy: policy } : service === 'logs' ? logs(operation, input) : ssm(operation, input);
      return { type: 'application/x-amz-json-1.1', body: JSON.stringify(output) };
    }
    if (service === 's3') {
      calls.push({ service, operation: method, input: `${url.pathname}${url.search}` });
      return s3(method, url.pathname, url.search, body);
    }
    const input = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
    const operation = input.Action ?? '';
    calls.push({ service, operation, input });
    refuseIfDenied(service, operation);
    const handler = query[operation];
    if (handler === undefined) throw new Refused('InvalidAction', `the stand-in has no ${service}:${operation}`);
    return {
      type: 'text/xml',
      body: xml(`${operation}Response`, xml(`${operation}Result`, handler(input)), xmlLeaf('RequestId', '0')),
    };
  };

  const failure = (thrown: unknown, isJson: boolean, isS3: boolean): Answer & { readonly status: number } => {
    const { code, message, status } =
      thrown instanceof Refused ? thrown : { code: 'InternalFailure', message: String(thrown), status: 500 };
    if (isJson) {
      return { status, type: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: code, message }) };
    }
    const error = xml('Error', xmlLeaf('Type', 'Sender'), xmlLeaf('Code', code), xmlLeaf('Message', message));
    return { status, type: 'text/xml', body: isS3 ? error : xml('ErrorResponse', error, xmlLeaf('RequestId', '0')) };
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const service = SERVICE.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const target = request.headers['x-amz-target'];
      const url = new URL(request.url ?? '/', 'http://stand-in');
      let reply: Answer;
      try {
        reply = answer(
          service,
          request.method ?? 'GET',
          url,
          typeof target === 'string' ? target : undefined,
          Buffer.concat(chunks),
        );
      } catch (thrown) {
        reply = failure(thrown, target !== undefined, service === 's3');
      }
      response.writeHead(reply.status ?? 200, { 'content-type': reply.type });
      response.end(request.method === 'HEAD' ? undefined : reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    state,
    objects,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
