import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../test/support/repository.ts';
import { testSettings } from '../../test/support/settings.ts';

/** Calls the exported handler as Lambda would, and prints how it ended. */
const RUNNER = `
import { handler } from './index.mjs';
const context = { awsRequestId: 'request-1', functionName: 'fleetmend-test', functionVersion: '1', invokedFunctionArn: 'arn:x',
  memoryLimitInMB: '256', getRemainingTimeInMillis: () => 30_000 };
try { console.log(JSON.stringify({ answer: (await handler(JSON.parse(process.argv[2]), context)) ?? null })); }
catch (error) { console.log(JSON.stringify({ thrown: { name: error.name, message: error.message } })); }
`;

const ENV = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  // Nothing listens here: an invocation of this test that calls AWS fails.
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_MAX_ATTEMPTS: '1',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  POWERTOOLS_SERVICE_NAME: 'fleetmend',
  POWERTOOLS_METRICS_NAMESPACE: 'fleetmend',
  TABLE_NAME: 'audit',
  BUS_NAME: 'fleetmend',
  LANES_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/lanes.fifo',
  SIGNALS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/signals',
  PROGRESS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/progress',
  LOG_CLASSIFIER_NAME: 'fleetmend-log-classifier',
  INBOX_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/signals',
  BAD_INPUT_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/bad',
  DLQ_URLS: '[]',
  COPIES: '5',
  STACK_ARN: 'arn:aws:cloudformation:us-east-1:123456789012:stack/fleetmend',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handlers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder with a function of `npm run build`, and with settings. */
const bundle = async (name: string): Promise<string> => {
  const to = join(folder, name);
  await mkdir(to, { recursive: true });
  await copyFile(join(root, 'dist/functions', name, 'index.mjs'), join(to, 'index.mjs'));
  await writeFile(join(to, 'settings.json'), JSON.stringify(testSettings()));
  await writeFile(join(to, 'run.mjs'), RUNNER);
  return to;
};

const invoke = async (at: string, event: unknown, env: Readonly<Record<string, string>> = ENV) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['run.mjs', JSON.stringify(event)], {
    cwd: at,
    env,
  });
  // Powertools prints errors on stderr; Lambda logs both.
  return `${stderr}\n${stdout}`
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

const control = { awslogs: { data: gzipSync('{"messageType":"CONTROL_MESSAGE"}').toString('base64') } };

describe.each([
  ['log-classifier', control, { answer: null }],
  ['signal-intake', { Records: [] }, { answer: { batchItemFailures: [] } }],
  // What fails is AWS: nothing answers at the endpoint.
  ['audit-query', { query: 'run', runId: 'r-1' }, { thrown: { name: expect.any(String) } }],
  [
    'operator-api',
    { action: 'reboot', id: `\u202e${'x'.repeat(1000)}` },
    { answer: { ok: false, error: { field: 'action' } } },
    // The refusal is told although nothing can be recorded.
    ['losing the record of an answer'],
  ],
  ['audit-query', { query: 'scan', id: 'event-7' }, { answer: { ok: false, error: { field: 'query' } } }],
])('the exported handler of %s', (name, event, ending, logged: readonly string[] = []) => {
  it('goes through the middleware: a cold start metric, and an error logged once and rethrown', async () => {
    const lines = await invoke(await bundle(name), event);
    expect(lines.at(-1)).toMatchObject(ending);
    expect(lines.filter((line) => line.ColdStart === 1)).toMatchObject([
      { function: name, function_name: 'fleetmend-test' },
    ]);
    // Any text can be the field of a request: it is no id of an event, and stands in every line.
    for (const { correlation_id } of lines) expect(['request-1', 'event-7', undefined]).toContain(correlation_id);
    const errors = lines.filter((line) => line.level === 'ERROR');
    expect(errors).toMatchObject(
      'thrown' in ending
        ? [{ message: 'failing invocation', correlation_id: 'request-1', function_request_id: 'request-1' }]
        : logged.map((message) => ({ message })),
    );
  });

  it('does not start without its environment, and names all that is missing', async () => {
    const { TABLE_NAME, BUS_NAME, BAD_INPUT_QUEUE_URL, ...rest } = ENV;
    const missing = name === 'log-classifier' ? /BUS_NAME.*BAD_INPUT_QUEUE_URL/ : /reading the environment: TABLE_NAME/;
    await expect(invoke(await bundle(name), event, rest)).rejects.toThrow(missing);
  });
});
