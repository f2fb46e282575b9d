import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** One node with two faults, the second of which can only be seen to once the first is repaired. */
const twiceBroken = async () => {
  const w = runControllerWorld(await table.another(), { nodes: 1 });
  const [id = ''] = w.ids;
  const fault = { broken: true, latencyMs: 4000, later: { remediation: 'cri-dockerd', reason: 'CRIDockerdDown' } };
  w.nodes.set(id, fault);
  const outcomes = async (): Promise<string[]> => {
    const results = await Promise.all((await w.allRuns()).map((run) => w.resultsOf(run.runId)));
    return results.flat().map((r) => [r.remediation, r.outcome, r.skipReason].filter(Boolean).join(' '));
  };
  return { ...w, id, outcomes };
};

describe('a fault that waits for an earlier one', () => {
  it('is looked at again when that has been repaired, and then repaired itself', async () => {
    const w = await twiceBroken();
    await w.signal(w.id, 'node-check');
    await w.pass(600, 15);
    expect(w.nodes.get(w.id)).toMatchObject({ broken: false, later: undefined });
    expect(await w.outcomes()).toEqual([
      'node-check Broken',
      'pause-image Repaired',
      'node-check Broken',
      'cri-dockerd Repaired',
    ]);
  });

  it('leads its own repair to a check, which finds the earlier one; nothing counts as an attempt', async () => {
    const w = await twiceBroken();
    await w.signal(w.id, 'cri-dockerd');
    await w.pass(60, 5);
    expect(await w.outcomes()).toEqual(['cri-dockerd Skipped BlockedBy', 'node-check Broken', 'pause-image Repaired']);
    expect((await w.results.nodeStates([w.id], 'cri-dockerd')).get(w.id)?.attempts).toEqual({});
    await w.pass(900, 30);
    expect(w.nodes.get(w.id)?.later).toBeUndefined();
  });
});
