import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { processBatch } from '../runtime/batch.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeCommandTracker } from './compose.ts';
import { trackMessage } from './track-look.ts';

const telemetry = createTelemetry('command-tracker');
const { ports, deadLetters, returnSoon } = composeCommandTracker(telemetry);

/** command-tracker: turns the ends of commands into observations, results and wakes. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) =>
    processBatch({ ...telemetry, deadLetter: deadLetters.put, returnSoon }, event, (body) => trackMessage(ports, body)),
  );
