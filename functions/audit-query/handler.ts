import middy from '@middy/core';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { createDocumentClient } from '../adapters/table/document-client.ts';
import { readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { type AuditAnswer, report } from './query.ts';

const env = readEnv({ TABLE_NAME });
const telemetry = createTelemetry('audit-query');
const store = createAuditStore({ client: createDocumentClient(), tableName: env.TABLE_NAME });
const deps = { ...telemetry, store };

/** audit-query: read-only queries over the audit table. */
export const handler = middy<unknown, AuditAnswer>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => report(deps, event));
