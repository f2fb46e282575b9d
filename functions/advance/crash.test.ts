import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDeep } from '../../test/deep.ts';
import { advanceWorld } from '../../test/support/advance-world.ts';
import type { CrashMode } from '../../test/support/crash.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { countsOf } from '../core/run.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof advanceWorld>;

/** What must hold after a quiet hour, whatever happened before. */
const expectPeace = async (world: World): Promise<void> => {
  const runs = await world.allRuns();
  expect(runs.filter((r) => r.status !== 'ended' || r.outbox.length > 0)).toEqual([]);
  for (const run of runs) {
    const counted = Object.values(countsOf(run)).reduce<number>((sum, n) => sum + (n ?? 0), 0);
    const nodes = new Set((await world.resultsOf(run.runId)).map((r) => r.instanceId));
    expect({ run: run.runId, nodes: nodes.size }).toEqual({ run: run.runId, nodes: counted });
  }
  expect([...world.ssm.sends('repair').values()].filter((n) => n > 1)).toEqual([]);
  expect([...world.nodes].filter(([, node]) => node.broken)).toEqual([]);
  expect((await world.lanes.getCluster('demo')).slots).toEqual({});
  for (const lane of ['demo/pause-image', 'demo/node-check']) {
    expect(await world.lanes.mailbox(lane)).toEqual([]);
    expect((await world.lanes.get(lane))?.activeRunId).toBeUndefined();
  }
};

const scenarios: Record<string, (world: World) => Promise<void>> = {
  'two nodes are reported and mended': async (world) => {
    for (const id of world.ids.slice(0, 2)) {
      world.nodes.set(id, { broken: true, latencyMs: 8000 });
      await world.signal(id);
    }
  },
  'a check finds what is broken': async (world) => {
    for (const id of world.ids.slice(0, 2)) world.nodes.set(id, { broken: true, latencyMs: 3000 });
    await world.ask('r-check', 'check', world.ids.slice(0, 3));
  },
  'an operator asks, and one node is stopped': async (world) => {
    const [a = '', b = ''] = world.ids;
    world.nodes.set(a, { broken: true, latencyMs: 8000 });
    const stopped = world.facts.get(b);
    if (stopped !== undefined) world.facts.set(b, { ...stopped, state: 'stopped' });
    await world.ask('r-operator', 'repair', [a, b]);
    await world.signal(b);
  },
};

const modes: readonly CrashMode[] = ['dies-before', 'dies-after', 'fails'];

describe('a crash at any call', () => {
  for (const [name, play] of Object.entries(scenarios)) {
    for (const events of [1, 0]) {
      it(`loses nothing and repairs nothing twice: ${name}${events === 0 ? ', every event lost' : ''}`, async () => {
        const whole = advanceWorld(await table.another(), { nodes: 3, events });
        await play(whole);
        await whole.pass(1800, 10);
        await expectPeace(whole);
        const calls = whole.crash.calls;
        // Late calls are reconcile's idle looks.
        const step = isDeep ? 1 : 3;
        for (let at = 1; at <= calls; at += step) {
          const mode = modes[at % modes.length] ?? 'fails';
          for (const m of isDeep ? modes : [mode]) {
            const world = advanceWorld(await table.another(), { nodes: 3, events, crash: { at, mode: m } });
            await play(world);
            await world.pass(3600, 10);
            try {
              await expectPeace(world);
            } catch (cause) {
              throw new Error(`with a crash at call ${at} of ${calls} (${world.crash.diedAt}, ${m})`, { cause });
            }
          }
        }
      }, 600_000);
    }
  }
});
