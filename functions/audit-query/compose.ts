import { EC2Client } from '@aws-sdk/client-ec2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { createInstances } from '../adapters/ec2/instances.ts';
import { createLetterCounts } from '../adapters/messaging/letter-counts.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { readEnv, TABLE_NAME } from '../runtime/env.ts';
import { DLQ_URLS } from '../runtime/operator-env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { createFleet } from '../shared/fleet.ts';
import type { AuditQueryPorts } from './ports.ts';

/** Builds audit-query's clients and store, once per execution environment. */
export const composeAuditQuery = (telemetry: Telemetry): AuditQueryPorts => {
  const env = readEnv({ TABLE_NAME, DLQ_URLS });
  const settings = readSettings(new URL('./settings.json', import.meta.url));
  // A few calls for a person's question, without the pace that the pipeline shares: keeping it would need a write.
  const ec2 = { ec2: new EC2Client(AWS_CLIENT.throttled), pace: async () => {} };
  return {
    ...telemetry,
    store: createAuditStore({ client: createDocumentClient(), tableName: env.TABLE_NAME }),
    settings,
    instances: createInstances(ec2),
    fleet: createFleet({ ...ec2, ssm: new SSMClient(AWS_CLIENT.throttled), policy: settings.policy }),
    letters: createLetterCounts({ client: new SQSClient(AWS_CLIENT.standard), queueUrls: env.DLQ_URLS }),
    now: () => new Date(),
  };
};
