import { afterAll, beforeAll, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const INTERVAL = 1800;

it('a fault that a sweep finds is at most as old as the last sweep that found its node healthy, on each of its rows', async () => {
  const w = runControllerWorld(await table.another(), { nodes: 3 });
  const [fresh = '', old = ''] = w.ids;
  const sweep = async (): Promise<void> => {
    await w.runReconcile('sweep');
    await w.pass(INTERVAL, 60);
  };
  // A node that gives no answer was last seen healthy by the sweep before.
  await sweep();
  w.nodes.set(old, { broken: false, latencyMs: 10_000_000 });
  await sweep();
  w.nodes.set(fresh, { broken: true, latencyMs: 4000 });
  w.nodes.set(old, { broken: true, latencyMs: 4000 });
  await sweep();
  // The clusters of this world have the same nodes: the first one observes, and the second one repairs.
  const rows = (await Promise.all((await w.allRuns()).map(({ runId }) => w.resultsOf(runId)))).flat();
  const within = (outcome: string, cluster: string) =>
    rows
      .filter((row) => row.outcome === outcome && row.cluster === cluster)
      .map(({ instanceId, because }) => [instanceId, Math.round((because?.detectedWithinSeconds ?? 0) / INTERVAL)])
      .toSorted();
  const expected = [
    [fresh, 1],
    [old, 2],
  ];
  expect(within('Broken', 'watched')).toEqual(expected);
  expect(within('Repaired', 'careful')).toEqual(expected);
});
