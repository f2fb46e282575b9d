import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeIntake } from './compose.ts';
import { handleSignals } from './intake.ts';

const telemetry = createTelemetry('intake');
const deps = composeIntake(telemetry);

/** λ intake: signals in, mailbox rows and wakes out. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => handleSignals(deps, event));
