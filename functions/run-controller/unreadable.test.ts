import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';

const world = async (options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> =>
  runControllerWorld(await table.another(), options);
const breakNodes = (w: World, ids: readonly string[], latencyMs = 8000): void => {
  for (const id of ids) w.nodes.set(id, { broken: true, latencyMs });
};
const isBroken = (w: World, id: string): boolean | undefined => w.nodes.get(id)?.broken;

describe('experience with a document that cannot be read', () => {
  it('is put aside and replaced by an open breaker, after which the lane repairs again', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.put({ ...keys.trust(DOCUMENT, 'demo'), document: DOCUMENT, cluster: 'demo', version: 7, results: 'none' });
    await w.signal(id);
    await w.pass(120, 10);
    expect(w.failures).toEqual([]);
    const items = await w.table.items(`TRUST#${DOCUMENT}`);
    expect(items.filter((item) => item.results === 'none')).toMatchObject([
      { sk: expect.stringMatching('^UNREADABLE#CLUSTER#demo#') },
    ]);
    expect(await w.trust.read(DOCUMENT, 'demo')).toMatchObject({ row: { results: [], breaker: { openings: 1 } } });
    expect(await w.trust.trippedElsewhere(DOCUMENT, 'watched', w.iso())).toBe(1);
    expect(w.telemetry.counts.UnreadableRow).toBe(1);
    expect(w.notices.filter((n) => n.detailType === 'Breaker Opened')).toMatchObject([
      { detail: { document: DOCUMENT, cluster: 'demo' } },
    ]);
    expect(w.ssm.commands).toEqual([]);
    await w.pass(1200, 30);
    expect(isBroken(w, id)).toBe(false);
  });

  it('is replaced also where the bus refuses the notice', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    const { put } = w.deps.bus;
    Object.assign(w.deps, {
      bus: {
        put: async (...[events]: Parameters<typeof put>) => {
          if (events.some((event) => event.detailType === 'Breaker Opened')) throw new Error('no');
          await put(events);
        },
      },
    });
    await w.put({ ...keys.trust(DOCUMENT, 'demo'), document: DOCUMENT });
    await w.signal(id);
    await w.pass(1200, 30);
    expect(w.failures).toEqual([]);
    expect(isBroken(w, id)).toBe(false);
  });
});

describe('a cluster’s row that cannot be read', () => {
  it('is put aside; its readable slots stay, and nothing is sent until every command has ended', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    const held = { lane: 'demo/cri-dockerd', count: 1, until: w.iso(7200), runVersion: 1 };
    const slots = { 'r-held': held, 'r-bad': { ...held, count: 'two' } };
    await w.put({ ...keys.cluster('demo'), cluster: 'demo', version: 3, slots });
    await w.signal(id);
    await w.pass(300, 10);
    expect(w.failures).toEqual([]);
    expect(w.ssm.commands).toEqual([]);
    const cluster = await w.lanes.getCluster('demo');
    expect(cluster.slots).toMatchObject({ 'r-held': { count: 1 }, unreadable: { count: 50 } });
    expect(cluster.slots).not.toHaveProperty('r-bad');
    expect(w.telemetry.counts.UnreadableRow).toBe(1);
    const aside = (await w.table.items('CLUSTER#demo')).filter((item) => item.sk !== 'STATE');
    expect(aside).toMatchObject([{ sk: expect.stringMatching('^UNREADABLE#STATE#'), slots }]);
    await w.pass(1800, 30);
    expect(isBroken(w, id)).toBe(false);
  });
});
