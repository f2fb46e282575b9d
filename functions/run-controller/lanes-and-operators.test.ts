import { describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { breakNodes, type World, worldsOfRunController } from '../../test/support/run-controller-scene.ts';
import { testSettings } from '../../test/support/settings.ts';
import { keys } from '../adapters/table/keys.ts';
import { Settings } from '../runtime/settings.ts';

const LANE = 'demo/pause-image';

const world = worldsOfRunController();
const ends = async (w: World) => (await w.allRuns()).map((r) => [r.status, r.stopped?.reason, countsOf(r)]);

describe("an operator's run", () => {
  it('takes precedence over the pending nodes', async () => {
    const w = await world();
    const [first = '', second = '', third = ''] = w.ids;
    breakNodes(w, [first, second, third], 2000);
    await w.signal(first);
    await w.ask('r-operator', 'repair', [second]);
    await w.pass(60);
    expect(w.ssm.commands.map((c) => c.invocations[0]?.instanceId)).toEqual([second, first]);
  });

  it('that waited long in its lane still has its full maximum duration', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id], 2000);
    await w.ask('r-operator', 'repair', [id]);
    w.clock.ms += 3_600_000;
    await w.pass(60);
    expect(await ends(w)).toEqual([['ended', undefined, { Repaired: 1 }]]);
  });

  it('is queued by scheduler if the request never reached the lane', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id], 2000);
    await w.ask('r-operator', 'repair', [id]);
    w.queue.length = 0;
    await w.clear(keys.lane(LANE));
    await w.clear(keys.queuedRun(LANE, w.iso(), 'r-operator'));
    await w.pass(180, 10);
    expect(await ends(w)).toEqual([['ended', undefined, { Repaired: 1 }]]);
  });

  it('for a whole cluster becomes runs of at most so many nodes, one after the other', async () => {
    const w = await world({ nodes: 150, settings: testSettings({ maxNodesPerRepairRun: 60 }) });
    breakNodes(w, w.ids, 4000);
    await w.ask('r-all', 'repair');
    await w.pass(300, 5);
    const runs = await w.allRuns();
    expect(runs.map((r) => [r.runId, r.status, countsOf(r)])).toEqual([
      ['r-all', 'ended', { Repaired: 60 }],
      ['r-all-2', 'ended', { Repaired: 60 }],
      ['r-all-3', 'ended', { Repaired: 30 }],
    ]);
    expect(Math.max(...w.ssm.sends('repair').values())).toBe(1);
  });

  it.each([
    ['a started repair ends by itself', false, { Cancelled: 3, Repaired: 1 }],
    ['by force, a started repair is cancelled too', true, { Cancelled: 3, Skipped: 1 }],
  ])('can be cancelled in flight: %s, and its unsent nodes are recorded', async (_, force, counts) => {
    const w = await world();
    const ids = w.ids.slice(0, 4);
    breakNodes(w, ids, 60_000);
    await w.ask('r-operator', 'repair', ids);
    await w.pass(5);
    await w.cancel('r-operator', force);
    w.queue.push({ kind: 'lane', lane: LANE });
    await w.pass(60);
    expect(w.ssm.cancelled).toEqual(force ? [w.ssm.commands[0]?.id] : []);
    expect(await ends(w)).toEqual([['ended', 'Cancelled', counts]]);
    expect((await w.lanes.get(LANE))?.activeRunId).toBeUndefined();
  });
});

describe('two lanes of a cluster', () => {
  const second = (): Settings => {
    const settings = testSettings();
    return Settings.parse({
      ...settings,
      documents: {
        ...settings.documents,
        'cni-files-repair': {
          ...settings.documents['pause-image-repair'],
          name: 'fleetmend-cni-files-repair-aaaaaaaaaaaa',
        },
      },
      remediations: [...settings.remediations, { name: 'cni-files', order: 4, disruptive: false, reasons: {} }],
    });
  };

  it('share the budget', async () => {
    const w = await world({ nodes: 30, settings: second() });
    breakNodes(w, w.ids, 20_000);
    for (const id of w.ids.slice(0, 8)) await w.signal(id, 'pause-image');
    for (const id of w.ids.slice(10, 18)) await w.signal(id, 'cni-files');
    let most = 0;
    for (let i = 0; i < 120; i++) {
      await w.pass(5);
      const open = w.ssm.commands.flatMap((c) => c.invocations).filter((inv) => inv.status === 'InProgress');
      most = Math.max(most, open.length);
    }
    expect(most).toBe(3);
    expect(w.ssm.sends('repair').size).toBe(16);
  });

  it('take turns if their repairs are disruptive', async () => {
    const base = testSettings();
    const both = Settings.parse({
      ...base,
      policy: {
        ...base.policy,
        clusters: [
          {
            name: 'demo',
            mode: 'repair',
            remediations: { 'cri-dockerd': { allowDisruptive: true }, kubelet: { allowDisruptive: true } },
          },
        ],
      },
      documents: {
        ...base.documents,
        'kubelet-repair': { ...base.documents['cri-dockerd-repair'], name: 'fleetmend-kubelet-repair-aaaaaaaaaaaa' },
      },
      remediations: [...base.remediations, { name: 'kubelet', order: 4, disruptive: true, reasons: {} }],
    });
    const w = await world({ settings: both });
    for (const id of w.ids.slice(0, 6)) w.nodes.set(id, { broken: false, latencyMs: 15_000 });
    for (const id of w.ids.slice(0, 3)) await w.signal(id, 'cri-dockerd');
    for (const id of w.ids.slice(3, 6)) await w.signal(id, 'kubelet');
    await w.pass(10);
    expect((await w.lanes.getCluster('demo')).disruptive?.lane).toBe('demo/cri-dockerd');
    expect(w.ssm.sends('').size).toBe(1);
    await w.pass(400);
    expect(w.ssm.sends('').size).toBe(6);
    expect((await w.lanes.getCluster('demo')).disruptive).toBeUndefined();
    const runs = await w.allRuns();
    const [a, b] = [runs[0], runs.find((r) => r.remediation === 'kubelet')];
    expect((b?.startedAt ?? '') >= (a?.endedAt ?? 'z')).toBe(true);
  });

  it('release the claim of a crashed run when no node is pending any more', async () => {
    const w = await world();
    await w.lanes.saveCluster({
      cluster: 'demo',
      version: 0,
      slots: {},
      disruptive: { lane: 'demo/cri-dockerd', runId: 'r-0' },
    });
    await w.signals.touchLane('demo', 'cri-dockerd', w.iso());
    w.queue.push({ kind: 'lane', lane: 'demo/cri-dockerd' });
    await w.deliver();
    expect(await w.lanes.getCluster('demo')).not.toHaveProperty('disruptive');
  });

  it('wait for each other only while nodes are pending in them', async () => {
    const w = await world();
    const lane = 'demo/cri-dockerd';
    await w.lanes.saveCluster({ cluster: 'demo', version: 0, slots: {}, waiting: [lane, 'demo/kubelet'] });
    await w.signals.touchLane('demo', 'cri-dockerd', w.iso());
    w.queue.push({ kind: 'lane', lane });
    await w.deliver();
    expect((await w.lanes.getCluster('demo')).waiting).toEqual(['demo/kubelet']);
  });

  it('start nothing disruptive while the node group updates', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    const facts = w.facts.get(id);
    if (facts !== undefined) w.facts.set(id, { ...facts, nodegroup: 'blue' });
    w.nodegroupStatus.status = 'UPDATING';
    await w.signal(id, 'cri-dockerd');
    await w.pass(120, 10);
    expect(w.ssm.commands).toEqual([]);
    expect(await ends(w)).toEqual([['ended', undefined, { Maintenance: 1 }]]);
  });
});
