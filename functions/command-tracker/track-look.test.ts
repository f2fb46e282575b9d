import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { report } from '../audit-query/query.ts';
import { trackMessage } from './track-look.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const LOOKS = { repairFirstLookSeconds: 12, repairSecondLookSeconds: 30 };
type World = ReturnType<typeof runControllerWorld>;
const commandOf = (w: World) => w.ssm.commands[0] ?? expect.fail();

/** A world in which a check of two nodes is on its way, one of which is quick and the other slow. */
const underWay = async (latencyMs = 40_000): Promise<World & { readonly quick: string; readonly slow: string }> => {
  const w = runControllerWorld(await table.another(), { events: 0, nodes: 2 });
  const [quick = '', slow = ''] = w.ids;
  w.nodes.set(quick, { broken: true, latencyMs: 4000 });
  w.nodes.set(slow, { broken: true, latencyMs });
  await w.ask('r-check', 'check', w.ids);
  await w.deliver();
  return { ...w, quick, slow };
};

it('stores the results of the nodes that have ended, names the others as open, and wakes the run', async () => {
  const w = await underWay();
  w.clock.ms += 12_000;
  await w.look(commandOf(w).id);
  expect((await w.resultsOf('r-check')).map((r) => [r.instanceId, r.outcome])).toEqual([[w.quick, 'Broken']]);
  expect(await w.runs.observations('r-check')).toMatchObject([{ closedBy: 'look', final: false, open: [w.slow] }]);
  expect(w.queue).toEqual([{ kind: 'run', runId: 'r-check' }]);
});

it('stores nothing and wakes nobody while no node has ended', async () => {
  const w = await underWay();
  w.clock.ms += 2000;
  await w.look(commandOf(w).id);
  expect([await w.runs.observations('r-check'), w.queue]).toEqual([[], []]);
});

it('does not ask SSM about a command whose nodes have all ended, and not about one without a row', async () => {
  const w = await underWay(5000);
  w.clock.ms += 12_000;
  await w.look(commandOf(w).id);
  const { calls } = w.ssm.world;
  await w.look(commandOf(w).id, 2);
  await w.look('51c0891d-0e34-45b1-83d6-95db273d1602');
  expect(w.ssm.world.calls).toBe(calls);
  expect(w.telemetry.counts.LookNotNeeded).toBe(2);
});

it('that cannot be read names the field', async () => {
  const w = await underWay();
  await expect(w.look('')).rejects.toThrow(/reading the look: field commandId/);
});

it('is asked for after a repair is sent: that of a canary when the canary may be silent', async () => {
  const settings = testSettings({ ...LOOKS, canaries: 1 });
  const w = runControllerWorld(await table.another(), { events: 1, nodes: 60, settings });
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
  await w.ask('r-repair', 'repair', w.ids.slice(0, 30));
  await w.pass(60);
  const sizes = w.ssm.commands.map((c) => c.invocations.length);
  expect(Math.max(...sizes)).toBeGreaterThan(1);
  expect(w.looks.asked).toEqual(w.ssm.commands.map(({ id }, i) => [id, sizes[i] === 1 ? [8] : [12, 30]]));
});

it('that saw every node end is not followed by a read at the end event, which wakes the run', async () => {
  const settings = testSettings({ canaries: 1 });
  const w = runControllerWorld(await table.another(), { events: 0, nodes: 60, settings });
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
  await w.ask('r-repair', 'repair', w.ids.slice(0, 3));
  await w.deliver();
  const document = commandOf(w).documentName;
  w.clock.ms += 5000;
  await w.track(commandOf(w).id, document);
  await w.deliver();
  const several = w.ssm.commands[1] ?? expect.fail();
  expect(several.invocations).toHaveLength(2);
  w.clock.ms += 15_000;
  await w.look(several.id);
  const { calls } = w.ssm.world;
  await w.deliver();
  await w.track(several.id, document);
  expect([w.ssm.world.calls - calls, w.telemetry.counts.EndSeenBefore]).toEqual([0, 1]);
  expect(w.queue[0]).toEqual({ kind: 'lane', lane: 'demo/pause-image' });
});

it('shows each node of a check that a person waits for as it answers: one that does not hides nobody', async () => {
  const own = await table.another();
  const w = runControllerWorld(own, { events: 0, nodes: 60, settings: testSettings({}, 2) });
  const [broken = '', silent = '', ...others] = w.ids;
  for (const id of others) w.nodes.set(id, { broken: false, latencyMs: 2000 });
  w.nodes.set(broken, { broken: true, latencyMs: 2000 });
  w.nodes.set(silent, { broken: false, latencyMs: 3_600_000 });
  await w.ask('r-check', 'check', w.ids);
  await w.pass(6);
  const { items } = accepted(await report(auditQueryPorts(own), { query: 'run', runId: 'r-check' }));
  const shown = (kind: string) => items.filter((item) => item.kind === kind);
  expect(shown('result')).toMatchObject([{ instanceId: broken, outcome: 'Broken' }]);
  expect(shown('healthy')).toMatchObject([{ count: others.length }]);
  expect(shown('open')).toMatchObject([{ instanceIds: [silent] }]);
  const checks = w.ssm.commands.flatMap(({ id, documentName }) => (documentName.includes('check') ? [id] : []));
  expect(w.looks.asked.filter(([id]) => checks.includes(id))).toEqual(checks.map((id) => [id, [4, 8, 16]]));
  expect(w.ssm.sends('pause-image-repair')).toEqual(new Map([[broken, 1]]));
});

it('is followed by one read at the end of a part, which wakes the run while another part still runs', async () => {
  const w = runControllerWorld(await table.another(), { events: 0, nodes: 2, settings: testSettings({}, 2) });
  const [quick = '', slow = ''] = w.ids;
  w.nodes.set(quick, { broken: true, latencyMs: 2000 });
  w.nodes.set(slow, { broken: true, latencyMs: 10_000, part: { number: 2, latencyMs: 60_000 } });
  await w.ask('r-check', 'check', w.ids);
  await w.deliver();
  const [first = expect.fail(), second = expect.fail()] = w.ssm.commands;
  w.clock.ms += 4000;
  for (const { id } of [first, second]) await w.look(id);
  w.clock.ms += 7000;
  const { calls } = w.ssm.world;
  w.queue.splice(0);
  await w.track(first.id, first.documentName);
  expect([w.ssm.world.calls - calls, w.queue]).toEqual([1, [{ kind: 'run', runId: 'r-check' }]]);
});

it('is not asked for at a sweep', async () => {
  const w = runControllerWorld(await table.another(), { events: 0, nodes: 60 });
  for (const id of w.ids) w.nodes.set(id, { broken: false, latencyMs: 2000 });
  await w.runReconcile('sweep');
  await w.pass(1800, 60);
  expect(w.ssm.commands.length).toBeGreaterThan(0);
  expect(w.looks.asked).toEqual([]);
});

it('that the queue refuses stops nothing', async () => {
  const settings = testSettings({ ...LOOKS, canaries: 1 });
  const w = runControllerWorld(await table.another(), { nodes: 60, settings });
  w.looks.state.isAway = true;
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 4000 });
  await w.ask('r-repair', 'repair', w.ids.slice(0, 30));
  await w.pass(300);
  expect([...w.nodes.values()].filter((n) => n.broken)).toHaveLength(30);
  expect(w.telemetry.counts.LookRefused).toBeGreaterThan(0);
});

it('of a repair of a single node asks nobody, and wakes its lane and its run while the node has not ended', async () => {
  const w = runControllerWorld(await table.another(), { nodes: 1 });
  const [id = ''] = w.ids;
  w.nodes.set(id, { broken: true, latencyMs: Number.POSITIVE_INFINITY });
  await w.signal(id);
  await w.deliver();
  w.clock.ms += 8000;
  const { calls } = w.ssm.world;
  await w.look(commandOf(w).id);
  expect(w.ssm.world.calls).toBe(calls);
  const [{ runId } = expect.fail()] = await w.allRuns();
  expect(w.queue).toEqual([
    { kind: 'lane', lane: 'demo/pause-image' },
    { kind: 'run', runId },
  ]);
});

it('of a wake sends it, and names what cannot be read', async () => {
  const w = runControllerWorld(await table.another(), { nodes: 1 });
  const wake = { kind: 'lane', lane: 'demo/pause-image' };
  await trackMessage(w.commandTrackerPorts, { kind: 'wake', wake });
  expect(w.queue).toEqual([wake]);
  await expect(trackMessage(w.commandTrackerPorts, { kind: 'wake', wake: { kind: 'lane' } })).rejects.toThrow(
    /reading the later wake: field wake\.lane/,
  );
});
