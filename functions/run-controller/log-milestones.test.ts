import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;

const MILESTONE = /^(?:planning|starting|stopping|ending) run$|circuit breaker$/u;
const logged = (w: World, message?: string) =>
  w.telemetry.lines.filter((line) => (message === undefined ? MILESTONE.test(line.message) : line.message === message));

describe('the log of run-controller', () => {
  it('has each step of a repair once, at info, with the run and its lane', async () => {
    const w = runControllerWorld(await table.another());
    const [id = ''] = w.ids;
    w.nodes.set(id, { broken: true, latencyMs: 4000 });
    await w.signal(id);
    await w.pass(120);
    const [run] = await w.allRuns();
    expect(logged(w).map(({ message }) => message)).toEqual(['planning run', 'starting run', 'ending run']);
    for (const { level, fields } of logged(w)) {
      expect(level).toBe('info');
      expect(fields).toMatchObject({ runId: run?.runId, lane: 'demo/pause-image', cluster: 'demo', action: 'repair' });
    }
    expect(logged(w, 'ending run')[0]?.fields).toMatchObject({ counts: { Repaired: 1 } });
  });

  it('logs that a run stops and that its breaker opens, with the end of the breaker', async () => {
    const w = runControllerWorld(await table.another());
    for (const id of w.ids.slice(0, 6)) {
      w.nodes.set(id, {
        broken: true,
        latencyMs: 4000,
        failsWith: { outcome: 'NotRepaired', reason: 'SandboxImageMissing' },
      });
      await w.signal(id);
    }
    await w.pass(300);
    expect(logged(w).map(({ message }) => message)).toEqual(
      expect.arrayContaining(['planning run', 'starting run', 'stopping run', 'ending run', 'opening circuit breaker']),
    );
    expect(logged(w, 'opening circuit breaker')[0]).toMatchObject({
      level: 'info',
      fields: {
        cluster: 'demo',
        document: expect.stringContaining('pause-image-repair'),
        openings: 1,
        openUntil: expect.any(String),
        runId: expect.any(String),
      },
    });
    expect(logged(w, 'stopping run')[0]?.fields).toMatchObject({ reason: 'BreakerOpen' });
  });
});
