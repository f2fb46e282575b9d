import { afterAll, beforeAll, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** A world that notes the counts of the cluster, and how many nodes each command has, in their order. */
const world = async () => {
  const w = runControllerWorld(await table.another(), { nodes: 200 });
  const seen: (number | 'count')[] = [];
  const { fleet, sender } = w.deps;
  const list: typeof fleet.list = async (cluster) => {
    seen.push('count');
    return await fleet.list(cluster);
  };
  const send: typeof sender.send = async (command, ...rest) => {
    seen.push(command.instanceIds.length);
    return await sender.send(command, ...rest);
  };
  Object.assign(w.deps, { fleet: { ...fleet, list }, sender: { ...sender, send } });
  const breakNodes = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
    for (const id of ids) await w.signal(id);
  };
  return { ...w, seen, breakNodes };
};

it('the first node gets its command before the nodes of the cluster are counted', async () => {
  const w = await world();
  await w.breakNodes(w.ids.slice(0, 3));
  await w.deliver();
  expect(w.seen).toEqual([1, 'count']);
});

it('an old count leads to one node at first, however many the slow start has come to, and is made again after it', async () => {
  const w = await world();
  await w.breakNodes(w.ids.slice(0, 20));
  await w.pass(300);
  expect(w.seen.filter((it) => it === 'count')).toHaveLength(1);
  w.clock.ms += 600_000;
  w.seen.length = 0;
  await w.breakNodes(w.ids.slice(20, 40));
  await w.deliver();
  expect(w.seen.slice(0, 2)).toEqual([1, 'count']);
  expect(Number(w.seen[2])).toBeGreaterThan(1);
});

it('where another run holds slots of the cluster, its budget is counted before the first node', async () => {
  const w = await world();
  const until = w.iso(600);
  const cluster = await w.lanes.getCluster('demo');
  await w.lanes.saveCluster({
    ...cluster,
    slots: { 'r-0': { lane: 'demo/cni-files', count: 1, until, runVersion: 1 } },
  });
  await w.breakNodes(w.ids.slice(0, 3));
  await w.deliver();
  expect(w.seen).toEqual(['count', 1]);
});
