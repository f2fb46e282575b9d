import type { Limits } from '../../core/model/policy.ts';
import { createCommitStore } from '../../functions/adapters/table/commit-store.ts';
import { createLaneCalls } from '../../functions/adapters/table/lane-calls.ts';
import { createLaneStore } from '../../functions/adapters/table/lane-store.ts';
import { createRequestStore } from '../../functions/adapters/table/request-store.ts';
import { createResultStore } from '../../functions/adapters/table/result-store.ts';
import { createRunStore } from '../../functions/adapters/table/run-store.ts';
import { createSignalBudgets } from '../../functions/adapters/table/signal-budgets.ts';
import { createSignalStore } from '../../functions/adapters/table/signal-store.ts';
import { createTrustStore } from '../../functions/adapters/table/trust-store.ts';
import type { TestTable } from './table.ts';

/** The stores of run-controller over a real table. */
export const runControllerStores = (table: TestTable, limits: Limits, newId: () => string) => ({
  runs: createRunStore({ ...table, retentionDays: 365 }),
  lanes: createLaneStore(table),
  commits: createCommitStore({ ...table, limits }),
  trust: createTrustStore(table),
  results: createResultStore({ ...table, limits, wait: async () => {} }),
  signals: { ...createSignalStore({ ...table, newId }), ...createSignalBudgets(table), ...createLaneCalls(table) },
  requests: createRequestStore({ ...table, retentionDays: 365 }),
});
