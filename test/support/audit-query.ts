import { createAuditStore } from '../../functions/adapters/table/audit-store.ts';
import type { AuditQueryPorts } from '../../functions/audit-query/ports.ts';
import { at } from './runs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';

/** The ports of audit-query over a table, at a fixed time, and without dead letters. */
export const auditQueryPorts = (
  table: Pick<TestTable, 'client' | 'tableName'>,
  over: Partial<AuditQueryPorts> = {},
): AuditQueryPorts => ({
  store: createAuditStore(table),
  count: () => {},
  settings: testSettings(),
  letters: async () => [],
  instances: { byIdWhereRead: async () => ({ found: [], unread: new Map() }), byPrivateDnsName: async () => [] },
  fleet: { describe: async () => new Map() },
  now: () => new Date(at(600)),
  ...over,
});
