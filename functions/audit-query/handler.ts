import middy from '@middy/core';
import type { Answer } from '../../core/api/refusal.ts';
import { MIDDY_OPTIONS, observability } from '../runtime/middleware.ts';
import { createTelemetry } from '../runtime/telemetry.ts';
import { composeAuditQuery } from './compose.ts';
import { type AuditPage, report } from './query.ts';

const telemetry = createTelemetry('audit-query');
const ports = composeAuditQuery(telemetry);

/** audit-query: read-only queries over the audit table. */
export const handler = middy<unknown, Answer<AuditPage>>(MIDDY_OPTIONS)
  .use(observability(telemetry))
  .handler((event) => report(ports, event));
