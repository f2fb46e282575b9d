import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { processBatch } from '../runtime/batch.ts';
import { endingSoon, MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeRunController } from './compose.ts';
import { turn } from './turn.ts';
import { parseWake } from './wake-message.ts';

const telemetry = createTelemetry('run-controller');
const { ports, deadLetters, returnSoon } = composeRunController(telemetry);

/** run-controller: plans, sends and ends runs; the one function that may run commands on nodes. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event, context, { signal }) => {
    const soon = endingSoon(context, signal);
    return processBatch({ ...telemetry, deadLetter: deadLetters.put, returnSoon, fifo: true }, event, (body) =>
      turn(ports, parseWake(body), soon),
    );
  });
