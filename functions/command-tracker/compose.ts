import { randomUUID as newId } from 'node:crypto';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { documentFamily } from '../../events/ssm-command.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { countThrottles } from '../adapters/count-throttles.ts';
import { createDeadLetters, type DeadLetters } from '../adapters/messaging/dead-letters.ts';
import { createReturnSoon, type ReturnSoon, SIGNALS_BACK_OFF } from '../adapters/messaging/failed-records.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { sleep } from '../adapters/sleep.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createWritePace } from '../adapters/table/write-pace.ts';
import { BAD_INPUT_QUEUE_URL, COPIES, INBOX_QUEUE_URL, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { readSettings, type Settings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { createTableObserver } from '../shared/table-observer.ts';
import type { CommandTrackerPorts } from './ports.ts';

/** The part of a deployment's settings that the tracking of commands reads. */
export const trackSettings = ({ policy, documents }: Pick<Settings, 'policy' | 'documents'>) => ({
  limits: policy.limits,
  documentFamilies: new Set(Object.values(documents).map(({ name }) => documentFamily(name))),
});

/** Builds command-tracker's clients and stores, once per execution environment. */
export const composeCommandTracker = (
  telemetry: Telemetry,
): { readonly ports: CommandTrackerPorts; readonly deadLetters: DeadLetters; readonly returnSoon: ReturnSoon } => {
  const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, BAD_INPUT_QUEUE_URL, INBOX_QUEUE_URL, COPIES });
  const settings = readSettings(new URL('./settings.json', import.meta.url));
  const own = trackSettings(settings);
  const now = () => new Date();
  const client = new SQSClient(AWS_CLIENT.standard);
  const table = { client: createDocumentClient(), tableName: env.TABLE_NAME };
  const ports = {
    ...telemetry,
    ...createTableObserver({
      ...table,
      pace: createWritePace({ copies: env.COPIES, now }),
      ssm: countThrottles(new SSMClient(AWS_CLIENT.throttled), telemetry.count),
      ec2: countThrottles(new EC2Client(AWS_CLIENT.throttled), telemetry.count),
      rules: settings,
      texts,
      log: telemetry.log,
      now,
    }),
    ...own,
    wakes: createWakeQueue({ client, queueUrl: env.LANES_QUEUE_URL, newId }),
    now,
    wait: sleep,
  };
  const queue = { client, queueUrl: env.BAD_INPUT_QUEUE_URL, functionName: 'command-tracker', now };
  const returnSoon = createReturnSoon({ client, queueUrl: env.INBOX_QUEUE_URL, backOff: SIGNALS_BACK_OFF });
  return { ports, deadLetters: createDeadLetters(queue), returnSoon };
};
