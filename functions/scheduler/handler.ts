import { randomUUID as newId } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import middy from '@middy/core';
import { adviceOf } from '../../ssm-documents/registry.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createDueStore } from '../adapters/table/due-store.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
import { LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { createTableObserver } from '../shared/table-observer.ts';
import { reconcile } from './tick.ts';

const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL });
const settings = readSettings(new URL('./settings.json', import.meta.url));
const telemetry = createTelemetry('scheduler');
const now = () => new Date();
const [table, ssm] = [{ client: createDocumentClient(), tableName: env.TABLE_NAME }, new SSMClient({ maxAttempts: 6 })];
const observed = createTableObserver({ ...table, ssm, limits: settings.policy.limits, adviceOf, now });
const wakes = createWakeQueue({ client: new SQSClient({}), queueUrl: env.LANES_QUEUE_URL, newId });
const [due, lanes] = [createDueStore(table), createLaneStore(table)];
const deps = { ...telemetry, ...observed, due, lanes, wakes, settings, now };

/** scheduler: what is overdue, and the sweeps. */
export const handler = middy<unknown, void>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => reconcile(deps, event));
