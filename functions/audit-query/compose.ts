import { SQSClient } from '@aws-sdk/client-sqs';
import { AWS_CLIENT } from '../adapters/aws-clients.ts';
import { createLetterCounts } from '../adapters/messaging/letter-counts.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { DLQ_URLS, readEnv, TABLE_NAME } from '../runtime/env.ts';
import { readSettings } from '../runtime/settings.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { AuditQueryPorts } from './ports.ts';

/** Builds audit-query's clients and store, once per execution environment. */
export const composeAuditQuery = (telemetry: Telemetry): AuditQueryPorts => {
  const env = readEnv({ TABLE_NAME, DLQ_URLS });
  return {
    ...telemetry,
    store: createAuditStore({ client: createDocumentClient(), tableName: env.TABLE_NAME }),
    settings: readSettings(new URL('./settings.json', import.meta.url)),
    letters: createLetterCounts({ client: new SQSClient(AWS_CLIENT.standard), queueUrls: env.DLQ_URLS }),
    now: () => new Date(),
  };
};
