import middy from '@middy/core';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { handleLogs } from './classify-batch.ts';
import { composeLogClassifier } from './compose.ts';

const telemetry = createTelemetry('log-classifier');
const ports = composeLogClassifier(telemetry);

/** log-classifier: turns CloudWatch Logs subscription payloads into `Node Symptom` events. */
export const handler = middy<unknown, void>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => handleLogs(ports, event));
