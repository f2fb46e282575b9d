import { describe, expect, it } from 'vitest';
import { breakNodes, type World, worldsOfRunController } from '../../test/support/run-controller-scene.ts';

const LANE = 'demo/pause-image';
const MESSAGE = 'this version of fleetmend has no remediation pause-image';

const world = worldsOfRunController();

/** Deploys a version without the remediation and its documents. */
const remove = (w: World): void => {
  const { settings } = w;
  const documents = Object.entries(settings.documents).filter(([key]) => !key.startsWith('pause-image'));
  const remediations = settings.remediations.filter(({ name }) => name !== 'pause-image');
  Object.assign(w.deps, { settings: { ...settings, remediations, documents: Object.fromEntries(documents) } });
};

const notAllowed = { outcome: 'Skipped', skipReason: 'NotAllowed', message: expect.stringContaining(MESSAGE) };

describe('a remediation that this version does not have', () => {
  it('has its waiting rows settled, each with the reason, and asks for no check', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.signal(id);
    remove(w);
    await w.pass(60);
    const [run] = await w.allRuns();
    expect(run).toMatchObject({ status: 'ended', settled: { NotAllowed: 1 } });
    expect(await w.resultsOf(run?.runId ?? '')).toMatchObject([{ instanceId: id, ...notAllowed }]);
    expect(w.ssm.commands).toEqual([]);
    expect(w.failures).toEqual([]);
    await w.pass(7200, 300);
    expect(await w.lanes.pendingNodes(LANE)).toEqual([]);
  });

  it('has its queued runs settled, each node with the reason', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 3);
    breakNodes(w, ids);
    await w.ask('r-1', 'repair', ids);
    remove(w);
    await w.pass(60);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', settled: { NotAllowed: 3 } });
    expect(await w.resultsOf('r-1')).toMatchObject(ids.map((instanceId) => ({ instanceId, ...notAllowed })));
    expect(await w.lanes.queuedRuns(LANE)).toEqual([]);
    expect(w.ssm.commands).toEqual([]);
    expect(w.failures).toEqual([]);
  });

  it('sends nothing more from its active run, which reads what it has sent and ends', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 3);
    breakNodes(w, ids, 30_000);
    await w.ask('r-1', 'repair', ids);
    await w.deliver();
    expect(w.ssm.sends('repair').size).toBe(1);
    remove(w);
    await w.pass(120);
    const run = await w.runs.get('r-1');
    expect(run).toMatchObject({ status: 'ended', end: 'Stopped', stopped: { reason: 'NotAllowed' } });
    expect(run?.settled).toEqual({ NotAllowed: 2 });
    const sent = [...w.ssm.sends('repair').keys()];
    const results = await w.resultsOf('r-1');
    expect(results.filter((r) => sent.includes(r.instanceId))).toMatchObject([{ outcome: 'Repaired' }]);
    expect(results.filter((r) => !sent.includes(r.instanceId))).toMatchObject([notAllowed, notAllowed]);
    expect(await w.lanes.get(LANE)).not.toHaveProperty('activeRunId');
    expect((await w.lanes.getCluster('demo')).slots).toEqual({});
    expect(w.failures).toEqual([]);
  });
});
