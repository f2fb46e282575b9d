import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

describe('a pause of everything', () => {
  it('holds back sweeps and checks, and lets the checks go on at its end', async () => {
    const w = runControllerWorld(table, { nodes: 4 });
    const row = { scope: 'ALL', covers: 'everything', state: 'paused', at: w.iso(), until: w.iso(300) };
    await w.put({ ...keys.pause('ALL'), ...row, by: 'mei', reason: 'an upgrade' });
    await w.ask('r-check', 'check');
    await w.signal(w.ids[0] ?? '', 'node-check');
    await w.runReconcile('sweep');
    for (const run of await w.allRuns()) w.queue.push({ kind: 'run', runId: run.runId });
    await w.pass(280);
    expect(w.ssm.commands).toEqual([]);
    const sweeps = (await w.allRuns()).filter((run) => run.because.kind === 'sweep');
    expect(sweeps.length).toBeGreaterThan(0);
    for (const run of sweeps) {
      expect([run.status, run.stopped?.reason, await w.resultsOf(run.runId)]).toEqual(['ended', 'Paused', []]);
    }
    await w.pass(180);
    const check = await w.runs.get('r-check');
    expect([check?.status, check && countsOf(check)]).toEqual(['ended', { Healthy: 4 }]);
    const signalled = (await w.allRuns()).filter((run) => run.because.kind === 'log' && run.status === 'ended');
    expect(signalled.map(countsOf)).toContainEqual({ Healthy: 1 });
  });

  it.each([
    ['a signal about a node', 1],
    ['a signal about the whole cluster', 4],
  ])('does not lose the check of %s that it stops before a command is sent', async (_, count) => {
    const w = runControllerWorld(await table.another(), { nodes: 4 });
    w.ssm.faults.push(...Array.from({ length: 4 }, () => 'throttled' as const));
    await w.signal(count === 1 ? (w.ids[0] ?? '') : '*', 'node-check');
    await w.deliver();
    const row = { scope: 'ALL', covers: 'everything', state: 'paused', at: w.iso(), until: w.iso(300) };
    await w.put({ ...keys.pause('ALL'), ...row, by: 'mei', reason: 'an upgrade' });
    await w.pass(280);
    expect(w.ssm.commands).toEqual([]);
    const stopped = (await w.allRuns()).filter(
      (run) => run.stopped?.reason === 'Paused' && run.settled.Paused === count,
    );
    expect(stopped.length).toBeGreaterThan(0);
    await w.pass(1800, 20);
    const sent = w.ssm.commands.flatMap(({ invocations }) => invocations.map(({ instanceId }) => instanceId));
    expect(new Set(sent)).toEqual(new Set(w.ids.slice(0, count)));
  });
});
