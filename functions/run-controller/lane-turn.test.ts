import { describe, expect, it } from 'vitest';
import { wakeLane } from '../../core/model/wake.ts';
import { countsOf } from '../../core/runs/reports.ts';
import { breakNodes, type World, worldsOfRunController } from '../../test/support/run-controller-scene.ts';
import { keys } from '../adapters/table/keys.ts';
import { turn } from './turn.ts';

const LANE = 'demo/pause-image';

const world = worldsOfRunController();
const report = async (w: World, ids: readonly string[]): Promise<void> => {
  for (const id of ids) await w.signal(id);
};
const breakerOf = async (w: World) => {
  const stored = await w.trust.read('fleetmend-pause-image-repair-aaaaaaaaaaaa', 'demo');
  return stored.kind === 'row' ? stored.row.breaker : undefined;
};
const ends = async (w: World) => (await w.allRuns()).map((r) => [r.status, r.stopped?.reason, countsOf(r)]);

describe('a pending node that this version does not understand', () => {
  it('stays, is told, and keeps no other node from its repair', async () => {
    const w = await world();
    const [id = '', bad = ''] = w.ids;
    breakNodes(w, [id, bad]);
    await w.put({ ...keys.pendingNode(LANE, bad), lane: LANE, instanceId: bad, newest: { of: 'all' } });
    await w.signal(id);
    await w.pass(60);
    expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
    expect(w.failures).toEqual([]);
    expect(w.telemetry.counts.UnreadableRow).toBeGreaterThanOrEqual(1);
    expect((await w.lanes.readPending(LANE)).unreadable).toMatchObject([{ sortKey: `NODE#${bad}` }]);
  });

  it('because of a field that it does not know is repaired, and the field is kept while the row is', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.signal(id);
    const [row] = await w.lanes.pendingNodes(LANE);
    await w.put({ ...keys.pendingNode(LANE, id), ...row, newest: 1 });
    expect(await w.lanes.pendingNodes(LANE)).toMatchObject([{ newest: 1 }]);
    await w.pass(60);
    expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
  });
});

describe('a signal', () => {
  it('becomes a canary and a result, and leaves no pending node', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.signal(id);
    await w.pass(60);
    const runs = await w.allRuns();
    expect(await ends(w)).toEqual([['ended', undefined, { Repaired: 1 }]]);
    expect(await w.resultsOf(runs[0]?.runId ?? '')).toMatchObject([{ outcome: 'Repaired', method: 'ecr' }]);
    expect(await w.lanes.pendingNodes(LANE)).toEqual([]);
    expect((await w.lanes.getCluster('demo')).slots).toEqual({});
    expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
    expect(w.notices.map((n) => n.detailType)).toEqual(['Run Ended']);
    expect(w.failures).toEqual([]);
  });

  it('delivered twenty times, also in the middle of the run, is one command and one result', async () => {
    const w = await world({ events: 3 });
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    for (let i = 0; i < 20; i++) await w.signal(id, 'pause-image', w.iso());
    await w.pass(5);
    for (let i = 0; i < 20; i++) await w.signal(id, 'pause-image', w.iso());
    await w.pass(120);
    expect(w.ssm.sends('')).toEqual(new Map([[id, 1]]));
    expect(await ends(w)).toEqual([['ended', undefined, { Repaired: 1 }]]);
    expect(w.notices).toHaveLength(1);
  });

  it('after the repair leads to no second repair within the cool-down', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.signal(id);
    await w.pass(30);
    await w.signal(id);
    await w.pass(60);
    expect((await ends(w)).at(-1)).toEqual(['ended', undefined, { CoolingDown: 1 }]);
    expect(await w.lanes.pendingNodes(LANE)).toMatchObject([{ skipped: 'CoolingDown' }]);
    expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
  });

  it('of a node that SSM does not manage is recorded once and waits, even if the node repeats it', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    w.facts.delete(id);
    for (let i = 0; i < 12; i++) {
      await w.signal(id);
      await w.pass(10, 10);
    }
    expect(await ends(w)).toEqual([['ended', undefined, { Gone: 1 }]]);
  });
});

describe('the slow start', () => {
  it('sends three canaries one at a time, then grows up to a tenth of the cluster', async () => {
    const w = await world({ nodes: 60 });
    breakNodes(w, w.ids, 4000);
    await report(w, w.ids);
    await w.pass(300);
    const sizes = w.ssm.commands.map((c) => c.invocations.length);
    expect(sizes.slice(0, 4)).toEqual([1, 1, 1, 4]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6);
    expect([...w.nodes.values()].filter((n) => n.broken)).toEqual([]);
    for (const command of w.ssm.commands) {
      const overlapping = w.ssm.commands.filter(
        (c) => c.sentAt <= command.sentAt && c.invocations.some((i) => i.endsAt > command.sentAt),
      );
      expect(overlapping.reduce((n, c) => n + c.invocations.length, 0)).toBeLessThanOrEqual(6);
    }
  });

  it('stops for ever longer from two attributable failures on, holds the rest, and goes on once canaries are repaired', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 6);
    for (const id of ids)
      w.nodes.set(id, {
        broken: true,
        latencyMs: 4000,
        failsWith: { outcome: 'NotRepaired', reason: 'SandboxImageMissing' },
      });
    await report(w, ids);
    await w.pass(60);
    expect(w.ssm.sends('repair').size).toBe(3);
    expect(w.notices.filter((n) => n.detailType === 'Breaker Opened')).toHaveLength(1);
    expect(await breakerOf(w)).toMatchObject({ openings: 2 });
    expect((await w.lanes.pendingNodes(LANE)).map((r) => r.skipped)).toEqual(Array(3).fill('BreakerOpen'));
    for (const node of w.nodes.values()) delete node.failsWith;
    await w.pass(15);
    expect(w.ssm.sends('repair').size).toBe(3);
    await w.pass(300, 30);
    expect(w.telemetry.lines.map((line) => line.message)).toContain('closing circuit breaker');
    expect([...w.nodes].filter(([id, n]) => n.broken && !ids.slice(0, 3).includes(id))).toEqual([]);
    expect([...w.ssm.sends('repair').values()].every((n) => n === 1)).toBe(true);
  });

  it('opens the breaker for eight times as long at each further canary that fails', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 5);
    for (const id of ids)
      w.nodes.set(id, {
        broken: true,
        latencyMs: 4000,
        failsWith: { outcome: 'NotRepaired', reason: 'SandboxImageMissing' },
      });
    await report(w, ids);
    await w.pass(180);
    expect(w.ssm.sends('repair').size).toBe(4);
    expect((await breakerOf(w))?.openings).toBe(3);
    await w.pass(420, 30);
    expect(w.ssm.sends('repair').size).toBe(4);
  });

  it('does not count node-local failures', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 4);
    for (const id of ids)
      w.nodes.set(id, { broken: true, latencyMs: 2000, failsWith: { outcome: 'NotRepaired', reason: 'DiskFull' } });
    await report(w, ids);
    await w.pass(120);
    expect(w.ssm.sends('repair').size).toBe(4);
    expect(await breakerOf(w)).toBeUndefined();
  });
});

describe('a pause', () => {
  const setPause = (w: World, state: 'paused' | 'resumed'): Promise<boolean> =>
    w.put({ ...keys.pause('ALL'), scope: 'ALL', state, at: w.iso(), by: 'mei', reason: 'an upgrade' });

  it('holds the pending nodes, records it once for each, and releases them at its end', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 3);
    breakNodes(w, ids, 2000);
    await setPause(w, 'paused');
    await report(w, ids);
    await w.pass(300, 30);
    expect(w.ssm.commands).toEqual([]);
    expect(await ends(w)).toEqual([['ended', 'Paused', { Paused: 3 }]]);
    await setPause(w, 'resumed');
    await w.pass(240, 10);
    expect([...w.nodes.values()].filter((n) => n.broken)).toEqual([]);
  });

  it('stops an active run: commands in flight end, and no more are sent', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 5);
    breakNodes(w, ids, 20_000);
    await report(w, ids);
    await w.pass(5);
    await setPause(w, 'paused');
    await w.pass(120);
    expect(w.ssm.sends('repair').size).toBe(1);
    expect((await ends(w))[0]).toEqual(['ended', 'Paused', { Paused: 4, Repaired: 1 }]);
    expect(await w.lanes.pendingNodes(LANE)).toHaveLength(4);
  });
});

describe('the pending nodes of a lane', () => {
  it('do not hide a due row behind a thousand that wait', async () => {
    const w = await world({ nodes: 3 });
    const [id = ''] = w.ids.slice(-1);
    breakNodes(w, [id], 2000);
    const waiting = Array.from({ length: 1005 }, (_, i) => `i-${i.toString(16).padStart(8, '0')}`);
    for (const instanceId of waiting) {
      await w.put({
        ...keys.pendingNode(LANE, instanceId),
        lane: LANE,
        cluster: 'demo',
        instanceId,
        reason: 'SandboxImageMissing',
        firstSeenAt: w.iso(-60),
        lastSeenAt: w.iso(-60),
        signals: 1,
        source: 'fleetmend.logs',
        notBefore: w.iso(3600),
        version: 'v',
      });
    }
    await w.signal(id);
    await w.pass(60, 10);
    expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
  });

  it('sets when the lane is due next', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id], 2000);
    await w.signal(id);
    await w.pass(20);
    await w.signal(id);
    await w.pass(20);
    const [row] = await w.lanes.pendingNodes(LANE);
    expect((await w.lanes.get(LANE))?.dueAt).toBe(row?.notBefore);
  });
});

it('a failure that is seen after its run has ended counts against the document', async () => {
  const w = await world();
  const [slow = ''] = w.ids;
  const failsWith = { outcome: 'NotRepaired', reason: 'SandboxImageMissing' } as const;
  w.nodes.set(slow, { broken: true, latencyMs: 600_000, failsWith });
  await w.signal(slow);
  await w.pass(480, 30);
  expect((await w.allRuns())[0]).toMatchObject({ status: 'ended' });
  const trust = () => w.trust.read('fleetmend-pause-image-repair-aaaaaaaaaaaa', 'demo');
  expect(await trust()).toEqual({ kind: 'absent' });
  await w.pass(180, 30);
  expect(w.failures).toEqual([]);
  expect(await trust()).toMatchObject({ row: { results: [{ instanceId: slow, end: 'failed', isCanary: true }] } });
});

it('a turn of a lane with a run at work asks once which requests are cancelled', async () => {
  const w = await world();
  const [id = ''] = w.ids;
  breakNodes(w, [id]);
  await w.signal(id);
  const asked: (string | undefined)[] = [];
  const requests = {
    ...w.deps.requests,
    cancelledIn: async (lane: string) => {
      asked.push((await w.lanes.get(lane))?.activeRunId);
      return await w.requests.cancelledIn(lane);
    },
  };
  await turn({ ...w.deps, requests }, wakeLane(LANE), new AbortController().signal);
  expect(w.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
  expect(asked).toEqual([undefined]);
});
