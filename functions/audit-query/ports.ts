import type { AuditStore } from '../adapters/table/audit-store.ts';
import type { Count } from '../runtime/metrics.ts';

/** The ports of audit-query, which can only read. */
export type AuditQueryPorts = { readonly store: AuditStore; readonly count: Count };
