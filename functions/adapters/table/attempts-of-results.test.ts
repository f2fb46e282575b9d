import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quarantineAdvice, relapseOf } from '../../../core/guards/attempts.ts';
import type { Limits } from '../../../core/model/policy.ts';
import type { Attempt } from '../../../core/state/node-state.ts';
import type { ResultRow } from '../../../core/state/results.ts';
import { accepted } from '../../../test/support/answers.ts';
import { auditQueryPorts } from '../../../test/support/audit-query.ts';
import { at, LIMITS, node } from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { report } from '../../audit-query/query.ts';
import { keys } from './keys.ts';
import { bookingOf } from './node-store.ts';
import { createResultStore } from './result-store.ts';
import { createTable } from './table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

const ID = node(1);
const about = { instanceId: ID, cluster: 'demo', remediation: 'pause-image' };
const resultOf = (over: Partial<ResultRow> = {}): ResultRow => ({
  ...about,
  ...{ runId: 'r-1', action: 'repair', outcome: 'Repaired', message: 'm', grade: 2, endedAt: at(60), at: at(61) },
  ...over,
});
const attemptOf = ({ endedAt, outcome, grade }: ResultRow): Attempt => ({
  ...{ at: endedAt, outcome },
  ...(grade === undefined ? {} : { grade }),
});

/** A table in which the attempt of a run is booked. `written` is what the row of the node has. */
const booked = async (limits: Limits = LIMITS) => {
  const own = await table.another();
  const store = createResultStore({ ...own, limits });
  await createTable(own).transact([bookingOf(about, undefined, 'r-1', at(0), limits)]);
  return {
    ...{ own, store },
    written: async () => (await own.items(keys.nodeState(ID, '').pk))[0]?.attempts,
    shown: async () => (await store.nodeStates([ID], 'pause-image')).get(ID)?.attempts,
  };
};

it('a repair is known by its result, with no write of the state of its node', async () => {
  const { store, written, shown } = await booked();
  const row = resultOf();
  const states = await store.nodeStates([ID], 'pause-image');
  await store.putResult(row);
  const attempts = { 'r-1': attemptOf(row) };
  expect((await store.recordAttempt(about, 'r-1', attemptOf(row), states)).attempts).toEqual(attempts);
  expect((await store.recordAttempt(about, 'r-1', attemptOf(row))).attempts).toEqual(attempts);
  expect(await written()).toEqual({ 'r-1': { at: at(0) } });
  expect(await shown()).toEqual(attempts);
});

it('a failure is stored with its attempt, where failures are counted', async () => {
  const { store, written } = await booked();
  const row = resultOf({ outcome: 'NotRepaired' });
  await store.putResult(row);
  await store.recordAttempt(about, 'r-1', attemptOf(row));
  expect(await written()).toEqual({ 'r-1': attemptOf(row) });
});

it('a repair whose attempt is not booked is stored', async () => {
  const { store, written } = await booked();
  const row = resultOf({ runId: 'r-2' });
  await store.putResult(row);
  await store.recordAttempt(about, 'r-2', attemptOf(row));
  expect(await written()).toEqual({ 'r-1': { at: at(0) }, 'r-2': attemptOf(row) });
});

it('a silence that a slow function stores after the repair does not hide the repair', async () => {
  const { store, shown } = await booked();
  const silence = resultOf({ outcome: 'TimedOut', grade: 1 });
  const states = await store.nodeStates([ID], 'pause-image');
  await store.putResult(resultOf());
  await store.recordAttempt(about, 'r-1', attemptOf(resultOf()));
  await store.recordAttempt(about, 'r-1', attemptOf(silence), states);
  expect(await shown()).toEqual({ 'r-1': attemptOf(resultOf()) });
});

it('a repair that ends a stored silence is stored', async () => {
  const { store, written } = await booked();
  const silence = resultOf({ outcome: 'TimedOut', grade: 1 });
  await store.putResult(silence);
  await store.recordAttempt(about, 'r-1', attemptOf(silence));
  const states = await store.nodeStates([ID], 'pause-image');
  await store.putResult(resultOf());
  await store.recordAttempt(about, 'r-1', attemptOf(resultOf()), states);
  expect(await written()).toEqual({ 'r-1': attemptOf(resultOf()) });
});

it('audit-query shows attempts with their results', async () => {
  const { own, store } = await booked();
  await store.putResult(resultOf());
  const { items } = accepted(await report(auditQueryPorts(own), { query: 'node', instanceId: ID }));
  expect(items).toMatchObject([
    { kind: 'node', ...about, attempts: { 'r-1': { at: at(60), outcome: 'Repaired' } } },
    { kind: 'result', outcome: 'Repaired' },
  ]);
});

describe('where relapses are looked for longer than attempts count', () => {
  const [HOUR, DAY] = [3600, 86_400];
  const limits: Limits = { ...LIMITS, retentionDays: 1, attemptWindowSeconds: HOUR, relapseSeconds: 3 * DAY };

  it('a repair is known until then: its attempt, and the row that says that it was one', async () => {
    const { own, store, shown } = await booked(limits);
    await store.putResult(resultOf());
    const [row] = await own.items(keys.result('r-1', ID).pk);
    expect(row?.expiresAt).toBeGreaterThan(Date.parse(at(60 + 3 * DAY)) / 1000);
    const known = (await store.nodeStates([ID], 'pause-image')).get(ID);
    await createTable(own).transact([bookingOf(about, known, 'r-2', at(2 * DAY), limits)]);
    const again = { runId: 'r-2', endedAt: at(2 * DAY + 60) };
    expect(relapseOf(again, (await shown()) ?? {}, limits)?.[0]).toBe('r-1');
  });

  it('an attempt that no longer counts is kept for that, and quarantines no node', async () => {
    const { store, shown } = await booked(limits);
    const failed = (minute: number) => resultOf({ outcome: 'NotRepaired', endedAt: at(60 * minute) });
    for (const minute of [1, 2, 90])
      await store.recordAttempt(about, `r-${minute}`, attemptOf(failed(minute)), undefined);
    const node = { attempts: (await shown()) ?? {} };
    expect(Object.keys(node.attempts)).toEqual(['r-1', 'r-2', 'r-90']);
    expect(quarantineAdvice(node, { isFinal: true, endedAt: at(60 * 90) }, limits)).toBeUndefined();
    expect(quarantineAdvice(node, { isFinal: true, endedAt: at(60 * 60) }, limits)).toBeDefined();
  });
});
