import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import { at, LIMITS, node, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { rowOf } from '../adapters/table/items.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createObservationWriter } from './observation-writer.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const IDS = [node(1), node(2), node(3)];

const command: CommandRow = {
  ...{ commandId: 'c-1', runId: 'r-1', key: '1', group: 'r-1', cluster: 'demo', remediation: 'pause-image' },
  ...{ action: 'repair', instanceIds: IDS, sentAt: START, softDeadlineAt: at(90), hardDeadlineAt: at(390) },
};

/** What is seen once so many nodes have ended. */
const seen = (ended: number): ObservationRow => ({
  ...{ runId: 'r-1', key: '1', commandId: 'c-1', at: at(10 * ended), grade: 4 * ended },
  ...{ final: ended === IDS.length, closedBy: ended === IDS.length ? 'end' : 'look', open: IDS.slice(ended) },
  nodes: Object.fromEntries(
    IDS.slice(0, ended).map((id) => [id, { outcome: 'Repaired', title: 't', method: 'ecr', endedAt: at(10) }]),
  ),
});

const world = async () => {
  const own = await table.another();
  const runs = createRunStore({ ...own, retentionDays: 1 });
  const results = createResultStore({ ...own, limits: LIMITS });
  const put: string[] = [];
  const writer = createObservationWriter({
    ...{ runs, limits: LIMITS, texts, rules: testSettings() },
    results: {
      ...results,
      putResult: async (row) => {
        put.push(row.instanceId);
        return await results.putResult(row);
      },
    },
  });
  return {
    ...{ runs, results, put, writer },
    written: async () => (await own.items('RESULT#r-1')).map((item) => rowOf(ResultRow, item).instanceId),
    attempts: async () =>
      [...(await results.nodeStates(IDS, 'pause-image')).values()].map(({ instanceId }) => instanceId).toSorted(),
  };
};

it('a row that an earlier look has written is not tried again at the end', async () => {
  const w = await world();
  for (const ended of [1, 2, 3, 3]) await w.writer.write(command, () => seen(ended));
  expect(w.put.toSorted()).toEqual(IDS);
  expect(await w.written()).toEqual(IDS);
  expect(await w.attempts()).toEqual(IDS);
});

it('a row that an earlier look has not written after its observation is written at the end', async () => {
  const w = await world();
  // The function ends between the observation and the rows.
  await w.runs.putObservation(seen(2), undefined);
  await w.writer.write(command, () => seen(3));
  expect(w.put.toSorted()).toEqual(IDS);
  expect(await w.written()).toEqual(IDS);
});

it('an attempt that an earlier look has not stored after its row is stored at the end', async () => {
  const w = await world();
  await w.runs.putObservation(seen(1), undefined);
  const row = { ...command, ...seen(1).nodes[node(1)], instanceId: node(1), message: 'm', grade: 2, at: at(10) };
  await w.results.putResult(ResultRow.parse(row));
  await w.writer.write(command, () => seen(3));
  expect(w.put.toSorted()).toEqual([node(2), node(3)]);
  expect(await w.attempts()).toEqual(IDS);
});

it('a row of a lower grade is replaced', async () => {
  const w = await world();
  await w.writer.write(command, () => ({ ...seen(2), closedBy: 'hard-deadline', assumed: [node(2)], grade: 6 }));
  await w.writer.write(command, () => seen(3));
  expect(w.put.toSorted()).toEqual([node(1), node(2), node(2), node(3)]);
});
