import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createBudget } from '../../core/logs/budget.ts';
import { createMemory } from '../../core/logs/dedupe.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { createBus } from '../adapters/messaging/bus.ts';
import { createDeadLetters } from '../adapters/messaging/dead-letters.ts';
import { BAD_INPUT_QUEUE_URL, BUS_NAME, readEnv } from '../runtime/env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { MAX_REMEMBERED, MAX_STREAM_CHARACTERS, QUIET_MS } from './classify-batch.ts';
import type { LogClassifierPorts } from './ports.ts';

/** Builds the clients of log-classifier and its memory of published symptoms, once per execution environment. */
export const composeLogClassifier = (telemetry: Telemetry): LogClassifierPorts => {
  const env = readEnv({ BUS_NAME, BAD_INPUT_QUEUE_URL });
  const { remediations: catalogue, logGroups } = readSettings(new URL('./settings.json', import.meta.url));
  const now = () => new Date();
  return {
    ...telemetry,
    bus: createBus({ client: new EventBridgeClient(AWS_CLIENT.standard), busName: env.BUS_NAME }),
    deadLetters: createDeadLetters({
      client: new SQSClient(AWS_CLIENT.standard),
      queueUrl: env.BAD_INPUT_QUEUE_URL,
      functionName: 'log-classifier',
      now,
    }),
    memory: createMemory({ forMs: QUIET_MS, maxEntries: MAX_REMEMBERED }),
    budget: createBudget({ characters: MAX_STREAM_CHARACTERS, forMs: QUIET_MS, maxStreams: MAX_REMEMBERED }),
    classify,
    mayShow,
    catalogue,
    logGroups,
    now,
  };
};
