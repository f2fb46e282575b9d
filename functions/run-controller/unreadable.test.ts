import { describe, expect, it } from 'vitest';
import { breakNodes, type World, worldsOfRunController } from '../../test/support/run-controller-scene.ts';
import { keys } from '../adapters/table/keys.ts';

const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';

const world = worldsOfRunController();
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

const LANE = 'demo/pause-image';
const told = (w: World) => w.telemetry.counts.UnreadableRow ?? 0;
/** Changes a stored row as no version of fleetmend does. */
const spoil = async (w: World, { pk, sk }: { pk: string; sk: string }, change: Record<string, unknown>) => {
  const item = (await w.table.items(pk)).find((row) => row.sk === sk) ?? expect.fail(`no row ${pk} / ${sk}`);
  await w.put({ ...item, ...change });
};
/** A world in which the first of two broken nodes is under repair. */
const underWay = async (latencyMs = 20_000): Promise<World & { readonly ids: readonly string[] }> => {
  const w = await world();
  breakNodes(w, w.ids.slice(0, 2), latencyMs);
  await w.ask('r-1', 'repair', w.ids.slice(0, 2));
  await w.deliver();
  expect(w.ssm.commands).toHaveLength(1);
  return w;
};

describe('a lane’s row', () => {
  it('that cannot be read is written again, and keeps its run', async () => {
    const w = await underWay();
    await spoil(w, keys.lane(LANE), { remediation: 7, registry: 'none' });
    await w.pass(180, 10);
    expect(w.failures).toEqual([]);
    expect(told(w)).toBe(1);
    expect(w.ids.slice(0, 2).map((id) => isBroken(w, id))).toEqual([false, false]);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Done' });
    const aside = (await w.table.items(`LANE#${LANE}`)).filter((row) => String(row.sk).startsWith('UNREADABLE#'));
    expect(aside).toMatchObject([{ remediation: 7 }]);
    expect(aside[0]).not.toHaveProperty('duePk');
  });

  it('that is lost forgets its run, which ends as Stuck; its nodes are repaired by the next', async () => {
    const w = await underWay();
    await w.clear(keys.lane(LANE));
    await w.pass(1500, 30);
    expect(w.failures).toEqual([]);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Stuck' });
    expect(w.ids.slice(0, 2).map((id) => isBroken(w, id))).toEqual([false, false]);
    expect([...w.ssm.sends('repair').values()]).toEqual([1, 1]);
  });
});

describe('a request that cannot be read, or is lost,', () => {
  it.each(['reason', 'everything', 'the list of its nodes'])('(%s) ends its run, with the reason', async (what) => {
    const w = await underWay();
    if (what === 'reason') await spoil(w, keys.request('r-1'), { because: 7 });
    else if (what === 'everything') await w.clear(keys.request('r-1'));
    else {
      await w.ask('r-2', 'repair', w.ids.slice(2, 4));
      await w.clear(keys.requestNodes('r-2', 0));
    }
    await w.pass(600, 30);
    const runId = what.startsWith('the list') ? 'r-2' : 'r-1';
    expect(await w.runs.get(runId)).toMatchObject({
      status: 'ended',
      end: what.startsWith('the') ? 'Stuck' : 'Cancelled',
    });
    if (runId === 'r-1') {
      expect((await w.resultsOf('r-1')).map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/its request (cannot be read|is not stored any more); ask again under a new id$/),
      );
    }
    expect(w.ssm.sends('repair').size).toBe(runId === 'r-2' ? 2 : 1);
  });
});

it('a pause that cannot be read is in force until it is set again', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  breakNodes(w, [id]);
  await w.put({ ...keys.pause('ALL'), scope: 'ALL', state: 'lifted' });
  await w.signal(id);
  await w.pass(120, 10);
  expect(w.failures).toEqual([]);
  expect(w.ssm.commands).toEqual([]);
  expect(told(w)).toBeGreaterThan(0);
  expect((await w.allRuns())[0]).toMatchObject({ stopped: { reason: 'Paused' } });
  const row = { scope: 'ALL', covers: 'everything', state: 'resumed', at: w.iso(), by: 'mei', reason: 'seen' } as const;
  await w.requests.setPause(row, 'p-1');
  await w.pass(180, 10);
  expect(isBroken(w, id)).toBe(false);
});

describe('an observation', () => {
  it('that is lost after the end of its command is written again from what SSM says', async () => {
    const w = await underWay();
    const { readObservations } = w.deps.runs;
    Object.assign(w.deps, {
      runs: { ...w.deps.runs, readObservations: async () => ({ understood: [], broken: [] }) },
    });
    await w.pass(30, 10);
    const [row = expect.fail()] = await w.runs.observations('r-1');
    await w.clear(keys.observation('r-1', row.key));
    Object.assign(w.deps, { runs: { ...w.deps.runs, readObservations } });
    await w.pass(900, 30);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Done' });
    expect((await w.resultsOf('r-1')).map(({ outcome }) => outcome)).toEqual(['Repaired', 'Repaired']);
  });

  it('that cannot be read is replaced by what SSM says', async () => {
    const w = await underWay();
    await w.put({ ...keys.observation('r-1', '1'), runId: 'r-1', key: '1', grade: 'high' });
    await w.pass(300, 10);
    expect(w.failures).toEqual([]);
    expect((await w.resultsOf('r-1')).map(({ outcome }) => outcome)).toEqual(['Repaired', 'Repaired']);
  });
});

it('a cluster whose row is lost has no free slot until every command has ended', async () => {
  const w = await underWay();
  await w.clear(keys.cluster('demo'));
  await w.pass(300, 10);
  expect(w.failures).toEqual([]);
  expect(told(w)).toBe(1);
  expect(w.ssm.commands).toHaveLength(1);
  await w.pass(1800, 30);
  expect(w.ids.slice(0, 2).map((id) => isBroken(w, id))).toEqual([false, false]);
});

it('a pending node that cannot be read is replaced by a new signal, and its row is put aside', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  breakNodes(w, [id]);
  await w.put({ ...keys.pendingNode(LANE, id), lane: LANE, reason: 7, version: 'v', requestIds: ['q-1'] });
  await w.signal(id);
  expect(await w.lanes.pendingNodes(LANE)).toMatchObject([{ instanceId: id, requestIds: ['q-1'] }]);
  await w.pass(60, 10);
  expect(isBroken(w, id)).toBe(false);
});

it('a command whose row cannot be read is asked about no more; its run ends its node, and asks for a check', async () => {
  const w = await underWay(Number.POSITIVE_INFINITY);
  const [id = ''] = w.ids;
  await spoil(w, keys.command(w.ssm.commands[0]?.id ?? ''), { sentAt: 'then' });
  await w.pass(600, 30);
  expect(w.failures).toEqual([]);
  expect(told(w)).toBeGreaterThan(0);
  await w.pass(1200, 30);
  expect((await w.resultsOf('r-1')).find((row) => row.instanceId === id)).toMatchObject({ reason: 'CommandLost' });
  expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended' });
});

it('a node whose state cannot be read is released by putting the row aside', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  const key = keys.nodeState(id, 'pause-image');
  await w.put({ ...key, instanceId: id, cluster: 'demo', remediation: 'pause-image', attempts: 'many' });
  const row = { event: 'released', instanceId: id, cluster: 'demo', remediation: 'pause-image' } as const;
  const by = { at: w.iso(), by: 'mei', reason: 'seen' };
  expect(await w.requests.release({ ...row, cluster: 'other', ...by }, 'e-0')).toBe('none');
  expect(await w.requests.release({ ...row, ...by }, 'e-1')).toBe('released');
  expect((await w.results.nodeStates([id], 'pause-image')).get(id)).toMatchObject({ attempts: {} });
});
