import { randomUUID as newId } from 'node:crypto';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { countThrottles } from '../adapters/count-throttles.ts';
import { createInstanceFinder } from '../adapters/ec2/instance-finder.ts';
import { createMembers } from '../adapters/ec2/members.ts';
import { createDeadLetters } from '../adapters/messaging/dead-letters.ts';
import { createReturnSoon, SIGNALS_BACK_OFF } from '../adapters/messaging/failed-records.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createLaneCalls } from '../adapters/table/lane-calls.ts';
import { createPace, SIGNALS_EC2_COUNTER } from '../adapters/table/pace.ts';
import { createSignalBudgets } from '../adapters/table/signal-budgets.ts';
import { createSignalStore } from '../adapters/table/signal-store.ts';
import { createWritePace } from '../adapters/table/write-pace.ts';
import { BAD_INPUT_QUEUE_URL, COPIES, INBOX_QUEUE_URL, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { SignalIntakePorts } from './ports.ts';

/** Builds signal-intake's clients and stores, once per execution environment. */
export const composeSignalIntake = (telemetry: Telemetry): SignalIntakePorts => {
  const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, BAD_INPUT_QUEUE_URL, INBOX_QUEUE_URL, COPIES });
  const { policy, remediations: catalogue } = readSettings(new URL('./settings.json', import.meta.url));
  const client = new SQSClient(AWS_CLIENT.standard);
  const now = () => new Date();
  const table = { client: createDocumentClient(), tableName: env.TABLE_NAME };
  const { maxEc2CallsPerSecond: maxPerSecond } = policy.limits;
  const pace = createPace({ ...table, counter: SIGNALS_EC2_COUNTER, maxPerSecond, now });
  const writePace = createWritePace({ copies: env.COPIES, now });
  const ec2 = countThrottles(new EC2Client(AWS_CLIENT.throttled), telemetry.count);
  return {
    ...telemetry,
    store: {
      ...createSignalStore({ ...table, newId, pace: writePace }),
      ...createSignalBudgets(table),
      ...createLaneCalls(table),
    },
    finder: createInstanceFinder({ ec2, pace, now }),
    members: createMembers({ ec2, pace, policy, now }),
    wakes: createWakeQueue({ client, queueUrl: env.LANES_QUEUE_URL, newId }),
    deadLetters: createDeadLetters({ client, queueUrl: env.BAD_INPUT_QUEUE_URL, functionName: 'signal-intake', now }),
    returnSoon: createReturnSoon({ client, queueUrl: env.INBOX_QUEUE_URL, backOff: SIGNALS_BACK_OFF }),
    policy,
    catalogue,
    now,
  };
};
