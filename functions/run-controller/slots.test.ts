import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { claimDisruption, endDisruption, release, reserve } from './slots.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const LANES = ['demo/a', 'demo/b', 'demo/c'];
const BUDGET = 10;
const aSlotRun = (lane: string) => ({
  runId: lane.replace('demo/', 'r-'),
  group: lane,
  cluster: 'demo',
  version: 1,
  executionTimeoutSeconds: 300,
});

describe("a cluster's slots", () => {
  it('never exceed the budget over all lanes, despite concurrent requests and crashes', async () => {
    const Step = fc.record({
      lane: fc.constantFrom(...LANES),
      wanted: fc.integer({ min: 0, max: 20 }),
      /** How many of the reserved nodes are really sent to; the others are given back, unless the process dies. */
      sent: fc.integer({ min: 0, max: 20 }),
      dies: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(Step, { minLength: 1, maxLength: 3 }), { maxLength: 8 }), async (rounds) => {
        const w = runControllerWorld(await table.another(), { nodes: BUDGET * 10 });
        const inFlight = new Map<string, number>();
        for (const round of rounds) {
          // The queue lets one function work on a lane at a time.
          const once = [...new Map(round.map((s) => [s.lane, s])).values()];
          await Promise.all(
            once.map(async ({ lane, wanted, sent, dies }) => {
              const held = inFlight.get(lane) ?? 0;
              const slots = wanted > held ? await reserve(w.deps, aSlotRun(lane), wanted) : held;
              expect(slots).toBeGreaterThanOrEqual(held);
              inFlight.set(lane, Math.min(slots, Math.max(held, sent)));
              if (!dies) await release(w.deps, aSlotRun(lane), inFlight.get(lane) ?? 0);
            }),
          );
          const all = [...inFlight.values()].reduce((sum, n) => sum + n, 0);
          expect(all).toBeLessThanOrEqual(BUDGET);
          const { slots } = await w.lanes.getCluster('demo');
          for (const [lane, n] of inFlight)
            expect(slots[lane.replace('demo/', 'r-')]?.count ?? 0).toBeGreaterThanOrEqual(n);
          // Some nodes end.
          for (const lane of LANES.slice(0, 2)) inFlight.set(lane, Math.floor((inFlight.get(lane) ?? 0) / 2));
        }
        for (const lane of LANES) await release(w.deps, aSlotRun(lane), 0);
        expect((await w.lanes.getCluster('demo')).slots).toEqual({});
      }),
      search('slots', 20),
    );
  }, 600_000);

  it('are counted again after ten minutes, as the cluster grows', async () => {
    const w = runControllerWorld(await table.another(), { nodes: 20 });
    expect(await reserve(w.deps, aSlotRun('demo/a'), 50)).toBe(2);
    for (let i = 0; i < 30; i++) w.facts.set(`i-${i}`, { instanceId: `i-${i}`, inCluster: true, autoMode: false });
    expect(await reserve(w.deps, aSlotRun('demo/a'), 50)).toBe(2);
    w.clock.ms += 601_000;
    expect(await reserve(w.deps, aSlotRun('demo/a'), 50)).toBe(5);
  });
});

it('one disruptive lane works at a time, and only it ends its claim', async () => {
  const w = runControllerWorld(await table.another());
  expect(await claimDisruption(w.deps, 'demo', { lane: 'demo/a', runId: 'r-a' })).toBe(true);
  expect(await claimDisruption(w.deps, 'demo', { lane: 'demo/a', runId: 'r-a' })).toBe(true);
  expect(await claimDisruption(w.deps, 'demo', { lane: 'demo/b', runId: 'r-b' })).toBe(false);
  await endDisruption(w.deps, 'demo', 'demo/b');
  expect(await claimDisruption(w.deps, 'demo', { lane: 'demo/b', runId: 'r-b' })).toBe(false);
  await endDisruption(w.deps, 'demo', 'demo/a');
  expect(await claimDisruption(w.deps, 'demo', { lane: 'demo/b', runId: 'r-b' })).toBe(true);
});
