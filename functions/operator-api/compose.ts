import { randomUUID as newId } from 'node:crypto';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { createReplayLogs } from '../adapters/lambda/replayed-logs.ts';
import { createBus } from '../adapters/messaging/bus.ts';
import { createDeadLetterReader } from '../adapters/messaging/dead-letters.ts';
import { createLetterReturn } from '../adapters/messaging/letter-return.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { createCallerCheck, PROOF_CLIENT } from '../adapters/sts/caller-identity.ts';
import { createActionStore } from '../adapters/table/action-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
import { createLetterRecords } from '../adapters/table/letter-records.ts';
import { createPace, OPERATORS_EC2_COUNTER } from '../adapters/table/pace.ts';
import { createRequestStore } from '../adapters/table/request-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createSignalStore } from '../adapters/table/signal-store.ts';
import { createTrustStore } from '../adapters/table/trust-store.ts';
import {
  BUS_NAME,
  LANES_QUEUE_URL,
  PROGRESS_QUEUE_URL,
  readEnv,
  SIGNALS_QUEUE_URL,
  TABLE_NAME,
} from '../runtime/env.ts';
import { AWS_REGION, DLQ_URLS, LOG_CLASSIFIER_NAME, STACK_ARN } from '../runtime/operator-env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { createBeyondEc2 } from '../shared/beyond-ec2.ts';
import { createFleet } from '../shared/fleet.ts';
import type { OperatorApiPorts } from './ports.ts';

/** Builds operator-api's clients and stores, once per execution environment. */
export const composeOperatorApi = (telemetry: Telemetry): Omit<OperatorApiPorts, 'remainingMs'> => {
  const env = readEnv({
    TABLE_NAME,
    BUS_NAME,
    LANES_QUEUE_URL,
    SIGNALS_QUEUE_URL,
    PROGRESS_QUEUE_URL,
    LOG_CLASSIFIER_NAME,
    DLQ_URLS,
    STACK_ARN,
    AWS_REGION,
  });
  const settings = readSettings(new URL('./settings.json', import.meta.url));
  const now = () => new Date();
  const { limits } = settings.policy;
  const table = { client: createDocumentClient(), tableName: env.TABLE_NAME };
  const sqs = new SQSClient(AWS_CLIENT.standard);
  const ssm = new SSMClient(AWS_CLIENT.throttled);
  const { maxEc2CallsPerSecond: maxPerSecond } = limits;
  const pace = createPace({ ...table, counter: OPERATORS_EC2_COUNTER, maxPerSecond, now });
  return {
    ...telemetry,
    fleet: createFleet({ ec2: new EC2Client(AWS_CLIENT.throttled), ssm, policy: settings.policy, pace }),
    beyondEc2: createBeyondEc2({ eks: new EKSClient(AWS_CLIENT.standard), ssm }),
    runs: createRunStore({ ...table, retentionDays: limits.retentionDays }),
    lanes: createLaneStore(table),
    trust: createTrustStore(table),
    results: createResultStore({ ...table, limits }),
    requests: createRequestStore({ ...table, retentionDays: limits.retentionDays }),
    signals: createSignalStore({ ...table, newId }),
    wakes: createWakeQueue({ client: sqs, queueUrl: env.LANES_QUEUE_URL, newId }),
    bus: createBus({ client: new EventBridgeClient(AWS_CLIENT.standard), busName: env.BUS_NAME }),
    letters: createDeadLetterReader({ client: sqs }),
    letterReturn: createLetterReturn({
      client: sqs,
      signalsQueueUrl: env.SIGNALS_QUEUE_URL,
      progressQueueUrl: env.PROGRESS_QUEUE_URL,
    }),
    replayLogs: createReplayLogs({
      client: new LambdaClient(AWS_CLIENT.standard),
      functionName: env.LOG_CLASSIFIER_NAME,
    }),
    letterRecords: createLetterRecords({ ...table, retentionDays: limits.retentionDays }),
    actions: createActionStore({ ...table, retentionDays: limits.retentionDays }),
    askCaller: createCallerCheck({ client: new STSClient({ ...AWS_CLIENT.standard, ...PROOF_CLIENT }) }),
    stackArn: env.STACK_ARN,
    region: env.AWS_REGION,
    deadLetterQueueUrls: env.DLQ_URLS,
    settings,
    now,
    newId,
  };
};
