import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeIntake } from './compose.ts';
import { handleSignals } from './take-in.ts';

const telemetry = createTelemetry('signal-intake');
const deps = composeIntake(telemetry);

/** signal-intake: signals in, pending rows and wakes out. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => handleSignals(deps, event));
