import { createAuditStore } from '../adapters/table/audit-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { readEnv, TABLE_NAME } from '../runtime/env.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { AuditQueryPorts } from './ports.ts';

/** Builds audit-query's client and store, once per execution environment. */
export const composeAuditQuery = (telemetry: Telemetry): AuditQueryPorts => {
  const env = readEnv({ TABLE_NAME });
  return { ...telemetry, store: createAuditStore({ client: createDocumentClient(), tableName: env.TABLE_NAME }) };
};
