import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import { AwsError } from './aws-error.ts';

/** Calls dynalite with an operation and its JSON input; an error answer is an {@link AwsError}. */
export type Dynalite = {
  readonly call: (operation: string, input: unknown) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
};

const HEADERS = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=lab',
};

/** Connects to the dynalite that listens on this port. */
export const connectDynalite = (port: number): Pick<Dynalite, 'call'> & { readonly close: () => void } => {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const call: Dynalite['call'] = (operation, input) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(input);
      const headers = {
        ...HEADERS,
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'content-length': Buffer.byteLength(body),
      };
      const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
          if (answer.statusCode === 200) resolve(json);
          else {
            const code = String(json.__type ?? 'InternalServerError').replace(/^.*#/, '');
            reject(new AwsError(code, String(json.message ?? json.Message ?? ''), answer.statusCode ?? 500));
          }
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { call, close: () => agent.destroy() };
};

/** Starts dynalite on a thread of its own. */
export const startDynalite = async (): Promise<Dynalite> => {
  // Without the flags of this process: a worker does not accept all of them.
  const worker = new Worker(new URL('./dynalite-worker.mjs', import.meta.url), { execArgv: [] });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`starting dynalite: its thread ended with code ${code}`)));
  });
  worker.unref();
  const { call, close } = connectDynalite(port);
  return {
    call,
    stop: async () => {
      close();
      await worker.terminate();
    },
  };
};
