import { randomUUID as newId } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createDeadLetters } from '../adapters/dead-letters.ts';
import { createDocumentClient } from '../adapters/document-client.ts';
import { createSignalStore } from '../adapters/signal-store.ts';
import { createWakeQueue } from '../adapters/wake-queue.ts';
import { BAD_INPUT_QUEUE_URL as BAD_INPUT, LANES_QUEUE_URL as LANES, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { handleSignals } from './intake.ts';

const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL: LANES, BAD_INPUT_QUEUE_URL: BAD_INPUT });
const { policy, remediations: catalogue } = readSettings(new URL('./settings.json', import.meta.url));
const telemetry = createTelemetry('intake');
const [client, now] = [new SQSClient({}), () => new Date()];
const store = createSignalStore({ client: createDocumentClient(), tableName: env.TABLE_NAME, newId });
const wakes = createWakeQueue({ client, queueUrl: env.LANES_QUEUE_URL, newId });
const deadLetters = createDeadLetters({ client, queueUrl: env.BAD_INPUT_QUEUE_URL, functionName: 'intake', now });
const deps = { ...telemetry, store, wakes, deadLetters, policy, catalogue, now };

/** λ intake: signals in, mailbox rows and wakes out. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => handleSignals(deps, event));
