import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { createMemory } from '../../core/logs/dedupe.ts';
import { createBus } from '../adapters/messaging/bus.ts';
import { createDeadLetters } from '../adapters/messaging/dead-letters.ts';
import { BAD_INPUT_QUEUE_URL, BUS_NAME, readEnv } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { readSettings } from '../runtime/settings.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { handleLogs, MAX_REMEMBERED, QUIET_MS } from './classify-batch.ts';

const env = readEnv({ BUS_NAME, BAD_INPUT_QUEUE_URL });
const telemetry = createTelemetry('log-classifier');
const now = () => new Date();
const queue = { client: new SQSClient({}), queueUrl: env.BAD_INPUT_QUEUE_URL, functionName: 'log-classifier', now };
const bus = createBus({ client: new EventBridgeClient({}), busName: env.BUS_NAME });
const { remediations: catalogue, logGroups } = readSettings(new URL('./settings.json', import.meta.url));
const memory = createMemory({ forMs: QUIET_MS, maxEntries: MAX_REMEMBERED });
const deps = { ...telemetry, bus, deadLetters: createDeadLetters(queue), memory, catalogue, logGroups, now };

/** log-classifier: CloudWatch Logs subscription payloads in, `Node Symptom` events out. */
export const handler = middy<unknown, void>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => handleLogs(deps, event));
