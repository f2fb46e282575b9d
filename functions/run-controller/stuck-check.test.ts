import { expect, it } from 'vitest';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import { breakNodes, worldsOfRunController } from '../../test/support/run-controller-scene.ts';

const world = worldsOfRunController();

it.each([
  ['a check that comes before a repair', 'pause-image', 5],
  ['a check of the check lane', 'node-check', 1],
])('%s whose turns fail hands on what it has found all the same', async (_, remediation, count) => {
  const w = await world({ nodes: 12 });
  const ids = w.ids.slice(0, count);
  breakNodes(w, ids, 4000);
  const { readObservations } = w.deps.runs;
  const isOver = () => w.notices.some(({ detailType }) => detailType === 'Run Stuck');
  Object.assign(w.deps, {
    runs: {
      ...w.deps.runs,
      readObservations: async (id: string) => {
        if (!isOver()) throw new Error('reading the observations: no');
        return await readObservations(id);
      },
    },
  });
  for (const id of ids) await w.signal(id, remediation, w.iso(), LOGS_SOURCE);
  await w.pass(600, 10);
  expect(isOver()).toBe(true);
  await w.pass(3600, 20);
  expect([...w.nodes].filter(([, n]) => n.broken)).toEqual([]);
});

it('a check whose turns fail, and whose command SSM never took, is over once it could have ended', async () => {
  const w = await world({ nodes: 12 });
  const [id = ''] = w.ids;
  const isOver = () => w.notices.some(({ detailType }) => detailType === 'Run Stuck');
  const { reader, sender } = w.deps;
  Object.assign(w.deps, {
    sender: { ...sender, send: () => Promise.reject(new Error('socket hang up')) },
    reader: {
      ...reader,
      find: async (...words: Parameters<typeof reader.find>) => {
        if (!isOver()) throw new Error('ListCommands: no');
        return await reader.find(...words);
      },
    },
  });
  await w.signal(id, 'node-check', w.iso(), LOGS_SOURCE);
  await w.pass(3600, 20);
  expect(isOver()).toBe(true);
  await w.pass(3600, 60);
  const [run, ...others] = await w.allRuns();
  expect(others).toEqual([]);
  expect(run).toMatchObject({ status: 'ended', end: 'Stuck', outbox: [], commands: [{ status: 'closed' }] });
  expect((await w.resultsOf(run?.runId ?? '')).map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['Unknown', 'CommandLost'],
  ]);
});
