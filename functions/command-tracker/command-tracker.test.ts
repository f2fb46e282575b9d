import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wakeOf } from '../../core/model/wake.ts';
import { countsOf } from '../../core/runs/reports.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { keys } from '../adapters/table/keys.ts';
import { trackEvent } from './track-event.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';

/** A world in which one broken node's repair is on its way. */
const underWay = async (): Promise<World & { readonly id: string }> => {
  const w = runControllerWorld(await table.another(), { events: 0 });
  const [id = ''] = w.ids;
  w.nodes.set(id, { broken: true, latencyMs: 4000 });
  await w.signal(id);
  await w.deliver();
  return { ...w, id };
};
const commandId = (w: World): string => w.ssm.commands[0]?.id ?? '';

describe('the end of a command', () => {
  it('is written down as results, then as an observation, and wakes the lane', async () => {
    const w = await underWay();
    w.clock.ms += 5000;
    await w.track(commandId(w), DOCUMENT);
    const [run] = await w.allRuns();
    expect(await w.resultsOf(run?.runId ?? '')).toMatchObject([
      { outcome: 'Repaired', commandId: commandId(w), endedAt: w.iso(-1), at: w.iso() },
    ]);
    expect(await w.runs.observations(run?.runId ?? '')).toMatchObject([{ final: true, closedBy: 'end' }]);
    expect(w.queue).toEqual([{ kind: 'lane', lane: 'demo/pause-image' }]);
  });

  it('announced many times, also after the run has ended, changes nothing', async () => {
    const w = await underWay();
    w.clock.ms += 5000;
    await w.track(commandId(w), DOCUMENT);
    await w.pass(60);
    const before = JSON.stringify([await w.allRuns(), await w.resultsOf((await w.allRuns())[0]?.runId ?? '')]);
    for (let i = 0; i < 5; i++) await w.track(commandId(w), DOCUMENT);
    await w.deliver();
    expect(JSON.stringify([await w.allRuns(), await w.resultsOf((await w.allRuns())[0]?.runId ?? '')])).toBe(before);
  });

  it('that is quicker than the row of its command is matched by its Comment', async () => {
    const w = await underWay();
    await w.clear(keys.command(commandId(w)));
    w.clock.ms += 5000;
    await w.track(commandId(w), DOCUMENT);
    await w.deliver();
    expect((await w.allRuns()).map((r) => countsOf(r))).toEqual([{ Repaired: 1 }]);
  });

  it('of a check whose row is stored while its Comment is looked up is recorded', async () => {
    const w = runControllerWorld(await table.another(), { events: 0, nodes: 2 });
    await w.ask('r-check', 'check', w.ids);
    await w.deliver();
    w.clock.ms += 9000;
    let reads = 0;
    const results = {
      ...w.commandTrackerPorts.results,
      getCommand: async (id: string) => (reads++ === 0 ? undefined : await w.results.getCommand(id)),
    };
    const detail = { 'command-id': commandId(w), 'document-name': w.ssm.commands[0]?.documentName, status: 'Success' };
    const event = { source: 'aws.ssm', 'detail-type': 'EC2 Command Status-change Notification', detail };
    await trackEvent({ ...w.commandTrackerPorts, results }, event);
    await w.deliver();
    expect((await w.allRuns()).map((r) => countsOf(r))).toEqual([{ Healthy: 2 }]);
  });

  it('that its invocations do not show yet is left to the deadline', async () => {
    const w = await underWay();
    w.clock.ms += 1000;
    await w.track(commandId(w), DOCUMENT);
    expect(w.queue).toEqual([]);
    expect(w.telemetry.counts.EndNotShownYet).toBe(1);
    await w.pass(180);
    expect((await w.allRuns()).map((r) => countsOf(r))).toEqual([{ Repaired: 1 }]);
  });

  it('of a command that no run of ours sent is counted and let go', async () => {
    const w = await underWay();
    await w.track('51c0891d-0e34-45b1-83d6-95db273d1602', DOCUMENT);
    expect(w.telemetry.counts.CommandNotOurs).toBe(1);
    await w.track('51c0891d-0e34-45b1-83d6-95db273d1602', 'AWS-RunShellScript');
    expect(w.telemetry.counts.EventIgnored).toBe(1);
    expect(w.queue).toEqual([]);
  });

  it('that cannot be read names the field', async () => {
    const w = await underWay();
    await expect(w.track('not-an-id', DOCUMENT)).rejects.toThrow(/field detail\.command-id/);
  });
});

describe('results', () => {
  it('of three failed repairs within a day quarantine the node', async () => {
    const w = await underWay();
    w.nodes.set(w.id, { broken: true, latencyMs: 4000, failsWith: { outcome: 'NotRepaired', reason: 'DiskFull' } });
    for (let i = 0; i < 3; i++) {
      await w.signal(w.id);
      await w.pass(960, 30);
    }
    const state = (await w.results.nodeStates([w.id], 'pause-image')).get(w.id);
    expect(Object.values(state?.attempts ?? {}).map((a) => a.outcome)).toEqual(Array(3).fill('NotRepaired'));
    expect(state?.quarantinedAt).toBeDefined();
    await w.signal(w.id);
    await w.pass(60);
    expect((await w.allRuns()).at(-1)).toMatchObject({ settled: { Quarantined: 1 } });
    expect([...w.ssm.sends('repair').values()]).toEqual([3]);
  });

  it('of a repair that did not last a day are Relapsed', async () => {
    const w = await underWay();
    await w.pass(180, 10);
    w.clock.ms += 3_600_000;
    w.nodes.set(w.id, { broken: true, latencyMs: 4000 });
    await w.signal(w.id);
    await w.pass(240, 10);
    const [, second] = await w.allRuns();
    expect(await w.resultsOf(second?.runId ?? '')).toMatchObject([{ outcome: 'Relapsed' }]);
    expect((await w.resultsOf(second?.runId ?? ''))[0]?.message).toMatch(
      /the repair at 2026-08-22T10:00:04.000Z .* did not last/,
    );
  });
});

it.each([
  [
    { group: 'r-1', runId: 'r-1' },
    { kind: 'run', runId: 'r-1' },
  ],
  [
    { group: 'demo/pause-image', runId: 'r-1' },
    { kind: 'lane', lane: 'demo/pause-image' },
  ],
])('the news of %j wakes %j', (command, wake) => {
  expect(wakeOf(command)).toEqual(wake);
});
