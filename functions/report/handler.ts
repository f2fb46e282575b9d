import middy from '@middy/core';
import { createDocumentClient } from '../adapters/document-client.ts';
import { createReportStore } from '../adapters/report-store.ts';
import { readEnv, TABLE_NAME } from '../runtime/env.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { type ReportAnswer, report } from './report.ts';

const env = readEnv({ TABLE_NAME });
const telemetry = createTelemetry('report');
const store = createReportStore({ client: createDocumentClient(), tableName: env.TABLE_NAME });
const deps = { ...telemetry, store };

/** λ report: read-only queries over the audit table. */
export const handler = middy<unknown, ReportAnswer>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => report(deps, event));
