import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import type { FakeNode } from '../../test/support/fake-ssm.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { sampleOf } from '../../test/support/sample.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const HONEST = 10;
const LATENCY_MS = 4000;
const SAY_AGAIN_SECONDS = 10;
const PATIENCE_SECONDS = 1800;

/**
 * The seconds until ten broken nodes are repaired, by the test's own clock, while others lie: they are reported first, are sent
 * to before any other node is known, and are reported again like all broken nodes.
 */
const secondsWith = async (liars: readonly Partial<FakeNode>[], nodes = 200): Promise<number> => {
  const w = runControllerWorld(await table.another(), { nodes });
  const from = w.clock.ms;
  const lying = w.ids.slice(0, liars.length);
  const honest = w.ids.slice(-HONEST);
  for (const [i, id] of lying.entries()) w.nodes.set(id, { broken: true, latencyMs: LATENCY_MS, ...liars[i] });
  for (const id of honest) w.nodes.set(id, { broken: true, latencyMs: LATENCY_MS });
  for (const id of lying) await w.signal(id);
  await w.deliver();
  const isBroken = (id: string) => w.nodes.get(id)?.broken === true;
  for (let gone = 0; gone < PATIENCE_SECONDS && honest.some(isBroken); gone++) {
    if (gone % SAY_AGAIN_SECONDS === 0) for (const id of [...lying, ...honest].filter(isBroken)) await w.signal(id);
    await w.pass(1, 1);
  }
  expect(honest.filter(isBroken)).toEqual([]);
  return (w.clock.ms - from) / 1000;
};

const FAILS: Partial<FakeNode> = { failsWith: { outcome: 'NotRepaired', reason: 'SandboxImageMissing' } };
const SILENT_REGISTRY: Partial<FakeNode> = { failsWith: { outcome: 'NotRepaired', reason: 'RegistryUnreachable' } };
const MUTE: Partial<FakeNode> = { latencyMs: Number.POSITIVE_INFINITY };

/** The seconds until ten broken nodes are repaired that log lines alone report, together with silent ones: all are checked first. */
const secondsCheckedFirst = async (silent: number): Promise<number> => {
  const w = runControllerWorld(await table.another(), { nodes: 200 });
  const from = w.clock.ms;
  const honest = w.ids.slice(-HONEST);
  const named = [...w.ids.slice(0, silent), ...honest];
  for (const [i, id] of named.entries())
    w.nodes.set(id, { broken: true, latencyMs: i < silent ? Number.POSITIVE_INFINITY : LATENCY_MS });
  const isBroken = (id: string) => w.nodes.get(id)?.broken === true;
  for (let gone = 0; gone < PATIENCE_SECONDS && honest.some(isBroken); gone++) {
    if (gone % SAY_AGAIN_SECONDS === 0)
      for (const id of named.filter(isBroken)) await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
    await w.pass(1, 1);
  }
  expect(honest.filter(isBroken)).toEqual([]);
  return (w.clock.ms - from) / 1000;
};

it('ten broken nodes that are checked first are repaired soon in spite of two that answer nothing', async () => {
  const [alone, seconds] = [await secondsCheckedFirst(0), await secondsCheckedFirst(2)];
  console.info(`${seconds} s instead of ${alone} s`);
  expect(seconds).toBeLessThanOrEqual(2 * alone);
});

describe('ten broken nodes are repaired', () => {
  let honestSeconds = 0;
  beforeAll(async () => {
    honestSeconds = await secondsWith([]);
  });

  const liarsOf: readonly (readonly [what: string, liars: readonly Partial<FakeNode>[]])[] = [
    ['two nodes whose repairs fail', [FAILS, FAILS]],
    ['two nodes that report a silent registry', [SILENT_REGISTRY, SILENT_REGISTRY]],
    ['two nodes that answer nothing', [MUTE, MUTE]],
    ['a node whose repair fails and one that answers nothing', [FAILS, MUTE]],
  ];
  it.each(sampleOf('liars in results', liarsOf, 2))('soon in spite of %s', async (_, liars) => {
    const seconds = await secondsWith(liars);
    console.info(`${seconds} s instead of ${honestSeconds} s`);
    expect(seconds).toBeLessThanOrEqual(2 * honestSeconds);
  });
});
