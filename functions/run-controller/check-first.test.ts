import { afterAll, beforeAll, expect, it } from 'vitest';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = async (named: number, broken: number) => {
  const w = runControllerWorld(await table.another(), { nodes: named });
  for (const [i, id] of w.ids.entries()) w.nodes.set(id, { broken: i < broken, latencyMs: 4000 });
  for (const id of w.ids) await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
  await w.deliver();
  await w.pass(600, 10);
  const sentTo = (kind: 'check' | 'repair') =>
    w.ssm.commands
      .filter(({ documentName }) => documentName.includes(kind))
      .flatMap(({ invocations }) => invocations.map(({ instanceId }) => instanceId));
  return { ...w, counts: w.telemetry.counts, sentTo };
};

it('log lines about many nodes send a repair to those alone that a check finds broken', async () => {
  const w = await world(12, 2);
  expect(new Set(w.sentTo('check'))).toEqual(new Set(w.ids));
  expect(w.sentTo('repair').toSorted()).toEqual(w.ids.slice(0, 2));
  expect(w.counts).toMatchObject({ CheckedFirst: 12 });
});

it('log lines about three nodes are believed at once', async () => {
  const w = await world(3, 3);
  expect(w.sentTo('repair').toSorted()).toEqual(w.ids);
  expect(w.counts).not.toHaveProperty('CheckedFirst');
});
