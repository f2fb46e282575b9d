import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewPendingNode } from '../../../core/signals/route.ts';
import { LaneState } from '../../../core/state/lane-state.ts';
import { PendingNode } from '../../../core/state/pending-node.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { createDueStore } from './due-store.ts';
import { rowOf } from './items.ts';
import { keys } from './keys.ts';
import { createLaneCalls } from './lane-calls.ts';
import { createLaneStore } from './lane-store.ts';
import { createSignalStore, type SignalStore } from './signal-store.ts';

let table: TestTable;
let store: SignalStore;
let ids = 0;
beforeAll(async () => {
  table = await startWireTable();
  store = createSignalStore({ ...table, newId: () => `v${++ids}` });
});
afterAll(() => table.stop());

const aNode = (lane: string, over: Partial<NewPendingNode> = {}): NewPendingNode => ({
  lane,
  cluster: 'demo',
  instanceId: 'i-0123456789abcdef0',
  reason: 'SandboxImageMissing',
  firstSeenAt: '2026-08-22T10:00:00.000Z',
  lastSeenAt: '2026-08-22T10:00:10.000Z',
  signals: 2,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  ...over,
});
const rows = async (lane: string) =>
  (await table.items(`LANE#${lane}`)).filter((i) => String(i.sk).startsWith('NODE#')).map((i) => rowOf(PendingNode, i));

describe('addPending', () => {
  it('adds a row, and does not change it for the same signal', async () => {
    expect(await store.addPending(aNode('demo/a'))).toBe('added');
    const [first] = await rows('demo/a');
    for (let i = 0; i < 20; i++) expect(await store.addPending(aNode('demo/a'))).toBe('unchanged');
    expect(await rows('demo/a')).toEqual([first]);
  });

  it('extends the times, counts, and sets a new version for a newer signal', async () => {
    await store.addPending(aNode('demo/b'));
    const [before] = await rows('demo/b');
    await store.addPending(
      aNode('demo/b', { firstSeenAt: '2026-08-22T10:00:05.000Z', lastSeenAt: '2026-08-22T10:01:00.000Z', signals: 3 }),
    );
    const [after] = await rows('demo/b');
    expect(after).toMatchObject({
      firstSeenAt: '2026-08-22T10:00:00.000Z',
      lastSeenAt: '2026-08-22T10:01:00.000Z',
      signals: 5,
    });
    expect(after?.version).not.toBe(before?.version);
  });

  it("keeps the planner's notBefore and decision", async () => {
    await store.addPending(aNode('demo/c'));
    const [row] = await rows('demo/c');
    const decided = {
      notBefore: '2026-08-22T10:15:00.000Z',
      skipped: 'CoolingDown',
      decidedAt: '2026-08-22T10:00:11.000Z',
    };
    const key = keys.pendingNode('demo/c', 'i-0123456789abcdef0');
    await table.put({ ...key, ...row, ...decided });
    await store.addPending(aNode('demo/c', { lastSeenAt: '2026-08-22T10:02:00.000Z' }));
    expect(await rows('demo/c')).toMatchObject([{ notBefore: '2026-08-22T10:15:00.000Z', skipped: 'CoolingDown' }]);
  });

  it('loses no signal when many writers update one row', async () => {
    const at = (s: number) => `2026-08-22T10:00:${String(s).padStart(2, '0')}.000Z`;
    await Promise.all(
      [10, 11, 12, 13].map((s) =>
        store.addPending(aNode('demo/d', { firstSeenAt: at(s), lastSeenAt: at(s), signals: 1 })),
      ),
    );
    expect(await rows('demo/d')).toMatchObject([{ firstSeenAt: at(10), lastSeenAt: at(13) }]);
  });
});

describe('rows that were read together', () => {
  it('are merged as those that are read one by one, also where another writer came after the read', async () => {
    const later = { firstSeenAt: '2026-08-22T10:02:00.000Z', lastSeenAt: '2026-08-22T10:02:00.000Z', signals: 1 };
    const ids = ['i-0000000000000000a', 'i-0000000000000000b', 'i-0000000000000000c'];
    const [known = '', changed = '', spoiled = ''] = ids;
    for (const instanceId of [known, changed]) await store.addPending(aNode('demo/e', { instanceId }));
    await table.put({ ...keys.pendingNode('demo/e', spoiled), version: 7 });
    const nodes = [...ids, 'i-0000000000000000d'].map((instanceId) => aNode('demo/e', { instanceId, ...later }));
    const read = await store.readRows(nodes);
    const between = { firstSeenAt: '2026-08-22T10:01:00.000Z', lastSeenAt: '2026-08-22T10:01:00.000Z', signals: 4 };
    await store.addPending(aNode('demo/e', { instanceId: changed, ...between }));
    const answers: string[] = [];
    for (const node of [...nodes, ...nodes]) answers.push(await store.addPending(node, { rows: read }));
    expect(answers.slice(0, 4)).toEqual(['merged', 'merged', 'replaced', 'added']);
    expect(answers.slice(4)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged']);
    expect((await rows('demo/e')).map(({ signals }) => signals)).toEqual([3, 7, 1, 1]);
  });
});

describe('touchLane', () => {
  it('makes a lane that the lane store and the due store can read', async () => {
    expect(await store.touchLane('demo', 'pause-image', '2026-08-22T10:00:00.000Z')).toBe('demo/pause-image');
    const lanes = createLaneStore(table);
    const lane = await lanes.get('demo/pause-image');
    expect(lane).toEqual(
      LaneState.parse({
        lane: 'demo/pause-image',
        cluster: 'demo',
        remediation: 'pause-image',
        version: 0,
        news: 1,
        dueAt: '2026-08-22T10:00:00.000Z',
      }),
    );
    const due = await createDueStore(table).due('2026-08-22T10:00:00.000Z');
    expect(due).toContainEqual(
      expect.objectContaining({ kind: 'wake', wake: { kind: 'lane', lane: 'demo/pause-image' } }),
    );
    if (lane !== undefined) expect((await lanes.save(lane)).version).toBe(1);
  });

  it('only moves the due time forward, and does not change the rest of the lane', async () => {
    const lanes = createLaneStore(table);
    await lanes.save({
      lane: 'demo/x',
      cluster: 'demo',
      remediation: 'x',
      version: 0,
      activeRunId: 'r-1',
      dueAt: '2026-08-22T11:00:00.000Z',
    });
    await store.touchLane('demo', 'x', '2026-08-22T10:30:00.000Z');
    await store.touchLane('demo', 'x', '2026-08-22T10:45:00.000Z');
    expect(await lanes.get('demo/x')).toMatchObject({
      version: 1,
      activeRunId: 'r-1',
      dueAt: '2026-08-22T10:30:00.000Z',
    });
  });
});

describe("a lane's row that cannot be read", () => {
  const whole = { lane: 'demo/y', cluster: 'demo', remediation: 'y', version: 7, news: 3 };
  const spoiledRows = [
    ...(['lane', 'cluster', 'remediation', 'version'] as const).map((field) => {
      const { [field]: gone, ...rest } = whole;
      return [`without its ${field}`, rest] as const;
    }),
    ['with another type of its time', { ...whole, dueAt: 7 }] as const,
  ];

  it.each(spoiledRows)(
    '%s is called and due, and is not completed: run-controller reads it so, and reports it',
    async (_, row) => {
      const key = keys.lane('demo/y');
      const [now, stale] = ['2026-08-22T10:30:00.000Z', '2026-08-22T10:28:00.000Z'];
      const touches = [
        () => createLaneCalls(table).callLane('demo/y', now, stale),
        () => store.touchLane('demo', 'y', now),
      ];
      for (const touch of touches) {
        await table.put({ ...key, ...row });
        expect(await touch()).toBeTruthy();
        const due = await createDueStore(table).due(now);
        expect(due.map((one) => (one.kind === 'wake' && one.wake.kind === 'lane' ? one.wake.lane : ''))).toContain(
          'demo/y',
        );
        for (const field of ['lane', 'cluster', 'remediation', 'version'] as const)
          expect((await table.items(key.pk)).find(({ sk }) => sk === key.sk)?.[field]).toEqual(
            Object.entries(row).find(([name]) => name === field)?.[1],
          );
      }
    },
  );
});
