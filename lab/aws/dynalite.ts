import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import createServer from 'dynalite';
import { AwsError } from './aws-error.ts';

/** An answer of dynalite, as DynamoDB's wire protocol has it. */
export type DynaliteAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** dynalite in this process. */
export type Dynalite = {
  /** Answers a request of DynamoDB's wire protocol. */
  readonly answer: (headers: IncomingHttpHeaders, body: Uint8Array) => Promise<DynaliteAnswer>;
  /** Calls an operation with its JSON input; an error answer is an {@link AwsError}. */
  readonly call: (operation: string, input: unknown) => Promise<Record<string, unknown>>;
};

/** The headers of a signature: dynalite wants them, and checks no signature. */
export const SIGNATURE_HEADERS = {
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=lab',
} as const;
const HEADERS = { 'content-type': 'application/x-amz-json-1.0', ...SIGNATURE_HEADERS };

type Request = EventEmitter & {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
};
type Response = {
  statusCode: number;
  readonly setHeader: (name: string, value: unknown) => void;
  readonly end: (body?: string) => void;
};
type Handler = (request: Request, response: Response) => void;

/**
 * Starts dynalite with no tables. Requests go to its request handler, not over a socket: a test makes tens of thousands of
 * them, and a connection for each costs more than the table. An answer takes a turn of the event loop, as over a network.
 */
export const startDynalite = (): Dynalite => {
  const server = createServer({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [handle] = server.listeners('request') as Handler[];
  if (handle === undefined) throw new Error('starting dynalite: its server has no request handler');
  const answer: Dynalite['answer'] = async (headers, body) => {
    const answered = await new Promise<DynaliteAnswer>((resolve) => {
      const written: Record<string, string> = {};
      const request = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers });
      const response: Response = {
        statusCode: 200,
        setHeader: (name, value) => {
          written[name.toLowerCase()] = String(value);
        },
        end: (text = '') => resolve({ status: response.statusCode, headers: written, body: text }),
      };
      handle(request, response);
      if (body.length > 0) request.emit('data', Buffer.from(body));
      request.emit('end');
    });
    await setImmediate();
    return answered;
  };
  const call: Dynalite['call'] = async (operation, input) => {
    const headers = { ...HEADERS, 'x-amz-target': `DynamoDB_20120810.${operation}` };
    const { status, body } = await answer(headers, Buffer.from(JSON.stringify(input)));
    const json = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    if (status === 200) return json;
    const code = String(json.__type ?? 'InternalServerError').replace(/^.*#/, '');
    throw new AwsError(code, String(json.message ?? json.Message ?? ''), status);
  };
  return { answer, call };
};
