import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becauseOnce } from '../../core/model/because.ts';
import { cancelledRun } from '../../core/runs/plan.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import { ResultRow } from '../../core/state/results.ts';
import { RunDigest } from '../../core/state/run-digest.ts';
import { isDeep } from '../../test/deep.ts';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { batchedWrites } from '../../test/support/batched-writes.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { createActionStore } from '../adapters/table/action-store.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { digestItem } from '../adapters/table/digest-item.ts';
import { keys, RESULT_SHARDS } from '../adapters/table/keys.ts';
import { createResultStore, OUTCOMES_ALONE } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createTable } from '../adapters/table/table.ts';
import { QUERIES, report } from './query.ts';

const NOW = '2026-08-22T12:00:00.000Z';
const NODE = 'i-0123456789abcdef0';
const before = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
/** A sweep, its repair, its run, an action and a pause: five rows for each half hour. */
const ROWS = 5;
/** Rows of the tables that are compared. */
const SIZES = process.env.FLEETMEND_ROWS?.split(',').map(Number) ?? (isDeep ? [1000, 100_000] : [500, 1500]);
const RETENTION_DAYS = 10_000;

let table: TestTable;
let tables: readonly TestTable[];

/** A table with so many rows of history, half an hour apart. */
const withHistory = async (rows: number): Promise<TestTable> => {
  const own = await table.another();
  const { limits } = testSettings().policy;
  const { flush, ...batched } = batchedWrites(own);
  const stored = { ...batched, retentionDays: RETENTION_DAYS };
  const { put } = createTable(batched);
  const [results, runs, actions] = [
    createResultStore({ ...batched, limits }),
    createRunStore(stored),
    createActionStore(stored),
  ];
  const because = becauseOnce({ kind: 'operator', by: 'mei' }, 'operator-api', NOW);
  const add = async (i: number): Promise<void> => {
    const [runId, endedAt] = [`r-${i}`, before(10 + i * 30)];
    const place = { cluster: 'demo', remediation: 'pause-image', action: 'repair' } as const;
    const digest = {
      ...{ runId, requestId: runId, cluster: 'demo', remediation: 'node-check', action: 'check', because: 'sweep' },
      ...{ createdAt: endedAt, endedAt, end: 'Done', counts: { Healthy: 40 }, notes: [] },
    };
    const result = { outcome: 'Repaired', reason: 'SandboxImageMissing', message: 'm', endedAt, at: endedAt };
    const document = { key: 'pause-image-repair' };
    await put(digestItem(RunDigest.parse(digest), RETENTION_DAYS));
    await results.putResult(ResultRow.parse({ runId, instanceId: NODE, ...place, ...result }));
    const group = { group: 'demo/pause-image', document, requestId: runId, because, now: endedAt, limits };
    const run = cancelledRun(queuedRun({ runId, ...place, ...group }), [], { force: false }, endedAt);
    await runs.create({ ...run, outbox: [] });
    const author = { kind: 'claimed', name: 'mei' } as const;
    const asked = { event: 'asked', at: endedAt, action: 'repair', cluster: 'demo', way: 'act' } as const;
    await actions.add({ ...asked, author, lambdaRequestId: runId }, runId);
    const pause = { scope: 'ALL', covers: 'repairs', state: 'paused', at: endedAt, by: 'mei', reason: 'r' };
    await put({ ...keys.pauseEvent(endedAt, runId), ...pause });
  };
  for (let i = 0; i < rows / ROWS; i++) await add(i);
  await flush();
  await own.put({ ...keys.request('r-0'), requestId: 'r-0', action: 'repair', cluster: 'demo', at: NOW });
  return own;
};

beforeAll(
  async () => {
    table = await startTable();
    tables = await pMap(SIZES, withHistory, { concurrency: 1 });
  },
  isDeep ? 7_200_000 : 120_000,
);
afterAll(() => table.stop());

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

type Asked = { readonly query: string } & Readonly<Record<string, string | number>>;

const limit = 20;
const ASKED: readonly (readonly [title: string, query: Asked])[] = [
  ['status', { query: 'status' }],
  ['status of a cluster', { query: 'status', cluster: 'demo' }],
  ['explain of a node', { query: 'explain', node: NODE, limit }],
  ['explain of a cluster', { query: 'explain', cluster: 'demo' }],
  ['explain of a run', { query: 'explain', runId: 'r-1' }],
  ['summary of a day', { query: 'summary', since: before(660), until: NOW }],
  ['node', { query: 'node', instanceId: NODE, limit }],
  ['runs', { query: 'runs', cluster: 'demo', limit }],
  ['run', { query: 'run', runId: 'r-1', limit }],
  ['outcomes', { query: 'outcomes', cluster: 'demo', outcome: 'Repaired', limit }],
  ['reasons', { query: 'reasons', reason: 'SandboxImageMissing', day: '2026-08-22', limit }],
  ['actions of a cluster', { query: 'actions', cluster: 'demo', limit }],
  ['actions of an author', { query: 'actions', author: 'mei', limit }],
  ['actions of a day', { query: 'actions', day: '2026-08-22', limit }],
  ['deployed', { query: 'deployed' }],
  ['open', { query: 'open', limit }],
  ['pauses', { query: 'pauses', limit }],
  ['quarantine', { query: 'quarantine', limit }],
];
const clusters = testSettings().policy.clusters.length;
/** The queries by the id of one thing, whose partition has its rows alone. */
const OF_ONE_THING = ['request'];

describe(`with ${SIZES.join(', ')} rows`, () => {
  it.each(ASKED)('the reads of %s do not grow with the history', async (_, query) => {
    const [first, ...others] = await pMap(tables, (own) => readsOf(own, query), { concurrency: 1 });
    for (const reads of others) expect(reads).toEqual(first);
    // The results of repairs are in partitions of each cluster.
    const ofClusters = query.query === 'reasons' ? OUTCOMES_ALONE.length * RESULT_SHARDS * clusters : 0;
    expect(first?.calls).toBeLessThan(20 + ofClusters);
    expect(first?.items).toBeLessThanOrEqual(16 * limit);
  });

  it('every query is among them', () => {
    const asked = new Set([...ASKED.map(([, { query }]) => query), ...OF_ONE_THING]);
    expect(QUERIES.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([]);
  });
});
