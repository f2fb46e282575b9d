import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { advanceWorld } from '../../test/support/advance-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { countsOf } from '../core/run.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

describe('a signal', () => {
  it('becomes a canary, a result, and an empty mailbox', async () => {
    const world = advanceWorld(await table.another());
    const [id = ''] = world.ids;
    world.nodes.set(id, { broken: true, latencyMs: 8000 });
    await world.signal(id);
    await world.pass(60);
    const runs = await world.allRuns();
    expect(runs.map((r) => [r.status, countsOf(r)])).toEqual([['ended', { Repaired: 1 }]]);
    expect(await world.resultsOf(runs[0]?.runId ?? '')).toMatchObject([{ outcome: 'Repaired', rung: 'ecr' }]);
    expect(await world.lanes.mailbox('demo/pause-image')).toEqual([]);
    expect((await world.lanes.getCluster('demo')).slots).toEqual({});
    expect(world.ssm.sends('repair')).toEqual(new Map([[id, 1]]));
    expect(world.failures).toEqual([]);
    expect(await world.lanes.get('demo/pause-image')).not.toHaveProperty('activeRunId');
  });
});
