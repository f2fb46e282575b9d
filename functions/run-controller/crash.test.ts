import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsOf } from '../../core/runs/reports.ts';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import { isDeep, search } from '../../test/deep.ts';
import type { CrashMode } from '../../test/support/crash.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startMemoryTable, startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
let inMemory: TestTable;
beforeAll(async () => {
  [table, inMemory] = await Promise.all([startTable(), startMemoryTable()]);
});
afterAll(() => table.stop());

/** In full, one world of so many has its table over the wire: with all of them there a scenario took half an hour. */
const WIRED = 16;

type World = ReturnType<typeof runControllerWorld>;

/** What must hold after a quiet hour, whatever happened before. */
const expectPeace = async (world: World): Promise<void> => {
  const runs = await world.allRuns();
  expect(runs.filter((r) => r.status !== 'ended' || r.outbox.length > 0)).toEqual([]);
  for (const run of runs) {
    const counted = Object.values(countsOf(run)).reduce<number>((sum, n) => sum + (n ?? 0), 0);
    const rows = await world.resultsOf(run.runId);
    const nodes = new Set([...rows.map((r) => r.instanceId), ...(await world.healthyOf(run.runId))]);
    expect({ run: run.runId, nodes: nodes.size }).toEqual({ run: run.runId, nodes: counted });
  }
  expect([...world.ssm.sends('repair').values()].filter((n) => n > 1)).toEqual([]);
  expect([...world.nodes].filter(([, node]) => node.broken)).toEqual([]);
  const { slots, disruptive } = await world.lanes.getCluster('demo');
  expect({ slots, disruptive }).toEqual({ slots: {}, disruptive: undefined });
  for (const lane of ['demo/pause-image', 'demo/cri-dockerd', 'demo/node-check']) {
    expect(await world.lanes.pendingNodes(lane)).toEqual([]);
    expect((await world.lanes.get(lane))?.activeRunId).toBeUndefined();
  }
};

/** Some busy minutes, and a quiet hour in which answered rows go. Returns the calls of the busy part. */
const settle = async (world: World): Promise<number> => {
  await world.pass(240, 10);
  const { calls } = world.crash;
  await world.pass(3600, 60);
  return calls;
};

const scenarios: Record<string, (world: World) => Promise<void>> = {
  'two nodes are reported and repaired': async (world) => {
    for (const id of world.ids.slice(0, 2)) {
      world.nodes.set(id, { broken: true, latencyMs: 8000 });
      await world.signal(id);
    }
  },
  'a check finds what is broken': async (world) => {
    for (const id of world.ids.slice(0, 2)) world.nodes.set(id, { broken: true, latencyMs: 3000 });
    await world.ask('r-check', 'check', world.ids.slice(0, 3));
  },
  'a check in two parts finds what is broken, and another node answers late': async (world) => {
    for (const id of world.ids.slice(0, 2)) world.nodes.set(id, { broken: true, latencyMs: 3000 });
    for (const id of world.ids.slice(2)) world.nodes.set(id, { broken: false, latencyMs: 70_000 });
    await world.ask('r-check', 'check', world.ids);
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

/** Played by `npm run test:deep` alone: the sample stays as long as it is. */
const deepScenarios: typeof scenarios = {
  'log lines name five nodes, which are checked first, and three are broken': async (world) => {
    for (const [i, id] of world.ids.entries()) {
      world.nodes.set(id, { broken: i < 3, latencyMs: 3000 });
      await world.signal(id, 'pause-image', world.iso(), LOGS_SOURCE);
    }
  },
  'a disruptive repair and another one': async (world) => {
    const [a = '', b = ''] = world.ids;
    for (const id of [a, b]) world.nodes.set(id, { broken: true, latencyMs: 8000 });
    await world.signal(a, 'cri-dockerd');
    await world.signal(b);
  },
  'a repair is cancelled at work, and its nodes are reported again': async (world) => {
    const [a = '', b = ''] = world.ids;
    for (const id of [a, b]) world.nodes.set(id, { broken: true, latencyMs: 8000 });
    const before = world.iso();
    await world.ask('r-operator', 'repair', [a, b]);
    await world.deliver();
    await world.cancel('r-operator');
    world.queue.push({ kind: 'lane', lane: 'demo/pause-image' });
    await world.pass(30, 10);
    for (const id of [a, b]) await world.signal(id, 'pause-image', before);
  },
};

const modes: readonly CrashMode[] = ['dies-before', 'dies-after', 'fails', 'freezes'];

/** A sample takes so many calls of each scenario, at equal distances, each in the mode after that of the one before. */
const SAMPLES = 3;

type Crash = { readonly at: number; readonly mode: CrashMode };

/** In full: every way at a call of the work itself, and one way at a call of the quiet hour. */
const crashesAt = (calls: number, busy: number, turn: number): readonly Crash[] => {
  const { seed } = search(`a crash at any of ${calls} calls`, SAMPLES, busy * (modes.length - 1) + calls);
  const modeOf = (n: number): CrashMode => modes[n % modes.length] ?? 'fails';
  if (isDeep)
    return Array.from({ length: calls }, (_, i) =>
      (i < busy ? modes : [modeOf(i)]).map((mode) => ({ at: i + 1, mode })),
    ).flat();
  const distance = Math.floor(calls / SAMPLES);
  return Array.from({ length: SAMPLES }, (_, i) => ({
    at: 1 + (seed % distance) + i * distance,
    mode: modeOf(turn * SAMPLES + i),
  }));
};

describe('a crash or a freeze at any call', () => {
  const tried = new Set<CrashMode>();
  for (const [turn, [name, play]] of Object.entries({ ...scenarios, ...(isDeep ? deepScenarios : {}) }).entries()) {
    it(`loses nothing and repairs nothing twice: ${name}`, async () => {
      const live = async (at: number, mode: CrashMode): Promise<{ readonly world: World; readonly busy: number }> => {
        // With events lost, only reconcile sees the ends of commands.
        const settings = testSettings({}, name.includes('in two parts') ? 2 : 1);
        const world = runControllerWorld(await (at % WIRED === 0 ? table : inMemory).another(), {
          settings,
          nodes: name.includes('five nodes') ? 5 : 3,
          events: at % 2,
          crash: { at, mode },
        });
        await play(world);
        const busy = await settle(world);
        // A frozen copy goes on an hour later: it changes nothing that others have done since. Nothing goes on after a crash.
        await world.thaw();
        if (world.crash.diedAt === '' || mode === 'freezes') await settle(world);
        return { world, busy };
      };
      const whole = await live(0, 'fails');
      await expectPeace(whole.world);
      // The calls of the quiet hour are alike: a sample takes none of them.
      const calls = isDeep ? whole.world.crash.calls : whole.busy;
      for (const { at, mode } of crashesAt(calls, whole.busy, turn)) {
        tried.add(mode);
        const { world } = await live(at, mode);
        try {
          await expectPeace(world);
        } catch (cause) {
          throw new Error(`with a crash at call ${at} of ${calls} (${world.crash.diedAt}, ${mode})`, { cause });
        }
      }
    }, 10_800_000);
  }

  it('has been tried in every mode', () => {
    expect([...tried].toSorted()).toEqual(modes.toSorted());
  });
});
