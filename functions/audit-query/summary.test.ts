import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SummaryItem } from '../../core/api/summary.ts';
import { RunDigest } from '../../core/state/run-digest.ts';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { digestItem } from '../adapters/table/digest-item.ts';
import { report } from './query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const ask = (own: TestTable, query: object) =>
  report(auditQueryPorts(own, { now: () => new Date('2026-08-22T12:00:00Z') }), { query: 'summary', ...query });
const pageOf = async (own: TestTable, query: object = {}) => {
  const { items, next } = accepted(await ask(own, query));
  return { items: items.map((item) => SummaryItem.parse(item)), next };
};
const digest = (runId: string, endedAt: string, cluster = 'demo'): RunDigest =>
  RunDigest.parse({
    ...{ runId, requestId: runId, cluster, remediation: 'node-check', action: 'check', because: 'sweep' },
    ...{ createdAt: endedAt, endedAt, end: 'Done', counts: { Healthy: 9 }, notes: [] },
  });

describe('summary', () => {
  it('counts what was found and repaired, and how long it took from the first report', async () => {
    const own = await table.another();
    const w = runControllerWorld(own, { nodes: 4 });
    const [broken = ''] = w.ids;
    w.nodes.set(broken, { broken: true, latencyMs: 8000 });
    await w.signal(broken);
    await w.pass(300);
    const { items, next } = await pageOf(own, { by: 'remediation' });
    expect(items[0]).toMatchObject({ kind: 'total', found: 1, repaired: 1, repairedAfter: { count: 1 } });
    expect(items.slice(1).map(({ kind }) => kind)).toEqual(['worst-node', 'group']);
    expect(items[2]).toMatchObject({ by: 'remediation', group: 'pause-image', repaired: 1 });
    expect(next).toBeUndefined();
  });

  it('reads the period that is asked for, of one cluster or of all', async () => {
    const own = await table.another();
    for (const [i, day] of ['2026-07-01', '2026-08-20', '2026-08-21', '2026-08-22'].entries())
      await own.put(digestItem(digest(`r-${i}`, `${day}T10:00:00.000Z`, i === 3 ? 'shop' : 'demo'), 365));
    const runs = async (query: object) => {
      const [total] = (await pageOf(own, query)).items;
      return total?.kind === 'total' ? total.runs : undefined;
    };
    expect(await runs({})).toBe(3);
    expect(await runs({ cluster: 'shop' })).toBe(1);
    expect(await runs({ since: '2026-06-01T00:00:00Z' })).toBe(4);
    expect(await runs({ since: '2026-08-20T10:00:01Z', until: '2026-08-21T10:00:00Z' })).toBe(1);
    expect(await runs({ since: '2026-08-23T00:00:00Z' })).toBe(0);
  });

  it('refuses a cursor that is none', async () => {
    expect(refusalIn(await ask(table, { next: 'hello' }))).toMatchObject({ field: 'next' });
  });
});
