import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cursorOf } from '../../core/api/report.ts';
import { becauseOnce } from '../../core/model/because.ts';
import { defined } from '../../core/model/defined.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import type { ResultRow } from '../../core/state/results.ts';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { observed, over } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';
import { createRequestStore } from '../adapters/table/request-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createSignalStore } from '../adapters/table/signal-store.ts';
import { type AuditPage, readQuery, report } from './query.ts';

let table: TestTable;
const nodeOf = (i: number) => `i-${String(i).padStart(17, '0')}`;
const at = (i: number) => new Date(Date.parse('2026-08-22T10:00:00Z') + i * 1000).toISOString();
const RESULTS = 40;

const resultOf = (i: number): ResultRow => ({
  runId: `r-${i % 2}`,
  cluster: 'demo',
  instanceId: nodeOf(i),
  remediation: 'pause-image',
  action: 'repair',
  outcome: i % 4 === 0 ? 'NotRepaired' : 'Repaired',
  reason: 'SandboxImageMissing',
  message: 'm',
  endedAt: at(i),
  at: at(i),
});
const runOf = (runId: string, i: number) =>
  queuedRun({
    runId,
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    group: 'demo/pause-image',
    document: { key: 'pause-image-repair' },
    requestId: 'r-1',
    because: { ...becauseOnce({ kind: 'operator', by: 'mei' }, 'operator-api', '2026-08-22T10:00:00.000Z') },
    now: at(i),
    limits: testSettings().policy.limits,
  });

beforeAll(async () => {
  table = await startTable();
  const { limits } = testSettings().policy;
  const results = createResultStore({ ...table, limits });
  for (let i = 0; i < RESULTS; i++) await results.putResult(resultOf(i));
  const runs = createRunStore({ ...table, retentionDays: 365 });
  for (let i = 0; i < 5; i++) await runs.create(runOf(`r-${i}`, i));
  await createSignalStore({ ...table, newId: () => 'v' }).touchLane('demo', 'pause-image', at(2));
  const node = { instanceId: nodeOf(3), cluster: 'demo', remediation: 'pause-image', attempts: {} };
  await table.put({ ...keys.nodeState(node.instanceId, 'pause-image'), ...node });
  await results.quarantine(node, { runId: 'r-1', at: at(50) }, 'replace it');
  const requests = createRequestStore({ ...table, retentionDays: 365 });
  for (const [i, state] of (['paused', 'resumed', 'paused'] as const).entries()) {
    await requests.setPause({ scope: 'ALL', covers: 'repairs', state, at: at(i), by: 'mei', reason: 'r' }, `p-${i}`);
  }
});
afterAll(() => table.stop());

const answer = (query: unknown) => report(auditQueryPorts(table), query);
const ask = async (query: unknown): Promise<AuditPage> => accepted(await answer(query));

/** All pages of a query. */
const pages = async (query: Record<string, unknown>): Promise<readonly AuditPage[]> => {
  const found: AuditPage[] = [];
  let next: string | undefined;
  do {
    const page: AuditPage = await ask({ ...query, ...defined({ next }) });
    found.push(page);
    next = page.next;
  } while (next !== undefined && found.length < 100);
  return found;
};
const ids = (answers: readonly AuditPage[], field: string) =>
  answers.flatMap((a) => a.items).map((item) => item[field]);
const indexes = (length: number) => Array.from({ length }, (_, i) => i);

describe('audit-query', () => {
  it('shows a run, then its results in the order of instances', async () => {
    const { items, next } = await ask({ query: 'run', runId: 'r-0' });
    expect(items[0]).toMatchObject({ kind: 'run', runId: 'r-0', status: 'queued', pending: 0, counts: {} });
    expect(items.slice(1).map((i) => [i.kind, i.instanceId])).toEqual(
      indexes(RESULTS)
        .filter((i) => i % 2 === 0)
        .map((i) => ['result', nodeOf(i)]),
    );
    expect(next).toBeUndefined();
  });

  it('shows the nodes that every part of a check found healthy in one item', async () => {
    const runs = createRunStore({ ...table, retentionDays: 365 });
    await runs.create({ ...over(runOf('r-check', -10)), cluster: 'checked', action: 'check' });
    const part = (n: number, healthy: readonly string[]) =>
      observed(`1.${n}`, {}, { runId: 'r-check', part: n, parts: 2, healthy: [...healthy] });
    await runs.putObservation(part(1, [nodeOf(1), nodeOf(2)]), undefined);
    expect((await ask({ query: 'run', runId: 'r-check' })).items.map((i) => i.kind)).toEqual(['run']);
    await runs.putObservation(part(2, [nodeOf(2), nodeOf(3)]), undefined);
    expect((await ask({ query: 'run', runId: 'r-check' })).items.slice(1)).toEqual([
      { kind: 'healthy', count: 1, instanceIds: [nodeOf(2)] },
    ]);
  });

  it('shows the nodes of a repair that have not ended in one item', async () => {
    const runs = createRunStore({ ...table, retentionDays: 365 });
    await runs.create({ ...over(runOf('r-open', -10)), cluster: 'opened' });
    await runs.putObservation(
      observed('1', { [nodeOf(1)]: {} }, { runId: 'r-open', final: false, open: [nodeOf(2)], closedBy: 'look' }),
      undefined,
    );
    const { items } = await ask({ query: 'run', runId: 'r-open' });
    expect(items.slice(1)).toEqual([{ kind: 'open', count: 1, instanceIds: [nodeOf(2)] }]);
  });

  it('shows a node that a repair found healthy once, by its result', async () => {
    const runs = createRunStore({ ...table, retentionDays: 365 });
    const own = { runId: 'r-repair', cluster: 'repaired' };
    const results = createResultStore({ ...table, limits: testSettings().policy.limits });
    await runs.create({ ...over(runOf('r-repair', -10)), ...own });
    await runs.putObservation(observed('1', { [nodeOf(77)]: { outcome: 'Healthy' } }, { runId: own.runId }), undefined);
    await results.putResult({ ...resultOf(77), ...own, outcome: 'Healthy', reason: 'DiskFull' });
    const { items } = await ask({ query: 'run', runId: 'r-repair' });
    expect(items.map((i) => [i.kind, i.instanceId])).toEqual([
      ['run', undefined],
      ['result', nodeOf(77)],
    ]);
  });

  it('shows runs of a cluster, the newest first, within times', async () => {
    expect(ids([await ask({ query: 'runs', cluster: 'demo' })], 'runId')).toEqual(['r-4', 'r-3', 'r-2', 'r-1', 'r-0']);
    const some = await ask({ query: 'runs', cluster: 'demo', since: '2026-08-22T10:00:01Z', until: at(3) });
    expect(ids([some], 'runId')).toEqual(['r-3', 'r-2', 'r-1']);
    expect(await ask({ query: 'runs', cluster: 'watched' })).toEqual({ items: [] });
  });

  it('shows the stored state of a node, then its history', async () => {
    const { items } = await ask({ query: 'node', instanceId: nodeOf(3) });
    expect(items).toMatchObject([
      { kind: 'node', quarantinedAt: at(50) },
      { kind: 'result', runId: 'r-1', endedAt: at(3) },
    ]);
  });

  it.each([[1], [3], [7], [500]])(
    'merges the shards of an outcome in the order of time, %i at a time',
    async (limit) => {
      const found = await pages({ query: 'outcomes', cluster: 'demo', outcome: 'Repaired', limit });
      const wanted = indexes(RESULTS)
        .filter((i) => i % 4 !== 0)
        .toReversed();
      expect(ids(found, 'instanceId')).toEqual(wanted.map(nodeOf));
      expect(found.every((page) => page.items.length <= limit)).toBe(true);
    },
  );

  it('shows results by reason and day', async () => {
    const found = await pages({ query: 'reasons', reason: 'SandboxImageMissing', day: '2026-08-22', limit: 9 });
    expect(ids(found, 'instanceId')).toEqual(indexes(RESULTS).toReversed().map(nodeOf));
    expect(await ask({ query: 'reasons', reason: 'SandboxImageMissing', day: '2026-08-23' })).toEqual({ items: [] });
  });

  it('shows the open items, the soonest due first', async () => {
    const found = await pages({ query: 'open', limit: 2 });
    expect(ids(found, 'dueAt')).toEqual([at(0), at(1), at(2), at(2), at(3), at(4)]);
    expect(new Set(ids(found, 'kind'))).toEqual(new Set(['run', 'lane']));
  });

  it('shows quarantined nodes', async () => {
    expect((await ask({ query: 'quarantine' })).items).toMatchObject([
      { kind: 'node', instanceId: nodeOf(3), quarantineAdvice: 'replace it' },
    ]);
  });

  it('shows the current pauses, then their records', async () => {
    const found = await pages({ query: 'pauses', limit: 2 });
    expect(found.flatMap((p) => p.items).map((i) => [i.kind, i.state, i.at])).toEqual([
      ['pause', 'paused', at(2)],
      ['pause-event', 'paused', at(2)],
      ['pause-event', 'resumed', at(1)],
      ['pause-event', 'paused', at(0)],
    ]);
  });
});

describe('audit-query refuses', () => {
  const outcomes = { query: 'outcomes', cluster: 'demo', outcome: 'Repaired' };
  const parsed = (query: unknown) => {
    const reading = readQuery(query);
    if (!reading.ok) throw new Error(reading.error.message);
    return reading.value.query;
  };
  const position = { pk: 'RESULT#r-0', sk: 'x', outcomePk: 'OUTCOME#other#Repaired#0', outcomeSk: 'x' };
  it.each([
    [
      'nothing',
      undefined,
      /field query: expected one of actions, deployed, explain, node, open, outcomes, pauses, quarantine, reasons, request, run, runs, status, summary/,
    ],
    ['an unknown query', { query: 'scan' }, /field query: expected one of/],
    ['an unknown field', { query: 'open', filter: 'x' }, /filter/],
    ['too many items', { query: 'open', limit: 501 }, /field limit/],
    ['an unknown outcome', { ...outcomes, outcome: 'Fixed' }, /field outcome/],
    ['a day that is none', { query: 'reasons', reason: 'DiskFull', day: '2026-02-30' }, /field day/],
    ['a hostile node', { query: 'node', instanceId: 'i-1#STATE' }, /field instanceId: not an EC2 instance id/],
    ['an unknown run', { query: 'run', runId: 'r-none' }, /there is no run r-none/],
    ['a cursor that is none', { ...outcomes, next: 'hello' }, /field next: it is not a cursor of this query/],
    [
      'a cursor of another query',
      { ...outcomes, next: cursorOf(parsed({ query: 'open' }), [null, null]) },
      /field next/,
    ],
    ['a cursor of too few parts', { ...outcomes, next: cursorOf(parsed(outcomes), [null]) }, /field next/],
    [
      'a cursor into another partition',
      {
        ...outcomes,
        next: cursorOf(
          parsed(outcomes),
          indexes(8).map(() => position),
        ),
      },
      /field next/,
    ],
  ])('%s', async (_, query, message) => {
    expect(refusalIn(await answer(query)).message).toMatch(message);
  });
});
