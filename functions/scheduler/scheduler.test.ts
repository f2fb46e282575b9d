import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { tick } from './tick.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const world = async (options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> =>
  runControllerWorld(await table.another(), options);

describe('the check for overdue items', () => {
  it('ends a run of which every event is lost', async () => {
    const w = await world({ events: 0 });
    const ids = w.ids.slice(0, 3);
    for (const id of ids) {
      w.nodes.set(id, { broken: true, latencyMs: 4000 });
      await w.signal(id);
    }
    await w.pass(900, 10);
    expect((await w.allRuns()).map((r) => [r.status, countsOf(r)])).toEqual([['ended', { Repaired: 3 }]]);
  });

  it('brings back a lane whose wake was lost', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    await w.signal(id);
    w.queue.length = 0;
    await w.pass(120, 10);
    expect((await w.allRuns()).map((r) => countsOf(r))).toEqual([{ Healthy: 1 }]);
  });

  it('does not delay the others if one fails, and reports the failure', async () => {
    const w = await world({ events: 0 });
    const [id = '', other = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    await w.signal(id);
    await w.deliver();
    await w.ask('r-check', 'check', [other]);
    w.queue.length = 0;
    w.clock.ms += 120_000;
    w.ssm.world.isAway = true;
    await w.runReconcile('overdue');
    expect(w.telemetry.counts.FailedRecords).toBe(1);
    expect(w.queue).toEqual(
      expect.arrayContaining([
        { kind: 'lane', lane: 'demo/pause-image' },
        { kind: 'run', runId: 'r-check' },
      ]),
    );
    w.ssm.world.isAway = false;
    await w.pass(120, 10);
    expect((await w.allRuns()).every((r) => r.status === 'ended')).toBe(true);
  });

  it('ends a run once if two copies of the function answer the same tick', async () => {
    const w = await world({ events: 0 });
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    await w.signal(id);
    await w.deliver();
    await w.pass(30, 10);
    w.clock.ms += 400_000;
    await Promise.all([w.runReconcile('overdue'), w.runReconcile('overdue')]);
    await w.pass(120, 10);
    await w.runReconcile('overdue');
    const [run = expect.fail()] = await w.allRuns();
    expect([run.status, countsOf(run), (await w.resultsOf(run.runId)).length]).toEqual(['ended', { Repaired: 1 }, 1]);
    expect(w.telemetry.counts.FailedRecords).toBeUndefined();
  });

  it('finds nothing once all runs have ended', async () => {
    const w = await world();
    await w.ask('r-check', 'check', w.ids.slice(0, 2));
    await w.pass(120, 10);
    w.clock.ms += 86_400_000;
    await w.runReconcile('overdue');
    expect(w.queue).toEqual([]);
    expect(w.telemetry.lines.at(-1)?.fields).toEqual({ due: 0, failed: 0, left: 0, unsent: 0 });
  });
});

describe('a sweep', () => {
  it('is one check run of each managed cluster, also when its schedule is delivered twice', async () => {
    const w = await world();
    await w.runReconcile('sweep');
    await w.runReconcile('sweep');
    expect((await w.allRuns()).map((r) => [r.cluster, r.status]).toSorted()).toEqual([
      ['careful', 'queued'],
      ['demo', 'queued'],
      ['watched', 'queued'],
    ]);
    w.clock.ms += 1_800_000;
    await w.runReconcile('sweep');
    expect(await w.allRuns()).toHaveLength(6);
  });

  it('starts at the same offset in every interval, which depends on the cluster', async () => {
    const w = await world();
    const delays = async (startedMs: number) =>
      new Map(
        (await w.allRuns())
          .filter((r) => Date.parse(r.createdAt) === startedMs)
          .map((r) => [r.cluster, Date.parse(r.dueAt ?? '') - startedMs]),
      );
    const first = w.clock.ms;
    await w.runReconcile('sweep');
    w.clock.ms += 1_800_000;
    await w.runReconcile('sweep');
    const spread = await delays(first);
    expect(new Set(spread.values()).size).toBe(3);
    expect([...spread.values()].every((ms) => ms >= 0 && ms < 1_800_000)).toBe(true);
    expect(await delays(w.clock.ms)).toEqual(spread);
  });

  it('writes a row for each node that is not healthy, and counts the others', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    await w.runReconcile('sweep');
    await w.pass(1980, 10);
    // The clusters of this world have the same nodes: the first that is swept finds the broken one.
    const [run = expect.fail(), ...later] = (await w.allRuns())
      .filter((r) => r.action === 'check')
      .toSorted((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? ''));
    expect([run, ...later].map((r) => r.status)).toEqual(['ended', 'ended', 'ended']);
    expect(countsOf(run)).toEqual({ Broken: 1, Healthy: 39 });
    expect((await w.resultsOf(run.runId)).map((r) => r.instanceId)).toEqual([id]);
    expect(w.nodes.get(id)?.broken).toBe(false);
  });
});

describe('a sweep that does not end', () => {
  it('is late after three intervals, is counted once a cluster, and no longer once it has ended', async () => {
    const w = await world();
    const late: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      await w.runReconcile('sweep');
      late.push(w.telemetry.counts.SweepsLate);
      w.telemetry.counts.SweepsLate = 0;
      w.clock.ms += 1_800_000;
    }
    // Three clusters; nothing has worked on the first sweep of each after 90 minutes.
    expect(late).toEqual([0, 0, 0, 3]);
    expect(w.telemetry.lines.filter(({ message }) => message === 'finding sweep that has not ended')).toHaveLength(3);
    await w.pass(1980, 10);
    await w.runReconcile('sweep');
    expect(w.telemetry.counts.SweepsLate).toBe(0);
  });

  it('is no other check', async () => {
    const w = await world();
    await w.ask('r-check', 'check', w.ids.slice(0, 2));
    w.queue.length = 0;
    w.clock.ms += 86_400_000;
    await w.runReconcile('sweep');
    expect(w.telemetry.counts.SweepsLate).toBe(0);
  });
});

it('neither the sweeps nor the end of quarantines wait for the other, or fail with it', async () => {
  const w = await world();
  const sweep = { kind: 'sweep', everyMinutes: 30 };
  const fails = async () => {
    throw new Error('no answer');
  };
  const noEc2 = { ...w.schedulerPorts, instances: { byIdWhereRead: fails } };
  await expect(tick(noEc2, sweep, () => 60_000)).rejects.toThrow('no answer');
  expect(await w.allRuns()).toHaveLength(3);
  let reads = 0;
  const noRuns = {
    ...w.schedulerPorts,
    runs: { create: fails },
    quarantines: {
      ...w.schedulerPorts.quarantines,
      quarantined: async () => {
        reads += 1;
        return await w.schedulerPorts.quarantines.quarantined();
      },
    },
  };
  await expect(tick(noRuns, sweep, () => 60_000)).rejects.toThrow('sweeping: 3 clusters failed');
  expect(reads).toBe(1);
});

it('any other payload is rejected', async () => {
  const w = await world();
  await expect(w.runReconcile('else' as 'sweep')).rejects.toThrow(/expected \{"kind":"overdue"\}/);
});
