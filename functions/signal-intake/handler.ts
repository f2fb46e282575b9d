import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { acceptSignals } from './accept-signals.ts';
import { composeSignalIntake } from './compose.ts';

const telemetry = createTelemetry('signal-intake');
const ports = composeSignalIntake(telemetry);

/** signal-intake: turns signals into pending nodes and wakes. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => acceptSignals(ports, event));
