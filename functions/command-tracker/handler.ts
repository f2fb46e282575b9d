import { randomUUID as newId } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { adviceOf } from '../../ssm-documents/registry.ts';
import { createDeadLetters } from '../adapters/messaging/dead-letters.ts';
import { sleep as wait } from '../adapters/messaging/partial-failure.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { processBatch } from '../runtime/batch.ts';
import { BAD_INPUT_QUEUE_URL, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { createTableObserver } from '../shared/table-observer.ts';
import { trackEvent, trackSettings } from './track-event.ts';

const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, BAD_INPUT_QUEUE_URL });
const own = trackSettings(readSettings(new URL('./settings.json', import.meta.url)));
const [telemetry, sqs, now] = [createTelemetry('command-tracker'), new SQSClient({}), () => new Date()];
const put = createDeadLetters({
  client: sqs,
  queueUrl: env.BAD_INPUT_QUEUE_URL,
  functionName: 'command-tracker',
  now,
}).put;
const wakes = createWakeQueue({ client: sqs, queueUrl: env.LANES_QUEUE_URL, newId });
const table = { client: createDocumentClient(), tableName: env.TABLE_NAME, ssm: new SSMClient({ maxAttempts: 6 }) };
const deps = { ...telemetry, ...createTableObserver({ ...table, ...own, adviceOf, now }), ...own, wakes, wait };

/** command-tracker: the ends of commands in, results and wakes out. */
export const handler = middy<SQSEvent, SQSBatchResponse>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => processBatch({ ...telemetry, deadLetter: put }, event, (body) => trackEvent(deps, body)));
