import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

const REPAIR = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';
const OTHER = { kind: 'other', why: 'the document is another' } as const;
let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

describe('a document that is not what was built', () => {
  it('is sent to no node of a repair: all are skipped, people are told once, and no attempt is booked', async () => {
    const w = runControllerWorld(await table.another(), { nodes: 12 });
    for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 8000 });
    w.odd.set(REPAIR, OTHER);
    await w.ask('r-1', 'repair', w.ids);
    await w.pass(60);
    expect(w.ssm.commands).toEqual([]);
    const results = await w.resultsOf('r-1');
    expect(results).toHaveLength(12);
    expect(new Set(results.map(({ outcome, skipReason }) => `${outcome} ${skipReason}`))).toEqual(
      new Set(['Skipped DocumentRefused']),
    );
    expect(w.notices.filter(({ detailType }) => detailType === 'Document Refused')).toMatchObject([
      { detail: { runId: 'r-1', remediation: 'pause-image', message: OTHER.why } },
    ]);
    expect(w.telemetry.counts.DocumentRefused).toBe(1);
    const states = await w.deps.results.nodeStates(w.ids, 'pause-image');
    expect([...states.values()].flatMap(({ attempts }) => Object.keys(attempts))).toEqual([]);
    // Put right, it repairs them.
    w.odd.clear();
    await w.ask('r-2', 'repair', w.ids);
    await w.pass(400);
    expect((await w.resultsOf('r-2')).map(({ outcome }) => outcome)).toEqual(Array(12).fill('Repaired'));
  });

  it('leaves its part of a check undone: no node is healthy by the other parts alone', async () => {
    const parts = ['1', '2', '3'].map((part) => `fleetmend-node-check-${part}-${'3'.repeat(12)}`);
    const { testSettings } = await import('../../test/support/settings.ts');
    const w = runControllerWorld(await table.another(), { nodes: 3, settings: testSettings({}, 3) });
    w.odd.set(parts[2] ?? '', OTHER);
    await w.ask('r-check', 'check', w.ids);
    await w.pass(120);
    expect(w.ssm.commands.map(({ documentName }) => documentName)).not.toContain(parts[2]);
    expect((await w.healthyOf('r-check')).length).toBe(0);
    expect((await w.resultsOf('r-check')).map(({ skipReason }) => skipReason)).toEqual(
      Array(3).fill('DocumentRefused'),
    );
  });
});

it.each([
  ['is not there yet', { kind: 'missing', problem: 'InvalidDocument' }],
  ['cannot be read', { kind: 'retry', problem: 'ThrottlingException' }],
] as const)('a document that %s leaves the nodes pending, until it is there', async (_, reading) => {
  const w = runControllerWorld(await table.another(), { nodes: 2 });
  for (const id of w.ids) w.nodes.set(id, { broken: true, latencyMs: 8000 });
  w.odd.set(REPAIR, reading);
  await w.ask('r-1', 'repair', w.ids);
  await w.pass(120);
  expect(w.ssm.commands).toEqual([]);
  expect(await w.resultsOf('r-1')).toEqual([]);
  w.odd.clear();
  await w.pass(300);
  expect((await w.resultsOf('r-1')).map(({ outcome }) => outcome)).toEqual(['Repaired', 'Repaired']);
});
