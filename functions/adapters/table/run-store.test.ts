import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aRun, node, observed, over, START } from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { VersionConflictError } from './items.ts';
import { keys } from './keys.ts';
import { createRunStore, type RunStore } from './run-store.ts';

let table: TestTable;
let store: RunStore;
beforeAll(async () => {
  table = await startWireTable();
  store = createRunStore({ ...table, retentionDays: 10 });
});
afterAll(() => table.stop());

describe('a run', () => {
  it('is stored once, and read as it was stored', async () => {
    const run = aRun(3, { runId: 'r-once' });
    expect(await store.get('r-once')).toBeUndefined();
    expect(await store.create(run)).toBe(true);
    expect(await store.create({ ...run, cluster: 'other' })).toBe(false);
    expect(await store.get('r-once')).toEqual(run);
  });

  it('is saved over the version that was read, and over no other', async () => {
    const run = aRun(3, { runId: 'r-save' });
    await store.create(run);
    const next = await store.save({ ...run, settled: { Gone: 1 } });
    expect(next.version).toBe(1);
    await expect(store.save({ ...run, settled: { Gone: 2 } })).rejects.toBeInstanceOf(VersionConflictError);
    await expect(store.save(aRun(1, { runId: 'r-nobody' }))).rejects.toBeInstanceOf(VersionConflictError);
    expect(await store.get('r-save')).toEqual(next);
  });

  it('is open until it has ended and kept all its promises', async () => {
    const run = aRun(0, { runId: 'r-open' });
    await store.create(run);
    const item = async () => (await table.items('RUN#r-open'))[0];
    expect(await item()).toMatchObject({ duePk: expect.stringMatching(/^OPEN#/), dueSk: START, ownerPk: 'RUNS#demo' });
    const ended = await store.save({ ...over(run), outbox: [{ kind: 'cancel', commandId: 'c' }] });
    expect(await item()).toMatchObject({ dueSk: START });
    await store.save({ ...ended, outbox: [] });
    expect(await item()).not.toHaveProperty('duePk');
    expect((await item())?.expiresAt).toBe(Date.parse(START) / 1000 + 10 * 86_400);
  });

  it('does not expire while it is open, and is kept from its end on', async () => {
    const item = async () => (await table.items('RUN#r-kept'))[0];
    const [run, endedAt] = [aRun(1, { runId: 'r-kept' }), '2026-10-01T10:00:00.000Z'];
    await store.create(run);
    expect(await item()).not.toHaveProperty('expiresAt');
    await store.save(run);
    await store.save({ ...over(run), version: 1, endedAt });
    expect((await item())?.expiresAt).toBe(Date.parse(endedAt) / 1000 + 10 * 86_400);
  });

  it('that cannot be read is not acted upon: the error names the row and the field', async () => {
    await table.put({ ...keys.run('r-bad'), ...aRun(1), status: 'asleep' });
    await expect(store.get('r-bad')).rejects.toThrow(/reading the row RUN#r-bad \/ STATE:[\s\S]*status/);
  });
});

describe('an observation', () => {
  const seen = (final: boolean, outcome: 'TimedOut' | 'Repaired' | 'Healthy') =>
    observed('1', { [node(1)]: { outcome } }, { runId: 'r-seen', final, grade: final ? 4 : 1 });

  it('is stored in place of the one that was read, and of no other', async () => {
    const [early, final] = [seen(false, 'TimedOut'), seen(true, 'Repaired')];
    expect(await store.putObservation(early, undefined)).toBe(true);
    expect(await store.putObservation(seen(false, 'Healthy'), undefined)).toBe(false);
    expect(await store.observations('r-seen')).toEqual([early]);
    expect(await store.putObservation(final, { ...early, grade: 0 })).toBe(false);
    expect(await store.putObservation(final, early)).toBe(true);
    expect(await store.putObservation(seen(true, 'Healthy'), early)).toBe(false);
    expect(await store.observation('r-seen', '1')).toEqual(final);
    expect(await store.observation('r-seen', '2')).toBeUndefined();
  });

  it('of a run comes with all the others, over many pages', async () => {
    const padding = 'x'.repeat(60_000);
    for (let i = 0; i < 20; i++) {
      const row = { ...observed(String(i), { [node(i)]: {} }), runId: 'r-many', commandId: padding };
      await store.putObservation(row, undefined);
    }
    expect(await store.observations('r-many')).toHaveLength(20);
    expect(await store.observations('r-man')).toEqual([]);
  });
});
