import type { AuditStore } from '../adapters/table/audit-store.ts';
import type { Count } from '../runtime/metrics.ts';

/** What audit-query works with; it can only read. */
export type AuditQueryPorts = { readonly store: AuditStore; readonly count: Count };
