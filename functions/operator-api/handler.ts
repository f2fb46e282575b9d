import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import { DLQ_URLS, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { type OperatorAnswer, remediate } from './act.ts';
import { createOperatorApiPorts } from './compose.ts';

const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, DLQ_URLS });
const settings = readSettings(new URL('./settings.json', import.meta.url));
const telemetry = createTelemetry('operator-api');
const deps = createOperatorApiPorts({ env, settings, telemetry, now: () => new Date(), newId: randomUUID });

/** operator-api: every human action, called by the CLI, the console and the dashboard's buttons. */
export const handler = middy<unknown, OperatorAnswer>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event, context) => remediate(deps, { lambdaRequestId: context.awsRequestId }, event));
