import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** A cluster whose first nodes are terminated while their repairs run; SSM ends these as the status, or never. */
const world = async (dying: number, end: { readonly endsAs?: string; readonly latencyMs?: number }) => {
  const w = runControllerWorld(await table.another(), { nodes: 6 });
  const doomed = w.ids.slice(0, dying);
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 8000, ...(doomed.includes(id) ? end : {}) });
  for (const id of w.ids) await w.signal(id);
  const isSent = (id: string): boolean =>
    w.ssm.commands.some(({ invocations }) => invocations.some(({ instanceId }) => instanceId === id));
  for (let seconds = 0; seconds < 840; seconds += 5) {
    await w.pass(5);
    for (const id of doomed.filter(isSent)) w.facts.set(id, { ...healthyFacts(id), state: 'terminated' });
  }
  const attempts = async (id: string) => (await w.deps.results.nodeStates([id], 'pause-image')).get(id)?.attempts ?? {};
  return { ...w, doomed, attempts, endsOf: (id: string) => endsOf(w, id) };
};

const endsOf = async (w: ReturnType<typeof runControllerWorld>, instanceId: string): Promise<readonly string[]> => {
  const rows = (await Promise.all((await w.allRuns()).map(({ runId }) => w.resultsOf(runId)))).flat();
  return rows.filter((row) => row.instanceId === instanceId).map((row) => row.skipReason ?? row.outcome);
};

describe('an instance that is terminated during its repair', () => {
  it.each([
    ['ends as timed out', { endsAs: 'ExecutionTimedOut' }],
    ['is not reached', { endsAs: 'DeliveryTimedOut' }],
    ['ends without a result', { endsAs: 'Failed' }],
    ['never answers', { latencyMs: Number.POSITIVE_INFINITY }],
  ])('%s: it is gone, without an attempt, and fails no canary', async (_, end) => {
    const w = await world(3, end);
    for (const id of w.doomed) expect([await w.endsOf(id), await w.attempts(id)]).toEqual([['Gone'], {}]);
    expect(w.notices.filter(({ detailType }) => detailType === 'Breaker Opened')).toEqual([]);
    for (const id of w.ids.slice(3)) expect(await w.endsOf(id)).toEqual(['Repaired']);
  });

  it('is a failure as ever where EC2 still shows the instance', async () => {
    const w = runControllerWorld(await table.another(), { nodes: 1 });
    for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 8000, endsAs: 'ExecutionTimedOut' });
    for (const id of w.ids) await w.signal(id);
    await w.pass(60);
    expect(await endsOf(w, w.ids[0] ?? '')).toEqual(['TimedOut']);
  });
});
