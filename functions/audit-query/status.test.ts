import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatusItem } from '../../core/api/status.ts';
import { RunDigest } from '../../core/state/run-digest.ts';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { digestItem } from '../adapters/table/digest-item.ts';
import { rowOf } from '../adapters/table/items.ts';
import { report } from './query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** A table that a cluster of eight nodes was checked and repaired in. */
const worked = async () => {
  const own = await table.another();
  const w = runControllerWorld(own, { nodes: 8 });
  const now = () => new Date(w.clock.ms);
  return { own, w, now, status: async (query = {}) => asked(own, now, query) };
};
const asked = async (own: TestTable, now: () => Date, query: object) => {
  const answer = accepted(await report(auditQueryPorts(own, { now }), { query: 'status', ...query }));
  return answer.items.map((item) => StatusItem.parse(item));
};
const ofKind = <Kind extends StatusItem['kind']>(items: readonly StatusItem[], kind: Kind) =>
  items.filter((item): item is Extract<StatusItem, { kind: Kind }> => item.kind === kind);

describe('the digest of a run', () => {
  it('is stored with the end of the run, by day', async () => {
    const { own, w } = await worked();
    await w.ask('r-asked', 'repair', w.ids.slice(0, 2));
    await w.pass(120);
    const rows = (await own.items('DAY#2026-08-22')).map((item) => rowOf(RunDigest, item));
    expect(rows.filter(({ runId }) => runId === 'r-asked')).toMatchObject([
      { action: 'repair', end: 'Done', because: 'operator', by: 'mei', counts: { Healthy: 2 } },
    ]);
  });
});

describe('status', () => {
  it('shows what the last sweep found, and leaves out what was repaired since', async () => {
    const { status, w } = await worked();
    const [broken = '', silent = ''] = w.ids;
    w.nodes.set(broken, { broken: true, latencyMs: 8000 });
    w.nodes.set(silent, { broken: false, latencyMs: 8000, endsAs: 'Undeliverable' });
    await w.runReconcile('sweep');
    const before = ofKind(await status({ cluster: 'demo' }), 'cluster');
    expect(before).toMatchObject([{ outcomes: {}, sweeps: { isLate: false, open: { createdAt: w.iso() } } }]);
    expect(before[0]).not.toHaveProperty('nodes');
    await w.pass(2000);
    const items = await status({ cluster: 'demo' });
    expect(ofKind(items, 'cluster')).toMatchObject([
      { nodes: 8, broken: 0, unreachable: 1, inFlight: 0, sweeps: { last: { nodes: 8 } }, unread: [] },
    ]);
    expect(ofKind(items, 'node-status')).toMatchObject([{ instanceId: silent, outcome: 'Unreachable' }]);
    expect(ofKind(items, 'need')).toMatchObject([{ need: 'Unreachable', count: 1 }]);
    expect(w.nodes.get(broken)?.broken).toBe(false);
  });

  it('shows a repaired node as such, although the check that had found its fault ends after the repair', async () => {
    const own = await table.another();
    const w = runControllerWorld(own, { nodes: 4, settings: testSettings({}, 2) });
    const now = () => new Date(w.clock.ms);
    const [broken = '', silent = ''] = w.ids;
    w.nodes.set(broken, { broken: true, latencyMs: 1000 });
    w.nodes.set(silent, { broken: false, latencyMs: Number.POSITIVE_INFINITY });
    await w.ask('r-check', 'check', w.ids);
    await w.pass(120, 2);
    expect(w.nodes.get(broken)?.broken).toBe(false);
    expect((await w.allRuns()).find(({ runId }) => runId === 'r-check')?.status).not.toBe('ended');
    await w.pass(1800);
    const runs = (await own.items('DAY#2026-08-22')).map((item) => rowOf(RunDigest, item));
    expect(runs.toSorted((a, b) => a.endedAt.localeCompare(b.endedAt)).at(-1)).toMatchObject({ runId: 'r-check' });
    const nodes = ofKind(await asked(own, now, { cluster: 'demo' }), 'node-status');
    expect(nodes.map(({ instanceId }) => instanceId)).toEqual([silent]);
  });

  it('shows a node that a check since could not reach, until one reaches it', async () => {
    const { status, w } = await worked();
    const [lost = ''] = w.ids;
    const facts = w.facts.get(lost) ?? expect.fail();
    await w.runReconcile('sweep');
    await w.pass(2000);
    w.facts.set(lost, { ...facts, ssm: { ...facts.ssm, pingStatus: 'ConnectionLost' } as typeof facts.ssm & object });
    await w.ask('r-lost', 'check', w.ids.slice(0, 3));
    await w.pass(300);
    const items = await status({ cluster: 'demo' });
    expect(ofKind(items, 'cluster')).toMatchObject([{ nodes: 8, broken: 0, unreachable: 1 }]);
    expect(ofKind(items, 'node-status')).toMatchObject([
      { instanceId: lost, outcome: 'Unreachable', runId: 'r-lost', message: expect.stringContaining('ConnectionLost') },
    ]);
    w.facts.set(lost, facts);
    await w.ask('r-found', 'check', w.ids.slice(0, 3));
    await w.pass(300);
    expect(ofKind(await status({ cluster: 'demo' }), 'node-status')).toEqual([]);
  });

  it('says which runs it has not read for nodes that got no command, and which of their results', async () => {
    const { status, own, w } = await worked();
    const endedAt = w.iso();
    const place = { cluster: 'demo', remediation: 'node-check', action: 'check' } as const;
    for (let n = 0; n < 21; n++) {
      const run = {
        runId: `r-${n}`,
        requestId: `r-${n}`,
        because: 'operator',
        createdAt: endedAt,
        end: 'Done',
      } as const;
      const digest = RunDigest.parse({ ...place, ...run, endedAt, counts: { Unreachable: 1 }, notes: [] });
      await own.put(digestItem(digest, 30));
    }
    await own.put({ pk: 'RESULT#r-20', sk: w.ids[0], outcome: 'Strange' });
    const [cluster] = ofKind(await status({ cluster: 'demo' }), 'cluster');
    expect(cluster?.unread).toEqual([
      expect.stringContaining('RESULT#r-20'),
      '1 run before the newest 20 with nodes that got no command',
    ]);
  });

  it('shows every cluster of the policy, and refuses any other with the list', async () => {
    const { status, own, now } = await worked();
    expect((await status()).map((item) => item.kind === 'cluster' && item.cluster)).toEqual([
      ...['demo', 'watched', 'careful'],
    ]);
    const refused = await report(auditQueryPorts(own, { now }), { query: 'status', cluster: 'shop' });
    expect(refusalIn(refused)).toMatchObject({ field: 'cluster', allowed: ['demo', 'watched', 'careful'] });
  });

  it('counts dead letters, and names a queue that cannot be read', async () => {
    const { own, now } = await worked();
    const letters = async () => [
      { queue: 'signals-dlq', count: 3 },
      { queue: 'rules-dlq', problem: 'SQS: AccessDenied' },
    ];
    const ports = auditQueryPorts(own, { now, letters });
    const { items } = accepted(await report(ports, { query: 'status', cluster: 'demo' }));
    const needs = ofKind(
      items.map((item) => StatusItem.parse(item)),
      'need',
    );
    expect(needs.map((need) => [need.need, need.message])).toEqual([
      ['DeadLetters', 'signals-dlq has 3 messages'],
      ['Unreadable', 'not everything could be read: SQS: AccessDenied'],
    ]);
  });
});
