import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OutboxEntry } from '../../core/state/outbox-entry.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { aRun, node } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { flushOutbox, performEntries } from './outbox.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

it('an outbox that is performed twice changes the table once, and sends its notices under one id', async () => {
  const w = runControllerWorld(await table.another());
  const rows = () => w.table.scan();
  for (const n of [1, 2, 3]) await w.signal(node(n));
  const [first, second] = await w.lanes.pendingNodes('demo/pause-image');
  const entries: OutboxEntry[] = [
    {
      kind: 'results',
      outcome: 'Skipped',
      skipReason: 'Gone',
      message: 'm',
      at: w.iso(),
      instanceIds: [node(1), node(2)],
    },
    {
      kind: 'enqueue',
      lane: 'demo/node-check',
      reason: 'CommandLost',
      source: 'fleetmend.run',
      because: { kind: 'finding' },
      nodes: [[node(1), w.iso()]],
    },
    { kind: 'drop', lane: 'demo/pause-image', rows: [[node(1), first?.version ?? '']] },
    {
      kind: 'defer',
      lane: 'demo/pause-image',
      rows: [[node(2), second?.version ?? '']],
      notBefore: w.iso(60),
      skipReason: 'CoolingDown',
      decidedAt: w.iso(),
    },
    { kind: 'cancel', commandId: 'c-1' },
    { kind: 'notice', id: 'r-1/ended', detailType: 'Run Ended', detail: { runId: 'r-1' } },
  ];
  w.queue.length = 0;
  await performEntries(w.deps, aRun(0), entries);
  const once = await rows();
  expect(await w.resultsOf('r-1')).toHaveLength(2);
  expect((await w.lanes.pendingNodes('demo/pause-image')).map((r) => [r.instanceId, r.skipped])).toEqual([
    [node(2), 'CoolingDown'],
    [node(3), undefined],
  ]);
  expect(w.queue).toEqual([{ kind: 'lane', lane: 'demo/node-check' }]);
  await performEntries(w.deps, aRun(0), entries);
  // The lane is touched again: only the mark by which run-controller sees that differs.
  const withoutNews = (all: Awaited<ReturnType<typeof rows>>) => all.map(({ news, ...row }) => row);
  expect(withoutNews(await rows())).toEqual(withoutNews(once));
  expect(new Set(w.notices.map((n) => n.detail.id))).toEqual(new Set(['r-1/ended']));
});

it('a notice that the bus refuses stays, is tried again a minute apart, and is given up after five tries', async () => {
  const w = runControllerWorld(await table.another());
  const refused = new Error('AccessDenied');
  Object.assign(w.deps.bus, { put: () => Promise.reject(refused) });
  let run = aRun(0, { outbox: [{ kind: 'notice', id: 'r-1/ended', detailType: 'Run Ended', detail: {} }] });
  for (const tries of [1, 2, 3, 4]) {
    run = { ...run, outbox: [...(await flushOutbox(w.deps, run))] };
    expect(run.outbox).toMatchObject([{ kind: 'notice', tries, notBefore: w.iso(60) }]);
    expect(await flushOutbox(w.deps, run)).toEqual(run.outbox);
    w.clock.ms += 60_000;
  }
  expect(await flushOutbox(w.deps, run)).toEqual([]);
  expect(w.telemetry.counts.NoticeGivenUp).toBe(1);
});

it('a check that was handed over puts no row off again, and refuses no write of one', async () => {
  const own = await table.another();
  const w = runControllerWorld(own);
  for (const n of [1, 2, 3]) await w.signal(node(n), 'node-check');
  const rows = await w.lanes.pendingNodes('demo/node-check');
  const defer: OutboxEntry = {
    kind: 'defer',
    lane: 'demo/node-check',
    rows: rows.map(({ instanceId, version }) => [instanceId, version]),
    notBefore: w.iso(60),
    decidedAt: w.iso(),
  };
  const run: RunState = { ...aRun(0), action: 'check', outbox: [defer] };
  await performEntries(w.deps, run, [defer]);
  const put = await w.lanes.pendingNodes('demo/node-check');
  const written: string[] = [];
  const lanes = {
    ...w.deps.lanes,
    defer: async ({ instanceId }: { readonly instanceId: string }) => void written.push(instanceId),
  };
  await flushOutbox({ ...w.deps, lanes }, run);
  expect([written, put.map(({ notBefore }) => notBefore)]).toEqual([[], [w.iso(60), w.iso(60), w.iso(60)]]);
  // What the run did not do before, a crash for instance, is done now, also to a row that cannot be read.
  const [again, changed, spoiled] = put;
  await own.put({ pk: 'LANE#demo/node-check', sk: `NODE#${spoiled?.instanceId}`, ...spoiled, signals: 'many' });
  const now = put.map(({ instanceId, version }): [string, string] => [instanceId, version]);
  const late = {
    ...run,
    outbox: [{ ...defer, rows: now.map(([id, v]): [string, string] => [id, id === changed?.instanceId ? 'v' : v]) }],
  };
  await flushOutbox({ ...w.deps, lanes }, late);
  expect(written).toEqual([again?.instanceId, spoiled?.instanceId]);
});
