import { afterAll, beforeAll, expect, it } from 'vitest';
import { LOGS_SOURCE } from '../../core/state/pending-node.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;

const sentTo = ({ ssm }: World, kind: 'check' | 'repair'): readonly string[] =>
  ssm.commands
    .filter(({ documentName }) => documentName.includes(kind))
    .flatMap(({ invocations }) => invocations.map(({ instanceId }) => instanceId));

const world = async (named: number, broken: number) => {
  const w = runControllerWorld(await table.another(), { nodes: named });
  for (const [i, id] of w.ids.entries()) w.nodes.set(id, { broken: i < broken, latencyMs: 4000 });
  for (const id of w.ids) await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
  await w.deliver();
  await w.pass(600, 10);
  return { ...w, counts: w.telemetry.counts };
};

it('log lines about many nodes send a repair to those alone that a check finds broken', async () => {
  const w = await world(12, 2);
  expect(new Set(sentTo(w, 'check'))).toEqual(new Set(w.ids));
  expect(sentTo(w, 'repair').toSorted()).toEqual(w.ids.slice(0, 2));
  expect(w.counts).toMatchObject({ CheckedFirst: 12 });
});

it('a node that no check finds broken is checked once for its lines, and again for one that came after the check', async () => {
  const w = await world(6, 0);
  expect(sentTo(w, 'check').toSorted()).toEqual(w.ids);
  expect(await w.lanes.pendingNodes('demo/pause-image')).toEqual([]);
  for (const id of w.ids) await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
  await w.deliver();
  const [later = ''] = w.ids;
  await w.signal(later, 'pause-image', w.iso(1), LOGS_SOURCE);
  await w.pass(600, 10);
  expect(sentTo(w, 'check').toSorted()).toEqual([later, ...w.ids, ...w.ids].toSorted());
  expect(sentTo(w, 'repair')).toEqual([]);
});

it('lines about the same nodes in two lanes lead to one check of each', async () => {
  const w = runControllerWorld(await table.another(), { nodes: 5 });
  for (const remediation of ['pause-image', 'cri-dockerd']) {
    for (const id of w.ids) await w.signal(id, remediation, w.iso(), LOGS_SOURCE);
    await w.deliver();
  }
  await w.pass(600, 10);
  expect(sentTo(w, 'check').toSorted()).toEqual(w.ids);
});

it('log lines about three nodes are believed at once', async () => {
  const w = await world(3, 3);
  expect(sentTo(w, 'repair').toSorted()).toEqual(w.ids);
  expect(w.counts).not.toHaveProperty('CheckedFirst');
});

it('lines that go on while nodes are checked, and until they are repaired, bring no node a second check', async () => {
  const w = runControllerWorld(await table.another(), { nodes: 6 });
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 8000 });
  const isBroken = (id: string): boolean => w.nodes.get(id)?.broken === true;
  for (let seconds = 0; seconds < 420; seconds += 5) {
    for (const id of w.ids.filter(isBroken)) await w.signal(id, 'pause-image', w.iso(), LOGS_SOURCE);
    await w.pass(5);
  }
  expect(w.ids.filter(isBroken)).toEqual([]);
  expect(sentTo(w, 'repair').toSorted()).toEqual(w.ids);
  const checks = Map.groupBy(sentTo(w, 'check'), (id) => id);
  expect(new Set([...checks.values()].map((of) => of.length))).toEqual(new Set([1]));
});
