import { describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import { breakNodes, worldsOfRunController } from '../../test/support/run-controller-scene.ts';
import { healthyFacts, instanceIds } from '../../test/support/run-controller-world.ts';
import { parseWake } from './wake-message.ts';

const world = worldsOfRunController();
const MAX_ITEM_BYTES = 400_000;

describe('a check run', () => {
  it('of a whole cluster is split into runs of 1,000 nodes, each of commands of 50', async () => {
    const w = await world({ nodes: 2300 });
    await w.ask('r-all', 'check');
    await w.pass(60);
    const runs = await w.allRuns();
    expect(runs.map((r) => [r.runId, r.status, countsOf(r), r.commands.length])).toEqual([
      ['r-all', 'ended', { Healthy: 1000 }, 20],
      ['r-all-2', 'ended', { Healthy: 1000 }, 20],
      ['r-all-3', 'ended', { Healthy: 300 }, 6],
    ]);
    expect(w.ssm.sends('node-check').size).toBe(2300);
    expect(w.ssm.commands).toHaveLength(46);
  });

  it('enqueues its findings only in the lane that the policy allows to repair', async () => {
    const w = await world();
    breakNodes(w, w.ids.slice(0, 4), 4000);
    await w.ask('r-check', 'check', w.ids.slice(0, 6));
    await w.pass(120);
    const runs = await w.allRuns();
    expect(runs.map((r) => [r.remediation, countsOf(r)])).toEqual([
      ['node-check', { Broken: 4, Healthy: 2 }],
      ['pause-image', { Repaired: 4 }],
    ]);
    expect(await w.lanes.pendingNodes('demo/pause-image')).toEqual([]);
  });

  it('gives its findings the times of the node, so that a late read is no relapse', async () => {
    const w = await world();
    const [quick = '', slow = ''] = w.ids;
    breakNodes(w, [quick, slow], 4000);
    const slowNode = w.nodes.get(slow);
    if (slowNode !== undefined) slowNode.latencyMs = 75_000;
    await w.ask('r-check', 'check', [quick, slow]);
    await w.pass(1200, 10);
    expect((await w.results.nodeStates([quick], 'pause-image')).get(quick)?.attempts).toSatisfy(
      (attempts: Record<string, { outcome: string }>) =>
        Object.values(attempts).every((a) => a.outcome === 'Repaired') && Object.keys(attempts).length === 1,
    );
    expect([...w.ssm.sends('repair').values()]).toEqual([1, 1]);
    const outcomes = (await w.resultsOf('r-check')).map((r) => [r.instanceId, r.outcome]);
    expect(outcomes.toSorted()).toEqual([
      [quick, 'Broken'],
      [slow, 'Broken'],
    ]);
    expect((await w.runs.get('r-check'))?.status).toBe('ended');
    expect(countsOf((await w.allRuns())[0] ?? expect.fail())).toEqual({ Broken: 2 });
  });

  it('of a thousand nodes that cannot be checked still fits into one item', async () => {
    const w = await world({ nodes: 1000 });
    for (const id of w.ids) {
      const { ssm, ...unmanaged } = healthyFacts(id);
      w.facts.set(id, unmanaged);
    }
    let largest = 0;
    const { commit } = w.deps.commits;
    const deps = {
      commits: {
        commit: async (...args: Parameters<typeof commit>) => {
          largest = Math.max(largest, JSON.stringify(args[0].run?.after ?? {}).length);
          return await commit(...args);
        },
      },
    };
    Object.assign(w.deps, deps);
    await w.ask('r-all', 'check');
    await w.pass(30);
    expect(largest).toBeGreaterThan(20_000);
    expect(largest).toBeLessThan(MAX_ITEM_BYTES);
    expect(countsOf((await w.allRuns())[0] ?? expect.fail())).toEqual({ NotManaged: 1000 });
    expect(await w.resultsOf('r-all')).toHaveLength(1000);
  });

  it('of a thousand broken nodes still fits into one item', async () => {
    const w = await world({ nodes: 1000 });
    breakNodes(w, w.ids, 4000);
    await w.ask('r-all', 'check');
    await w.deliver();
    w.clock.ms += 20_000;
    for (const command of w.ssm.endedSince()) await w.track(command.id, command.documentName);
    await w.deliver();
    expect(w.failures).toEqual([]);
    expect(countsOf((await w.runs.get('r-all')) ?? expect.fail())).toEqual({ Broken: 1000 });
  });

  it('does not act on a cluster that the policy no longer lists', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    await w.signal(id, 'node-check');
    const settings = { ...w.settings, policy: { ...w.settings.policy, clusters: [] } };
    Object.assign(w.deps, { settings });
    await w.pass(30);
    expect(w.ssm.commands).toEqual([]);
  });

  it('that is cancelled sends no more commands, and records its unsent nodes', async () => {
    const w = await world();
    w.ssm.faults.push(...Array(8).fill('throttled'));
    await w.ask('r-check', 'check', w.ids.slice(0, 2));
    await w.deliver();
    await w.cancel('r-check');
    await w.pass(60);
    expect(w.ssm.commands).toEqual([]);
    expect((await w.allRuns()).map((r) => [r.status, countsOf(r)])).toEqual([['ended', { Cancelled: 2 }]]);
  });
});

describe("the cluster's check lane", () => {
  it('hands its nodes to a run, and checks a node with repeated symptoms once in five minutes', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    for (let i = 0; i < 24; i++) {
      await w.signal(id, 'node-check');
      await w.pass(10, 10);
    }
    expect(w.ssm.sends('node-check')).toEqual(new Map([[id, 1]]));
    await w.pass(120, 10);
    expect(w.ssm.sends('node-check')).toEqual(new Map([[id, 2]]));
    await w.pass(600, 30);
    expect(w.ssm.sends('node-check')).toEqual(new Map([[id, 2]]));
    expect(await w.lanes.pendingNodes('demo/node-check')).toEqual([]);
    expect((await w.lanes.get('demo/node-check'))?.dueAt).toBeUndefined();
  });

  it('ends a run whose nodes are all skipped', async () => {
    const w = await world();
    for (const id of w.ids.slice(0, 3)) {
      w.facts.delete(id);
      await w.signal(id, 'node-check');
    }
    await w.pass(20);
    expect((await w.allRuns()).map((r) => [r.status, countsOf(r)])).toEqual([['ended', { Gone: 3 }]]);
    expect(await w.resultsOf((await w.allRuns())[0]?.runId ?? '')).toHaveLength(3);
  });

  it('requests no second check of a node whose tag is `observe`', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id], 4000);
    w.facts.set(id, { ...healthyFacts(id), modeTag: 'observe' });
    await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
    await w.pass(3600, 30);
    expect(w.ssm.sends('node-check')).toEqual(new Map([[id, 1]]));
    expect(w.ssm.sends('repair').size).toBe(0);
    expect((await w.allRuns()).map((r) => countsOf(r))).toEqual([{ OptedOut: 1 }, { Broken: 1 }, { OptedOut: 1 }]);
  });
});

describe('a wake', () => {
  it('is ignored if it is invalid or its run is not stored', async () => {
    const w = await world();
    w.queue.push({ kind: 'run', runId: 'r-nobody' }, { kind: 'lane', lane: 'demo/pause-image' });
    w.queue.push({ kind: 'lane', lane: 'nonsense' });
    await w.deliver();
    expect(w.failures).toEqual([]);
    expect(await w.lanes.get('nonsense')).toBeUndefined();
    expect(() => parseWake({ kind: 'lane' })).toThrow(/reading the wake: field lane/);
    expect(() => parseWake({ kind: 'lane', lane: '../RESULT#x' })).toThrow(/reading the wake: field lane/);
    expect(parseWake({ kind: 'run', runId: 'r' })).toEqual({ kind: 'run', runId: 'r' });
  });

  it('for the run of a lane changes nothing, because only the lane may advance it', async () => {
    const w = await world();
    await w.ask('r-operator', 'repair', instanceIds(1));
    w.queue.length = 0;
    w.queue.push({ kind: 'run', runId: 'r-operator' });
    await w.deliver();
    expect(w.failures).toEqual([]);
    expect(w.ssm.commands).toEqual([]);
    expect(await w.runs.get('r-operator')).toMatchObject({ status: 'queued' });
  });
});
