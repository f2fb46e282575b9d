import { randomUUID } from 'node:crypto';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { EKSClient } from '@aws-sdk/client-eks';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { newRunId } from '../../core/model/run-id.ts';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { countThrottles } from '../adapters/count-throttles.ts';
import { createRegistryProbe } from '../adapters/ecr/registry-probe.ts';
import { createNodegroups } from '../adapters/eks/nodegroups.ts';
import { createBus } from '../adapters/messaging/bus.ts';
import { createDeadLetters, type DeadLetters } from '../adapters/messaging/dead-letters.ts';
import { createReturnSoon, LANES_BACK_OFF, type ReturnSoon } from '../adapters/messaging/failed-records.ts';
import { createLookQueue } from '../adapters/messaging/look-queue.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { sleep } from '../adapters/sleep.ts';
import { createReviewedDocuments } from '../adapters/ssm/reviewed-documents.ts';
import { createCommandReader, createSender } from '../adapters/ssm/run-command.ts';
import { createCommitStore } from '../adapters/table/commit-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
import { createPace, EC2_COUNTER } from '../adapters/table/pace.ts';
import { createRequestStore } from '../adapters/table/request-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createSignalStore } from '../adapters/table/signal-store.ts';
import { createTrustStore } from '../adapters/table/trust-store.ts';
import {
  BAD_INPUT_QUEUE_URL,
  BUS_NAME,
  LANES_QUEUE_URL,
  PROGRESS_QUEUE_URL,
  readEnv,
  TABLE_NAME,
} from '../runtime/env.ts';
import { measure } from '../runtime/metrics.ts';
import { builtDocuments, readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { createBeyondEc2 } from '../shared/beyond-ec2.ts';
import { createFleet } from '../shared/fleet.ts';
import { createObservationWriter } from '../shared/observation-writer.ts';
import { createFactMemory } from './fact-memory.ts';
import type { RunControllerPorts } from './ports.ts';

/** Builds run-controller's clients and stores, once per execution environment. */
export const composeRunController = (
  telemetry: Telemetry,
): { readonly ports: RunControllerPorts; readonly deadLetters: DeadLetters; readonly returnSoon: ReturnSoon } => {
  const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, PROGRESS_QUEUE_URL, BUS_NAME, BAD_INPUT_QUEUE_URL });
  const settings = readSettings(new URL('./settings.json', import.meta.url));
  const { limits } = settings.policy;
  const now = () => new Date();
  const newId = randomUUID;
  const sqs = new SQSClient(AWS_CLIENT.standard);
  const ssm = countThrottles(new SSMClient(AWS_CLIENT.throttled), telemetry.count);
  const eks = new EKSClient(AWS_CLIENT.standard);
  const table = { client: createDocumentClient(), tableName: env.TABLE_NAME };
  const pace = createPace({ ...table, counter: EC2_COUNTER, maxPerSecond: limits.maxEc2CallsPerSecond, now });
  const ec2 = countThrottles(new EC2Client(AWS_CLIENT.throttled), telemetry.count);
  const fleet = createFleet({ ec2, ssm, policy: settings.policy, pace });
  const runs = createRunStore({ ...table, retentionDays: limits.retentionDays });
  const results = createResultStore({ ...table, limits });
  const bus = createBus({ client: new EventBridgeClient(AWS_CLIENT.standard), busName: env.BUS_NAME });
  const ports: RunControllerPorts = {
    runs,
    results,
    lanes: createLaneStore(table),
    commits: createCommitStore({ ...table, limits }),
    trust: createTrustStore(table),
    observations: createObservationWriter({ runs, results, limits, rules: settings }),
    requests: createRequestStore({ ...table, retentionDays: limits.retentionDays }),
    signals: createSignalStore({ ...table, newId }),
    fleet,
    facts: createFactMemory({ fleet, now }),
    beyondEc2: createBeyondEc2({ eks, ssm }),
    nodegroups: createNodegroups({ client: eks }),
    registry: createRegistryProbe({ clientFor: (region) => new ECRClient({ ...AWS_CLIENT.once, region }) }),
    // One attempt: SendCommand has no idempotency token, and a retry after a lost answer would run it twice.
    sender: createSender({
      client: countThrottles(new SSMClient(AWS_CLIENT.once), telemetry.count),
      documents: createReviewedDocuments({ client: ssm, built: builtDocuments(settings) }),
      now,
    }),
    reader: createCommandReader({ client: ssm }),
    looks: createLookQueue({ client: sqs, queueUrl: env.PROGRESS_QUEUE_URL }),
    wakes: createWakeQueue({ client: sqs, queueUrl: env.LANES_QUEUE_URL, newId }),
    bus,
    settings,
    log: telemetry.log,
    count: telemetry.count,
    measure,
    now,
    wait: sleep,
    random: Math.random,
    newRunId: () => newRunId(now(), newId()),
  };
  const deadLetters = createDeadLetters({
    client: sqs,
    queueUrl: env.BAD_INPUT_QUEUE_URL,
    functionName: 'run-controller',
    now,
  });
  const returnSoon = createReturnSoon({ client: sqs, queueUrl: env.LANES_QUEUE_URL, backOff: LANES_BACK_OFF });
  return { ports, deadLetters, returnSoon };
};
