import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isoTime } from '../../core/model/ids.ts';
import { countsOf } from '../../core/runs/reports.ts';
import { WHOLE_CLUSTER } from '../../core/state/pending-node.ts';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const CHECKS = 'demo/node-check';
type World = ReturnType<typeof runControllerWorld>;
const world = async (options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> =>
  runControllerWorld(await table.another(), options);
const ends = async (w: World) => (await w.allRuns()).map((r) => [r.because.kind, r.status, countsOf(r)]);
const MINUTE = 60;

/** A pending node as signal-intake stores it in the check lane. */
const tell = async (w: World, instanceId: string, more: { notBefore?: string; awaitAgentUntil?: string } = {}) => {
  const seen = {
    firstSeenAt: w.iso(),
    lastSeenAt: w.iso(),
    signals: 1,
    source: 'aws.ec2',
    because: { kind: instanceId === WHOLE_CLUSTER ? ('event' as const) : ('new-node' as const) },
  };
  await w.signals.addPending({ lane: CHECKS, cluster: 'demo', instanceId, reason: 'NewNode', ...seen, ...more });
  await w.signals.callLane(CHECKS, w.iso(), w.iso(-120));
  w.queue.push({ kind: 'lane', lane: CHECKS });
};
const newNodes = async (w: World, ids: readonly string[]) => {
  for (const id of ids) {
    const { ssm, ...young } = healthyFacts(id);
    w.facts.set(id, young);
    await tell(w, id, { notBefore: w.iso(30), awaitAgentUntil: w.iso(20 * MINUTE) });
  }
};

describe('a new node', () => {
  it('is checked once its agent is online, and repaired if it was broken at boot', async () => {
    const w = await world({ nodes: 1 });
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 2000 });
    await newNodes(w, [id]);
    await w.pass(4 * MINUTE);
    // While the node waits, nothing is recorded and no run is created.
    expect([await w.allRuns(), w.ssm.commands]).toEqual([[], []]);
    w.facts.set(id, healthyFacts(id));
    await w.pass(5 * MINUTE);
    expect(await ends(w)).toEqual([
      ['new-node', 'ended', { Broken: 1 }],
      ['finding', 'ended', { Repaired: 1 }],
    ]);
    await w.pass(10 * MINUTE);
    expect(await w.lanes.pendingNodes(CHECKS)).toEqual([]);
  });

  it('whose agent never comes online is given up once, with the missing prerequisites', async () => {
    const w = await world({ nodes: 1 });
    await newNodes(w, w.ids);
    await w.pass(40 * MINUTE, 20);
    expect(await ends(w)).toEqual([['new-node', 'ended', { Unreachable: 1 }]]);
    const [run] = await w.allRuns();
    expect(await w.resultsOf(run?.runId ?? '')).toMatchObject([
      { outcome: 'Unreachable', reason: 'NewNode', message: expect.stringContaining('AmazonSSMManagedInstanceCore') },
    ]);
    expect(w.ssm.commands).toEqual([]);
    expect((await w.lanes.get(CHECKS))?.dueAt).toBeUndefined();
  });

  it('that is terminated before its agent is online is recorded as gone', async () => {
    const w = await world({ nodes: 1 });
    const [id = ''] = w.ids;
    await newNodes(w, [id]);
    await w.pass(2 * MINUTE);
    w.facts.set(id, { ...healthyFacts(id), state: 'terminated' });
    await w.pass(2 * MINUTE);
    expect(await ends(w)).toEqual([['new-node', 'ended', { Gone: 1 }]]);
  });

  it('shares one evaluation a minute with others, and delays no other check', async () => {
    const w = await world({ nodes: 30 });
    const [ready = '', ...young] = w.ids;
    await newNodes(w, young);
    await tell(w, ready);
    await w.pass(5 * MINUTE);
    expect(await ends(w)).toEqual([['new-node', 'ended', { Healthy: 1 }]]);
    // The first one is after half a minute.
    expect(w.telemetry.counts.AwaitingAgent).toBe(young.length * 6);
    for (const id of young) w.facts.set(id, healthyFacts(id));
    await w.pass(2 * MINUTE);
    expect((await ends(w)).at(-1)).toEqual(['new-node', 'ended', { Healthy: young.length }]);
    expect(w.ssm.commands).toHaveLength(2);
  });
});

describe('a signal about a whole cluster', () => {
  it('leads to one check of all its nodes once they have settled, whose findings are repaired', async () => {
    const w = await world({ nodes: 20 });
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 2000 });
    for (let i = 0; i < 20; i++) {
      await tell(w, WHOLE_CLUSTER, { notBefore: isoTime(w.clock.ms + 600_000) });
      await w.pass(10);
    }
    await w.pass(5 * MINUTE);
    expect(await w.allRuns()).toEqual([]);
    await w.pass(6 * MINUTE);
    expect(await ends(w)).toEqual([
      ['event', 'ended', { Broken: 1, Healthy: 19 }],
      ['finding', 'ended', { Repaired: 1 }],
    ]);
    const [check] = await w.allRuns();
    // Like a sweep, it writes no row for a healthy node.
    expect((await w.resultsOf(check?.runId ?? '')).map((r) => r.outcome)).toEqual(['Broken']);
    expect(check?.because.count).toBe(20);
  });

  it('that is repeated leads to one check in each cool-down at most', async () => {
    const w = await world({ nodes: 3 });
    for (let minute = 0; minute < 30; minute++) {
      await tell(w, WHOLE_CLUSTER);
      await w.pass(MINUTE, 20);
    }
    expect((await w.allRuns()).length).toBeGreaterThanOrEqual(3);
    expect((await w.allRuns()).length).toBeLessThanOrEqual(4);
    await w.pass(25 * MINUTE, 20);
    expect(await w.lanes.pendingNodes(CHECKS)).toEqual([]);
  });

  it('does not delay a node of the same lane', async () => {
    const w = await world({ nodes: 3 });
    const [id = ''] = w.ids;
    await tell(w, WHOLE_CLUSTER);
    await tell(w, id);
    await w.pass(3 * MINUTE);
    expect((await ends(w)).map(([source, status]) => [source, status])).toEqual([
      ['event', 'ended'],
      ['new-node', 'ended'],
    ]);
  });
});

describe('a late symptom', () => {
  it('seen before the end of a failed attempt leads to no second attempt', async () => {
    const w = await world({ nodes: 1 });
    const [id = ''] = w.ids;
    const failsWith = { outcome: 'NotRepaired', reason: 'DiskFull' } as const;
    w.nodes.set(id, { broken: true, latencyMs: 2000, failsWith });
    const seenAt = w.iso();
    await w.signal(id);
    await w.pass(2 * MINUTE);
    expect(w.ssm.commands).toHaveLength(1);
    await w.signal(id, 'pause-image', isoTime(Date.parse(seenAt) + 1000));
    await w.pass(20 * MINUTE, 20);
    expect(w.ssm.commands).toHaveLength(1);
    expect(w.telemetry.counts.StalePendingNode).toBeGreaterThanOrEqual(1);
    await w.signal(id);
    await w.pass(2 * MINUTE);
    expect(w.ssm.commands).toHaveLength(2);
  });

  it('is a relapse if it was seen after a successful repair, and stale if before', async () => {
    const w = await world({ nodes: 1 });
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 2000 });
    const seenAt = w.iso(1);
    await w.signal(id);
    await w.pass(2 * MINUTE);
    await w.signal(id, 'pause-image', seenAt);
    await w.pass(20 * MINUTE, 20);
    expect(await ends(w)).toEqual([['log', 'ended', { Repaired: 1 }]]);
    w.nodes.set(id, { broken: true, latencyMs: 2000 });
    await w.signal(id);
    await w.pass(2 * MINUTE);
    expect((await ends(w)).at(-1)).toEqual(['log', 'ended', { Relapsed: 1 }]);
  });
});

describe('the wake of a lane', () => {
  it('is marked as received before the pending nodes are read, so that a later signal sends its own', async () => {
    const w = await world({ nodes: 2 });
    const [first = '', second = ''] = w.ids;
    await tell(w, first);
    expect(await w.signals.callLane(CHECKS, w.iso(), w.iso(-120))).toBe(false);
    await w.deliver();
    expect((await w.lanes.get(CHECKS))?.calledAt).toBeUndefined();
    await tell(w, second);
    expect((await w.lanes.get(CHECKS))?.calledAt).toBe(w.iso());
    await w.pass(MINUTE);
    expect(await ends(w)).toHaveLength(2);
  });
});
