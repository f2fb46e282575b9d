import { afterAll, beforeAll, expect, it } from 'vitest';
import { newLane } from '../../../core/runs/lane.ts';
import {
  aCheck,
  anEndedRun,
  aQueuedCheck,
  aQueuedRun,
  aRun,
  at,
  LIMITS,
  nodes,
  START,
} from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { createDueStore } from './due-store.ts';
import { createLaneStore } from './lane-store.ts';
import { createResultStore } from './result-store.ts';
import { createRunStore } from './run-store.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

it('finds the items that are open and due, by kind', async () => {
  const own = await table.another();
  const runs = createRunStore({ ...own, retentionDays: 1 });
  await runs.create(aCheck(1, { runId: 'r-check', group: 'r-check' }));
  await runs.create(aQueuedCheck({ runId: 'r-sweep', group: 'r-sweep' }));
  await runs.create(aRun(1, { runId: 'r-repair' }));
  await runs.create(aQueuedRun({ runId: 'r-queued' }));
  await runs.create(aRun(1, { runId: 'r-later', dueAt: at(60) }));
  await runs.create(anEndedRun({ runId: 'r-ended' }));
  await createLaneStore(own).save({ ...newLane('demo/cni-files'), dueAt: START });
  await createResultStore({ ...own, limits: LIMITS }).putCommand({
    commandId: 'c-1',
    runId: 'r-repair',
    key: '1',
    group: 'demo/pause-image',
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    instanceIds: nodes(2),
    sentAt: START,
    softDeadlineAt: at(10),
    hardDeadlineAt: at(390),
  });
  const due = createDueStore(own);
  const found = await due.due(at(10));
  expect(found).toHaveLength(6);
  expect(found).toEqual(
    expect.arrayContaining([
      { kind: 'wake', wake: { kind: 'run', runId: 'r-check' } },
      { kind: 'wake', wake: { kind: 'run', runId: 'r-sweep' } },
      { kind: 'wake', wake: { kind: 'lane', lane: 'demo/pause-image' } },
      { kind: 'queued-run', lane: 'demo/pause-image', createdAt: START, runId: 'r-queued' },
      { kind: 'wake', wake: { kind: 'lane', lane: 'demo/cni-files' } },
      { kind: 'command', commandId: 'c-1' },
    ]),
  );
  expect(await due.due(at(-1))).toEqual([]);
});

it('reads all pages of both shards', async () => {
  const own = await table.another();
  const runs = createRunStore({ ...own, retentionDays: 1 });
  for (let i = 0; i < 25; i++) await runs.create(aCheck(1, { runId: `r-${i}`, group: `r-${i}` }));
  let pages = 0;
  const due = createDueStore({
    ...own,
    client: {
      send: (async (command: { input: object }) => {
        pages++;
        Object.assign(command.input, { Limit: 4 });
        return await own.client.send(command as never);
      }) as typeof own.client.send,
    },
  });
  expect(new Set((await due.due(START)).map((d) => JSON.stringify(d))).size).toBe(25);
  expect(pages).toBeGreaterThan(6);
});

it('names an item of the index that does not belong there, and finds the others', async () => {
  const own = await table.another();
  await own.put({ pk: 'CLUSTER#demo', sk: 'STATE', duePk: 'OPEN#0', dueSk: START });
  await createRunStore({ ...own, retentionDays: 1 }).create(aCheck(1, { runId: 'r-1', group: 'r-1' }));
  const found = await createDueStore(own).due(START);
  expect(found).toHaveLength(2);
  expect(found).toEqual(
    expect.arrayContaining([
      { kind: 'unreadable', why: expect.stringMatching(/CLUSTER#demo \/ STATE does not belong in the index/) },
      { kind: 'wake', wake: { kind: 'run', runId: 'r-1' } },
    ]),
  );
});
