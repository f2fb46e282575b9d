import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newLane } from '../../../core/runs/lane.ts';
import { at, node, nodes, START } from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { VersionConflictError } from './items.ts';
import { createLaneStore, type LaneStore } from './lane-store.ts';
import { createSignalStore, type SignalStore } from './signal-store.ts';

let table: TestTable;
let store: LaneStore;
let signals: SignalStore;
let ids = 0;
beforeAll(async () => {
  table = await startWireTable();
  store = createLaneStore(table);
  signals = createSignalStore({ ...table, newId: () => `v${++ids}` });
});
afterAll(() => table.stop());

const report = (lane: string, instanceId: string, seenAt = START) =>
  signals.addPending({
    lane,
    cluster: 'demo',
    instanceId,
    reason: 'SandboxImageMissing',
    image: 'x'.repeat(300),
    firstSeenAt: seenAt,
    lastSeenAt: seenAt,
    signals: 1,
    source: 'fleetmend.logs',
    because: { kind: 'log' },
  });
const onlyRow = async (lane: string) => (await store.pendingNodes(lane))[0] ?? expect.fail('there is no row');

describe('a lane', () => {
  it('is created by the first writer, and then updated only by its version', async () => {
    expect(await store.get('demo/a')).toBeUndefined();
    const first = await store.save({ ...newLane('demo/a'), dueAt: START });
    expect(first.version).toBe(1);
    await expect(store.save(newLane('demo/a'))).rejects.toBeInstanceOf(VersionConflictError);
    const second = await store.save({ ...first, activeRunId: 'r-1' });
    await expect(store.save({ ...first, activeRunId: 'r-2' })).rejects.toBeInstanceOf(VersionConflictError);
    expect(await store.get('demo/a')).toEqual(second);
  });

  it('that a signal touched is saved like any other', async () => {
    await signals.touchLane('demo', 'b', START);
    const lane = (await store.get('demo/b')) ?? expect.fail();
    expect((await store.save({ ...lane, activeRunId: 'r-1' })).version).toBe(1);
    await signals.touchLane('demo', 'b', at(-5));
    expect(await store.get('demo/b')).toMatchObject({ version: 1, activeRunId: 'r-1', dueAt: at(-5) });
  });

  it('that is not due any more leaves the index', async () => {
    const lane = await store.save({ ...newLane('demo/c'), dueAt: START });
    const { dueAt, ...rest } = lane;
    await store.save(rest);
    expect((await table.items('LANE#demo/c'))[0]).not.toHaveProperty('duePk');
  });

  it('that is not stored is not created by marking its wake as received', async () => {
    await store.answerCall('demo/nowhere');
    expect(await table.items('LANE#demo/nowhere')).toEqual([]);
  });
});

describe('the pending nodes of a lane', () => {
  it('is read whole, over many pages, and holds its own rows only', async () => {
    for (const id of nodes(30)) await report('demo/d', id);
    await store.queueRun('demo/d', START, 'r-1');
    await store.save(newLane('demo/d'));
    await report('demo/dd', node(1));
    const rows = await store.pendingNodes('demo/d');
    expect(rows.map((r) => r.instanceId)).toEqual(nodes(30));
    let pages = 0;
    const paged = createLaneStore({
      ...table,
      client: {
        send: (async (command: { input: object; constructor: { name: string } }) => {
          if (command.constructor.name === 'QueryCommand') {
            pages++;
            Object.assign(command.input, { Limit: 7 });
          }
          return await table.client.send(command as never);
        }) as typeof table.client.send,
      },
    });
    expect(await paged.pendingNodes('demo/d')).toEqual(rows);
    expect(pages).toBe(5);
  });

  it('drops a row that has not changed, and leaves one that has', async () => {
    await report('demo/e', node(1));
    const { version } = await onlyRow('demo/e');
    await report('demo/e', node(1), at(10));
    await store.drop({ lane: 'demo/e', instanceId: node(1), version });
    const changed = await onlyRow('demo/e');
    expect(changed.lastSeenAt).toBe(at(10));
    await store.drop({ lane: 'demo/e', instanceId: node(1), version: changed.version });
    await store.drop({ lane: 'demo/e', instanceId: node(1), version: changed.version });
    expect(await store.pendingNodes('demo/e')).toEqual([]);
  });

  it('keeps a row for later with the reason, drops an older reason, and does neither to a row that has changed', async () => {
    await report('demo/f', node(1));
    const { version } = await onlyRow('demo/f');
    const row = { lane: 'demo/f', instanceId: node(1), version };
    await store.defer({ ...row, notBefore: at(60), skipReason: 'CoolingDown', decidedAt: at(1) });
    expect(await onlyRow('demo/f')).toMatchObject({
      notBefore: at(60),
      skipped: 'CoolingDown',
      decidedAt: at(1),
      version: `${version}~1`,
    });
    // News that was merged from a read before the deferral must not undo it, so the version has changed.
    await store.defer({ ...row, notBefore: at(80), decidedAt: at(2) });
    expect((await onlyRow('demo/f')).notBefore).toBe(at(60));
    await store.defer({ ...row, version: `${version}~1`, notBefore: at(90), decidedAt: at(2) });
    expect(await onlyRow('demo/f')).toMatchObject({ version: `${version}~2`, notBefore: at(90) });
    expect(await onlyRow('demo/f')).not.toHaveProperty('skipped');
    await report('demo/f', node(1), at(10));
    await store.defer({ ...row, version: `${version}~2`, notBefore: at(900), decidedAt: at(3) });
    expect((await onlyRow('demo/f')).notBefore).toBe(at(90));
    await store.defer({ ...row, instanceId: node(2), notBefore: at(900), decidedAt: at(3) });
    expect(await store.pendingNodes('demo/f')).toHaveLength(1);
  });
});

it("operators' runs are queued in the order of their requests, each once", async () => {
  await store.queueRun('demo/g', at(2), 'r-b');
  await store.queueRun('demo/g', at(1), 'r-z');
  await store.queueRun('demo/g', at(2), 'r-b');
  const line = await store.queuedRuns('demo/g');
  expect(line.map((q) => q.runId)).toEqual(['r-z', 'r-b']);
  await store.removeQueuedRun('demo/g', line[0]?.sortKey ?? '');
  expect((await store.queuedRuns('demo/g')).map((q) => q.runId)).toEqual(['r-b']);
});

it('the shared state of the lanes of a cluster has one writer at a time', async () => {
  const empty = await store.getCluster('shared');
  const entry = { lane: 'shared/a', count: 3, until: '2026-08-22T10:00:00.000Z', runVersion: 1 };
  expect(empty).toEqual({ cluster: 'shared', version: 0, slots: {} });
  await store.saveCluster({ ...empty, slots: { 'r-1': entry } });
  await expect(store.saveCluster({ ...empty, slots: { 'r-2': entry } })).rejects.toBeInstanceOf(VersionConflictError);
  expect(await store.getCluster('shared')).toMatchObject({ version: 1, slots: { 'r-1': entry } });
});
