import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ResultRow } from '../../core/state/results.ts';
import { RunDigest } from '../../core/state/run-digest.ts';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { digestItem } from '../adapters/table/digest-item.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { report } from './query.ts';

const NOW = '2026-08-22T12:00:00.000Z';
const NODE = 'i-0123456789abcdef0';
const before = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** A table with the history of so many sweeps, one each half hour, and a repair behind each. */
const withHistory = async (sweeps: number): Promise<TestTable> => {
  const own = await table.another();
  const results = createResultStore({ ...own, limits: testSettings().policy.limits });
  for (let i = 0; i < sweeps; i++) {
    const endedAt = before(10 + i * 30);
    const digest = {
      ...{ runId: `r-${i}`, requestId: `r-${i}`, cluster: 'demo', remediation: 'node-check', action: 'check' },
      ...{ because: 'sweep', createdAt: endedAt, endedAt, end: 'Done', counts: { Healthy: 40 }, notes: [] },
    };
    await own.put(digestItem(RunDigest.parse(digest), 365));
    await results.putResult(
      ResultRow.parse({
        ...{ runId: `r-${i}`, cluster: 'demo', instanceId: NODE, remediation: 'pause-image', action: 'repair' },
        ...{ outcome: 'Repaired', message: 'm', endedAt, at: endedAt },
      }),
    );
  }
  return own;
};

/** How many calls of the table a query makes, and how many items it gets. */
const readsOf = async (own: TestTable, query: object) => {
  const reads = { calls: 0, items: 0 };
  const send = (async (command: never) => {
    const answer = (await own.client.send(command)) as { readonly Items?: readonly unknown[] };
    reads.calls += 1;
    reads.items += answer.Items?.length ?? 0;
    return answer;
  }) as DynamoDBDocumentClient['send'];
  const store = createAuditStore({ client: { send }, tableName: own.tableName });
  accepted(await report(auditQueryPorts(own, { store, now: () => new Date(NOW) }), query));
  return reads;
};

it.each([
  ['status', { query: 'status' }],
  ['status of a cluster', { query: 'status', cluster: 'demo' }],
  ['explain of a node', { query: 'explain', node: NODE, limit: 20 }],
  ['explain of a cluster', { query: 'explain', cluster: 'demo' }],
  ['summary of a day', { query: 'summary', since: before(660), until: NOW }],
])('the reads of %s do not grow with the history', async (_, query) => {
  const [few, many] = [await withHistory(60), await withHistory(240)];
  const reads = await readsOf(few, query);
  expect(await readsOf(many, query)).toEqual(reads);
  expect(reads.calls).toBeLessThan(20);
});
