import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObservationRow } from '../../core/state/command-state.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import { at, LIMITS, nodes, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { createObservationWriter } from './observation-writer.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const ids = nodes(30);
const command = { runId: 'r-1', key: '1', cluster: 'demo', remediation: 'pause-image', action: 'repair' } as const;
const about = (instanceId: string) => ({ instanceId, cluster: 'demo', remediation: 'pause-image' });
const reading = { outcome: 'Repaired', title: 't', endedAt: at(80) } as const;
const row: ObservationRow = {
  ...{ runId: 'r-1', key: '1', commandId: 'c-1', final: true, closedBy: 'end', at: at(90), grade: 60, open: [] },
  nodes: Object.fromEntries(ids.map((id) => [id, reading])),
};

const world = async () => {
  const own = await table.another();
  const reads: number[] = [];
  const results = createResultStore({ ...own, limits: LIMITS });
  const runs = createRunStore({ ...own, retentionDays: 1 });
  let onRead = async (): Promise<void> => undefined;
  const counted: typeof results = {
    ...results,
    nodeStates: async (asked, remediation) => {
      reads.push(asked.length);
      const states = await results.nodeStates(asked, remediation);
      await onRead();
      return states;
    },
  };
  const { write } = createObservationWriter({ runs, results: counted, limits: LIMITS, texts, rules: testSettings() });
  const outcomes = async () => {
    const states = await results.nodeStates(ids, 'pause-image');
    return ids.map((id) => states.get(id)?.attempts['r-1']?.outcome);
  };
  return {
    ...{ results, reads, outcomes },
    during: (work: () => Promise<void>) => (onRead = work),
    write: () => write(command, () => row),
  };
};

it('the attempts of the nodes of a command are amended after one read of all', async () => {
  const { results, reads, outcomes, write } = await world();
  for (const id of ids.slice(0, 20)) await results.recordAttempt(about(id), 'r-1', { at: START });
  expect(await write()).toBe('complete');
  expect([reads, await outcomes()]).toEqual([[30], ids.map(() => 'Repaired')]);
});

it('an attempt or a quarantine that another function stores after the read is kept', async () => {
  const { results, outcomes, during, write } = await world();
  const failed = { at: at(70), outcome: 'NotRepaired' } as const;
  const [quarantined = '', attempted = ''] = ids;
  await results.recordAttempt(about(quarantined), 'r-0', failed);
  during(async () => {
    const known = await results.recordAttempt(about(quarantined), 'r-0', { ...failed, grade: 1 });
    await results.quarantine({ ...known, ...about(quarantined) }, { at: at(85), runId: 'r-0' }, 'look');
    await results.recordAttempt(about(attempted), 'r-9', failed);
  });
  await write();
  expect(await outcomes()).toEqual(ids.map(() => 'Repaired'));
  const states = await results.nodeStates([quarantined, attempted], 'pause-image');
  expect(states.get(quarantined)).toMatchObject({ quarantinedAt: at(85), attempts: { 'r-0': failed, 'r-1': {} } });
  expect(states.get(attempted)).toMatchObject({ attempts: { 'r-9': failed, 'r-1': {} } });
});
