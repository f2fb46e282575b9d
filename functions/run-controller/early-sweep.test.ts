import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { report } from '../audit-query/query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const MINUTE = 60;
type World = ReturnType<typeof runControllerWorld>;

/** A cluster that observes, so that faults stay: three nodes of the node group blue, and one of green. */
const world = async (): Promise<World> => {
  const { policy, ...others } = testSettings();
  const settings = { ...others, policy: { ...policy, clusters: policy.clusters.filter((c) => c.name === 'watched') } };
  const w = runControllerWorld(await table.another(), { nodes: 4, settings });
  for (const [n, id] of w.ids.entries())
    w.facts.set(id, { ...healthyFacts(id), ami: 'ami-1', nodegroup: n < 3 ? 'blue' : 'green' });
  return w;
};
const breakNode = (w: World, n: number): unknown =>
  w.nodes.set(w.ids[n] ?? expect.fail(), { broken: true, latencyMs: 4000 });

/** The early sweeps: the node group, the minutes since the first sweep, and the broken nodes. */
const earlySweeps = async (w: World) => {
  const runs = (await w.allRuns()).filter((run) => run.status !== 'queued');
  const first = Date.parse(runs.find(({ because }) => because.kind === 'sweep')?.startedAt ?? '');
  return await Promise.all(
    runs.flatMap(({ runId, startedAt = '', early }) =>
      early === undefined
        ? []
        : [
            w.resultsOf(runId).then((results) => ({
              nodegroup: early.nodegroup,
              after: Math.round((Date.parse(startedAt) - first) / (MINUTE * 1000)),
              broken: results.map(({ instanceId }) => w.ids.indexOf(instanceId)).toSorted(),
            })),
          ],
    ),
  );
};

/** Until the first sweep is over. */
const firstSweep = async (w: World): Promise<void> => {
  const isOver = async () => (await w.allRuns()).some(({ status }) => status === 'ended');
  while (!(await isOver())) await w.pass(MINUTE, 10);
};

it('a sweep that finds a new fault brings the next one of its node group forward, until one finds nothing new', async () => {
  const w = await world();
  breakNode(w, 0);
  await w.runReconcile('sweep');
  await firstSweep(w);
  breakNode(w, 1);
  breakNode(w, 3);
  await w.pass(25 * MINUTE, 10);
  // The second one is there because of the second node. It finds nothing new, and the faults stay.
  expect(await earlySweeps(w)).toEqual([
    { nodegroup: 'blue', after: 5, broken: [0, 1] },
    { nodegroup: 'blue', after: 10, broken: [0, 1] },
  ]);
});

it('is the next look of a person who asks, and ends without a command under a pause of everything', async () => {
  const w = await world();
  breakNode(w, 0);
  await w.runReconcile('sweep');
  await firstSweep(w);
  const early = (await w.allRuns()).find((run) => run.early !== undefined) ?? expect.fail();
  const ports = auditQueryPorts(w.table, {
    ...{ now: () => new Date(w.clock.ms), settings: w.settings },
    fleet: { describe: async (_, ids) => new Map(ids.flatMap((id) => [[id, w.facts.get(id) ?? expect.fail()]])) },
  });
  const ask = async (query: object) => accepted(await report(ports, query)).items;
  const [cluster] = await ask({ query: 'status', cluster: 'watched' });
  expect(cluster).toMatchObject({ sweeps: { early: [{ runId: early.runId, nodegroup: 'blue', at: early.dueAt }] } });
  const [node] = await ask({ query: 'explain', cluster: 'watched', node: w.ids[0] });
  expect(node).toMatchObject({ next: { what: expect.stringContaining('early sweep'), at: early.dueAt } });
  const paused = { scope: 'ALL', covers: 'everything', state: 'paused', by: 'mei', reason: 'stop' } as const;
  await w.requests.setPause({ ...paused, at: w.iso() }, 'p-1');
  await w.pass(8 * MINUTE, 20);
  expect(await w.runs.get(early.runId)).toMatchObject({ status: 'ended', stopped: { reason: 'Paused' }, commands: [] });
});

it('that cannot be stored leaves the sweep as it is', async () => {
  const w = await world();
  breakNode(w, 0);
  await w.runReconcile('sweep');
  const { create } = w.deps.runs;
  Object.assign(w.deps.runs, { create: () => Promise.reject(new Error('Throttling')) });
  await firstSweep(w);
  Object.assign(w.deps.runs, { create });
  expect(w.telemetry.lines.filter(({ message }) => message === 'going on without early sweep')).toHaveLength(1);
  expect(await w.allRuns()).toMatchObject([{ status: 'ended', end: 'Done', outbox: [] }]);
});
