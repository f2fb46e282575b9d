import { randomUUID as newId } from 'node:crypto';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { texts } from '../../ssm-documents/remediations.ts';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { countThrottles } from '../adapters/count-throttles.ts';
import { createBus } from '../adapters/messaging/bus.ts';
import { createWakeQueue } from '../adapters/messaging/wake-queue.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { createDueStore } from '../adapters/table/due-store.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
import { createNoticeStore } from '../adapters/table/notice-store.ts';
import { createQuarantineStore } from '../adapters/table/quarantine-store.ts';
import { createTable } from '../adapters/table/table.ts';
import { BUS_NAME, LANES_QUEUE_URL, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { createTableObserver } from '../shared/table-observer.ts';
import type { SchedulerPorts } from './ports.ts';

/** Builds scheduler's clients and stores, once per execution environment. */
export const composeScheduler = (telemetry: Telemetry): SchedulerPorts => {
  const env = readEnv({ TABLE_NAME, LANES_QUEUE_URL, BUS_NAME });
  const settings = readSettings(new URL('./settings.json', import.meta.url));
  const { limits } = settings.policy;
  const now = () => new Date();
  const table = { client: createDocumentClient(), tableName: env.TABLE_NAME };
  return {
    ...telemetry,
    ...createTableObserver({
      ...table,
      ssm: countThrottles(new SSMClient(AWS_CLIENT.throttled), telemetry.count),
      ec2: countThrottles(new EC2Client(AWS_CLIENT.throttled), telemetry.count),
      rules: settings,
      texts,
      log: telemetry.log,
      now,
    }),
    bus: createBus({ client: new EventBridgeClient(AWS_CLIENT.standard), busName: env.BUS_NAME }),
    notices: createNoticeStore(table),
    due: createDueStore(table),
    lanes: createLaneStore(table),
    quarantines: createQuarantineStore(createTable(table), limits),
    wakes: createWakeQueue({ client: new SQSClient(AWS_CLIENT.standard), queueUrl: env.LANES_QUEUE_URL, newId }),
    settings,
    now,
    newId,
  };
};
