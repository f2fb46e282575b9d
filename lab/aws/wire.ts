import { AwsError } from './aws-error.ts';
import type { Service, WireAnswer, WireRequest } from './service.ts';

type Wire = Pick<Service, 'read' | 'write' | 'writeError'>;

const parseJson = (body: Buffer): unknown => {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'the body is not JSON');
  }
};

/** AWS JSON 1.0 and 1.1: the operation in `x-amz-target`, JSON both ways, the error's code in `__type`. */
export const jsonWire = (target: string, version: '1.0' | '1.1', errorNamespace = 'com.amazon.coral.service'): Wire => {
  const headers = (requestId: string) => ({
    'content-type': `application/x-amz-json-${version}`,
    'x-amzn-requestid': requestId,
  });
  return {
    read: (request) => {
      const [service, name] = (request.headers['x-amz-target'] ?? '').split('.');
      if (service !== target || name === undefined) {
        throw new AwsError(
          'UnknownOperationException',
          `expected an operation of ${target}, got '${request.headers['x-amz-target'] ?? ''}'`,
        );
      }
      const type = request.headers['content-type'];
      if (type !== `application/x-amz-json-${version}`) {
        throw new AwsError(
          'SerializationException',
          `expected content type application/x-amz-json-${version}, got '${type ?? ''}'`,
        );
      }
      return { operation: name, input: parseJson(request.body) };
    },
    write: (_operation, output, requestId) => ({
      status: 200,
      headers: headers(requestId),
      body: JSON.stringify(output ?? {}),
    }),
    writeError: (error, requestId) => ({
      status: error.status,
      headers: headers(requestId),
      body: JSON.stringify({ __type: `${errorNamespace}#${error.code}`, message: error.message, ...error.members }),
    }),
  };
};

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes text for XML, characters that XML 1.0 forbids dropped. */
export const xmlText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 forbids
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"']/g, (c) => XML_ESCAPES[c] ?? c);

/** An XML element; children are already XML. */
export const xml = (name: string, ...children: readonly string[]): string => `<${name}>${children.join('')}</${name}>`;

/** An XML element with a text. */
export const xmlLeaf = (name: string, text: string | number | boolean): string =>
  `<${name}>${xmlText(String(text))}</${name}>`;

type QueryTree = { [key: string]: QueryTree | string };

/** Unfolds `Filter.1.Value.2=x` into a tree; numbered children become arrays. */
const queryTree = (form: URLSearchParams): unknown => {
  const root: QueryTree = {};
  for (const [key, value] of form) {
    const parts = key.split('.');
    const last = parts.pop() ?? '';
    let at = root;
    for (const part of parts) {
      const child = at[part];
      const next = typeof child === 'object' ? child : {};
      at[part] = next;
      at = next;
    }
    at[last] = value;
  }
  const fold = (node: QueryTree | string): unknown => {
    if (typeof node === 'string') return node;
    const keys = Object.keys(node);
    if (keys.length > 0 && keys.every((k) => /^[1-9]\d*$/.test(k))) {
      return keys.sort((a, b) => Number(a) - Number(b)).map((k) => fold(node[k] ?? ''));
    }
    return Object.fromEntries(keys.map((k) => [k, fold(node[k] ?? '')]));
  };
  return fold(root);
};

const readQuery = (version: string) => (request: WireRequest) => {
  const form = new URLSearchParams(request.body.toString('utf8'));
  const name = form.get('Action') ?? '';
  if (form.get('Version') !== version)
    throw new AwsError('InvalidParameterValue', `expected Version ${version}, got '${form.get('Version') ?? ''}'`);
  form.delete('Action');
  form.delete('Version');
  return { operation: name, input: queryTree(form) };
};

const xmlAnswer = (status: number, body: string, requestId: string): WireAnswer => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

/** EC2's dialect of the Query protocol: form in, XML out. Operations return the inner XML. */
export const ec2Wire = (version: string): Wire => ({
  read: readQuery(version),
  write: (operation, output, requestId) =>
    xmlAnswer(
      200,
      `<${operation}Response xmlns="http://ec2.amazonaws.com/doc/${version}/">${xmlLeaf('requestId', requestId)}${String(output)}</${operation}Response>`,
      requestId,
    ),
  writeError: (error, requestId) =>
    xmlAnswer(
      error.status,
      xml(
        'Response',
        xml('Errors', xml('Error', xmlLeaf('Code', error.code), xmlLeaf('Message', error.message))),
        xmlLeaf('RequestID', requestId),
      ),
      requestId,
    ),
});

/** The Query protocol (SNS): form in, XML out. Operations return the result's inner XML. */
export const queryWire = (version: string, namespace: string): Wire => ({
  read: readQuery(version),
  write: (operation, output, requestId) =>
    xmlAnswer(
      200,
      `<${operation}Response xmlns="${namespace}">${xml(`${operation}Result`, String(output))}${xml('ResponseMetadata', xmlLeaf('RequestId', requestId))}</${operation}Response>`,
      requestId,
    ),
  writeError: (error, requestId) =>
    xmlAnswer(
      error.status,
      `<ErrorResponse xmlns="${namespace}">${xml('Error', xmlLeaf('Type', error.status < 500 ? 'Sender' : 'Receiver'), xmlLeaf('Code', error.code), xmlLeaf('Message', error.message))}${xmlLeaf('RequestId', requestId)}</ErrorResponse>`,
      requestId,
    ),
});

/** A route of a REST service: method, path pattern with `{name}` parts, and what the input is made of. */
export type Route = {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** The supported query parameters, and whether each is a number. */
  readonly query?: Readonly<Record<string, 'text' | 'number'>>;
  /** Reads headers and body into more input. */
  readonly extra?: (request: WireRequest) => Readonly<Record<string, unknown>>;
};

/** REST-JSON: routes by method and path. An output `{ status, headers, body }` is sent as it is. */
export const restWire = (routes: readonly Route[]): Wire => {
  const compiled = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`),
  }));
  return {
    read: (request) => {
      for (const { route, pattern } of compiled) {
        const match = route.method === request.method ? pattern.exec(request.path) : null;
        if (match === null) continue;
        const input: Record<string, unknown> = {};
        for (const [name, value] of Object.entries(match.groups ?? {})) input[name] = decodeURIComponent(value);
        for (const [name, value] of request.query) {
          const kind = route.query?.[name];
          if (kind === undefined)
            throw new AwsError('InvalidParameterException', `the lab does not know the parameter '${name}'`);
          input[name] = kind === 'number' ? Number(value) : value;
        }
        return { operation: route.operation, input: { ...input, ...route.extra?.(request) } };
      }
      throw new AwsError('UnknownOperationException', `no operation at ${request.method} ${request.path}`, 404);
    },
    write: (_operation, output, requestId) => {
      const raw = output as Partial<WireAnswer> | undefined;
      if (raw?.status !== undefined && raw.body !== undefined) {
        return { status: raw.status, headers: { 'x-amzn-requestid': requestId, ...raw.headers }, body: raw.body };
      }
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
        body: JSON.stringify(output ?? {}),
      };
    },
    writeError: (error, requestId) => ({
      status: error.status,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
      body: JSON.stringify({ message: error.message, Message: error.message, ...error.members }),
    }),
  };
};
