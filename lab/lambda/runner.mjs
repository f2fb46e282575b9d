// One execution environment: loads the bundle once, then answers invocations of its parent, one at a time.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const setClock = globalThis[Symbol.for('fleetmend.lab.setClock')];
const send = (message) => new Promise((resolve) => process.send?.(message, () => resolve()));

const describe = (error) => ({
  errorType: error instanceof Error ? error.name : typeof error,
  errorMessage: error instanceof Error ? error.message : String(error),
  trace: error instanceof Error ? (error.stack ?? '').split('\n') : [],
});

process.on('disconnect', () => process.exit(0));

const [file, exported] = (process.env._HANDLER ?? '').split('.');
let handler;
try {
  const bundle = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT ?? '', `${file}.mjs`)).href);
  handler = bundle[exported];
  if (typeof handler !== 'function')
    throw new Error(`Runtime.HandlerNotFound: ${process.env._HANDLER} is undefined or not exported`);
  if (handler.length >= 3)
    throw new Error('Runtime.CallbackHandlerDeprecated: the Node 24 runtime has no callback handlers');
} catch (error) {
  await send({ kind: 'init-error', error: describe(error) });
  process.exit(1);
}

process.on('message', async (message) => {
  setClock(message.clock);
  // An environment that is thawed learns the time before it runs on.
  if (message.kind === 'clock') return;
  process.env._X_AMZN_TRACE_ID = message.traceId;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: message.functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: message.requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineMs - Date.now()),
  };
  try {
    const result = await handler(JSON.parse(message.payload), context);
    await send({ kind: 'result', requestId: message.requestId, payload: JSON.stringify(result ?? null) });
  } catch (error) {
    console.log(
      JSON.stringify({ level: 'ERROR', message: 'Invoke Error', requestId: message.requestId, ...describe(error) }),
    );
    await send({ kind: 'error', requestId: message.requestId, error: describe(error) });
  }
});

await send({ kind: 'ready' });
