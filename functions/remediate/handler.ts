import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import { DLQ_URLS, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { createRemediateDeps } from './deps.ts';
import { type RemediateAnswer, remediate } from './remediate.ts';

const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, DLQ_URLS });
const settings = readSettings(new URL('./settings.json', import.meta.url));
const telemetry = createTelemetry('remediate');
const deps = createRemediateDeps({ env, settings, telemetry, now: () => new Date(), newId: randomUUID });

/** λ remediate: every human action, called by the CLI, the console and the dashboard's buttons. */
export const handler = middy<unknown, RemediateAnswer>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event, context) => remediate(deps, { lambdaRequestId: context.awsRequestId }, event));
