import { expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { worldsOfRunController } from '../../test/support/run-controller-scene.ts';
import { testSettings } from '../../test/support/settings.ts';

const world = worldsOfRunController();

/** Throws so many times before it goes on. */
const failing = <Args extends unknown[], Result>(times: number, work: (...args: Args) => Promise<Result>) => {
  let left = times;
  return async (...args: Args): Promise<Result> => {
    if (left-- > 0) throw new Error('the service is unavailable');
    return await work(...args);
  };
};

it('a run of a large sweep is not ended for the failed turns of the run that created it', async () => {
  const w = await world({ nodes: 12, settings: testSettings({ maxNodesPerCheckRun: 5 }) });
  await w.runReconcile('sweep');
  const [sweep] = await w.allRuns();
  const runId = sweep?.runId ?? '';
  // EC2 cannot list the cluster for four turns; then one turn of another run of the sweep fails.
  const { fleet, runs } = w.deps;
  const once = failing(1, runs.readObservations);
  Object.assign(w.deps, {
    fleet: { ...fleet, list: failing(4, fleet.list) },
    runs: { ...runs, readObservations: (id: string) => (id === `${runId}-2` ? once(id) : runs.readObservations(id)) },
  });
  w.queue.push({ kind: 'run', runId });
  for (let n = 0; n < 8; n++) await w.deliver();
  await w.pass(1200, 20);
  const parts = (await w.allRuns()).filter((run) => run.runId.startsWith(runId));
  expect(parts.map((run) => [run.end, countsOf(run)])).toEqual([
    ['Done', { Healthy: 5 }],
    ['Done', { Healthy: 5 }],
    ['Done', { Healthy: 2 }],
  ]);
});
