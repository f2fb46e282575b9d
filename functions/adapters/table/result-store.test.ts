import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandRow } from '../../../core/state/command-state.ts';
import type { Attempt } from '../../../core/state/node-state.ts';
import { ResultRow } from '../../../core/state/results.ts';
import { at, LIMITS, node, nodes, START } from '../../../test/support/runs.ts';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { rowOf } from './items.ts';
import { keys } from './keys.ts';
import { bookingOf, createNodeStore } from './node-store.ts';
import { createResultStore, type ResultStore } from './result-store.ts';
import { createTable } from './table.ts';

let table: TestTable;
let store: ResultStore;
beforeAll(async () => {
  table = await startWireTable();
  store = createResultStore({ ...table, limits: LIMITS, wait: async () => {} });
});
afterAll(() => table.stop());

const result = (runId: string, over: Partial<ResultRow> = {}): ResultRow => ({
  runId,
  cluster: 'demo',
  instanceId: node(1),
  remediation: 'pause-image',
  action: 'repair',
  outcome: 'TimedOut',
  message: 'm',
  commandId: 'c-1',
  endedAt: at(5),
  at: at(9),
  ...over,
});
const stored = async (runId: string) => (await table.items(`RESULT#${runId}`)).map((i) => rowOf(ResultRow, i));
const command: CommandRow = {
  commandId: 'c-1',
  runId: 'r-1',
  key: '1',
  group: 'demo/pause-image',
  cluster: 'demo',
  remediation: 'pause-image',
  action: 'repair',
  instanceIds: nodes(50),
  sentAt: START,
  softDeadlineAt: at(90),
  hardDeadlineAt: at(390),
};

describe('a result', () => {
  it('is written once, and replaced only by one of a higher grade', async () => {
    const assumed = result('r-a', { grade: 1 });
    const reported = result('r-a', { outcome: 'Repaired', grade: 2, at: at(10) });
    expect(await store.putResult(assumed)).toBe(true);
    expect(await store.putResult({ ...assumed, at: at(5) })).toBe(false);
    expect(await store.putResult(reported)).toBe(true);
    expect(await store.putResult(assumed)).toBe(false);
    expect(await store.putResult({ ...reported, outcome: 'Healthy' })).toBe(false);
    expect(await stored('r-a')).toEqual([reported]);
  });

  it('without a grade replaces none, and is replaced by one of any grade', async () => {
    const unknown = result('r-d', { outcome: 'Unknown' });
    const reported = result('r-d', { outcome: 'Repaired', grade: 1 });
    expect(await store.putResult(unknown)).toBe(true);
    expect(await store.putResult({ ...unknown, outcome: 'Healthy' })).toBe(false);
    expect(await store.putResult(reported)).toBe(true);
    expect(await store.putResult(unknown)).toBe(false);
    expect(await stored('r-d')).toEqual([reported]);
  });

  it('is found by its node, by outcome and by reason and day', async () => {
    await store.putResult(result('r-b', { reason: 'DiskFull', outcome: 'NotRepaired' }));
    expect((await table.items('RESULT#r-b'))[0]).toMatchObject({
      ownerPk: `NODE#${node(1)}`,
      ownerSk: at(5),
      outcomePk: expect.stringMatching(/^OUTCOME#demo#NotRepaired#\d$/),
      reasonPk: expect.stringMatching(/^REASON#DiskFull#2026-08-22#\d$/),
    });
    await store.putResult(result('r-c'));
    expect((await table.items('RESULT#r-c'))[0]).not.toHaveProperty('reasonPk');
  });
});

describe('a sent command', () => {
  it('is stored once, due at its soft deadline, then at a given time, then never, then again', async () => {
    await store.putCommand(command);
    await store.putCommand({ ...command, runId: 'r-other' });
    expect(await store.getCommand('c-1')).toEqual(command);
    expect(await store.getCommand('c-2')).toBeUndefined();
    const item = async () => (await table.items('COMMAND#c-1'))[0];
    expect(await item()).toMatchObject({ dueSk: at(90) });
    await store.setCommandDue('c-1', at(390));
    expect([
      await store.setCommandDue('c-1', undefined, at(390)),
      await store.setCommandDue('c-2', at(1), at(2)),
    ]).toEqual([false, false]);
    expect(await item()).toMatchObject({ dueSk: at(390) });
    await store.setCommandDue('c-1', undefined);
    expect(await item()).not.toHaveProperty('duePk');
    await store.setCommandDue('c-1', at(400));
    expect(await item()).toMatchObject({ duePk: expect.stringMatching(/^OPEN#\d$/), dueSk: at(400) });
    expect(await store.setCommandDue('c-2', undefined)).toBe(false);
  });
});

describe('the stored state of a node', () => {
  const about = (n: number) => ({ instanceId: node(n), cluster: 'demo', remediation: 'pause-image' });
  const since = (seconds: number) => ({ runId: 'r-1', at: at(seconds) });
  const attempt = (seconds: number, outcome: Attempt['outcome'] = 'NotRepaired'): Attempt => ({
    at: at(seconds),
    outcome,
  });

  it('has one attempt for each run, and the last write counts', async () => {
    await store.recordAttempt(about(1), 'r-1', attempt(0, 'TimedOut'));
    await store.recordAttempt(about(1), 'r-1', attempt(5, 'Repaired'));
    const row = await store.recordAttempt(about(1), 'r-2', attempt(9));
    expect(row).toEqual({ ...about(1), attempts: { 'r-1': attempt(5, 'Repaired'), 'r-2': attempt(9) } });
  });

  it('forgets attempts of more than a day ago', async () => {
    await store.recordAttempt(about(2), 'r-1', attempt(0));
    await store.recordAttempt(about(2), 'r-2', attempt(3600));
    const row = await store.recordAttempt(about(2), 'r-3', attempt(86_400));
    expect(Object.keys(row.attempts)).toEqual(['r-2', 'r-3']);
  });

  it('loses no attempt if two are recorded at once', async () => {
    await Promise.all(['r-1', 'r-2', 'r-3'].map((run, i) => store.recordAttempt(about(3), run, attempt(i))));
    expect(Object.keys((await store.nodeStates([node(3)], 'pause-image')).get(node(3))?.attempts ?? {})).toHaveLength(
      3,
    );
  });

  it('takes an attempt although other writers create the row, quarantine the node and amend the attempt first', async () => {
    const graded = (grade: number) => ({ ...attempt(grade), grade });
    const others = [
      () => store.recordAttempt(about(7), 'r-1', graded(1)),
      async () => store.quarantine(await store.recordAttempt(about(7), 'r-1', graded(1)), since(10), 'grow the disk'),
      () => store.recordAttempt(about(7), 'r-1', graded(2)),
    ];
    const tables = createTable(table);
    const update: typeof tables.update = async (...change) => {
      await others.shift()?.();
      return await tables.update(...change);
    };
    const raced = createNodeStore({ ...tables, update }, LIMITS);
    const row = await raced.recordAttempt(about(7), 'r-1', graded(1));
    expect(others).toEqual([]);
    expect(row).toMatchObject({ attempts: { 'r-1': graded(2) }, quarantinedAt: at(10) });
  });

  it('keeps the first time of a quarantine, through later attempts', async () => {
    const row = await store.recordAttempt(about(4), 'r-1', attempt(0));
    await store.quarantine(row, since(10), 'grow the disk');
    await store.quarantine(row, since(20), 'replace the node');
    await store.recordAttempt(about(4), 'r-2', attempt(30));
    const state = (await store.nodeStates([node(4)], 'pause-image')).get(node(4));
    expect(state).toMatchObject({ quarantinedAt: at(10), quarantineAdvice: 'replace the node' });
    expect((await table.items(`NODE#${node(4)}`))[0]).toMatchObject({
      duePk: 'QUARANTINE',
      dueSk: `${at(10)}#${node(4)}#pause-image`,
    });
  });

  it('keeps an attempt that a result of a higher grade has amended, whatever comes later', async () => {
    await store.recordAttempt(about(5), 'r-1', attempt(0));
    await store.recordAttempt(about(5), 'r-1', { ...attempt(5, 'Repaired'), grade: 2 });
    const row = await store.recordAttempt(about(5), 'r-1', { ...attempt(9, 'Unknown'), grade: 1 });
    expect(row.attempts).toEqual({ 'r-1': { ...attempt(5, 'Repaired'), grade: 2 } });
  });

  it('is booked before a command is sent, amended by its result, or taken back', async () => {
    const tables = createTable(table);
    const book = async (runId: string, seconds: number) => {
      const known = (await store.nodeStates([node(6)], 'pause-image')).get(node(6));
      return await tables.transact([bookingOf(about(6), known, runId, at(seconds), LIMITS)]);
    };
    expect(await book('r-1', 0)).toEqual({ ok: true });
    expect((await store.recordAttempt(about(6), 'r-1', attempt(20))).attempts).toEqual({ 'r-1': attempt(20) });
    expect(await book('r-2', 1000)).toEqual({ ok: true });
    await store.takeBackAttempt(about(6), 'r-2');
    await store.takeBackAttempt(about(99), 'r-2');
    const known = (await store.nodeStates([node(6)], 'pause-image')).get(node(6));
    expect(known?.attempts).toEqual({ 'r-1': attempt(20) });
    expect(await book('r-3', 86_420)).toEqual({ ok: true });
    const after = (await store.nodeStates([node(6)], 'pause-image')).get(node(6));
    expect(after?.attempts).toEqual({ 'r-3': { at: at(86_420) } });
  });

  it('is not booked for a node that is quarantined, or whose first attempt another run has booked', async () => {
    const tables = createTable(table);
    const row = await store.recordAttempt(about(7), 'r-1', attempt(0));
    expect(await tables.transact([bookingOf(about(7), undefined, 'r-2', at(5), LIMITS)])).toMatchObject({ ok: false });
    await store.quarantine(row, since(10), 'replace the node');
    expect(await tables.transact([bookingOf(about(7), row, 'r-2', at(20), LIMITS)])).toEqual({
      ok: false,
      failed: [0],
    });
  });

  it('that is not understood hides no other, and is kept as it is', async () => {
    const bad = { ...keys.nodeState(node(8), 'pause-image'), instanceId: node(8), attempts: 'a newer format' };
    const tables = createTable(table);
    await tables.put(bad);
    await store.recordAttempt(about(9), 'r-1', attempt(0));
    const states = await store.nodeStates([node(8), node(9), node(10)], 'pause-image');
    expect([...states.keys()].sort()).toEqual([node(8), node(9)]);
    expect(states.get(node(9))?.unread).toBeUndefined();
    expect(states.get(node(8))).toMatchObject({
      attempts: {},
      unread: { kind: 'refused', problem: expect.stringMatching(/NODE#.*STATE#pause-image: .*expected record/s) },
    });
    expect((await store.recordAttempt(about(8), 'r-1', attempt(5))).unread?.kind).toBe('refused');
    expect(await tables.getItem(keys.nodeState(node(8), 'pause-image'))).toEqual({ ...bad, schemaVersion: 1 });
  });

  it('is forgotten a week after its attempts, and never while the node is quarantined', async () => {
    const expiresAt = async (n: number) =>
      (await createTable(table).getItem(keys.nodeState(node(n), 'pause-image')))?.expiresAt;
    const afterWeek = (seconds: number) => Date.parse(at(seconds)) / 1000 + LIMITS.attemptWindowSeconds + 7 * 86_400;
    const first = await store.recordAttempt(about(11), 'r-1', attempt(0));
    expect(await expiresAt(11)).toBe(afterWeek(0));
    await createTable(table).transact([bookingOf(about(11), first, 'r-2', at(60), LIMITS)]);
    expect(await expiresAt(11)).toBe(afterWeek(60));
    await createTable(table).transact([bookingOf(about(12), undefined, 'r-2', at(60), LIMITS)]);
    expect(await expiresAt(12)).toBe(afterWeek(60));
    await store.quarantine(first, since(70), 'replace the node');
    expect(await expiresAt(11)).toBeUndefined();
    await store.recordAttempt(about(11), 'r-2', attempt(80));
    expect(await expiresAt(11)).toBeUndefined();
  });

  it('is read for hundreds of nodes, though DynamoDB leaves keys unprocessed', async () => {
    for (const id of nodes(3)) await store.recordAttempt({ ...about(0), instanceId: id }, 'r-9', attempt(0));
    let calls = 0;
    const shy = createResultStore({
      ...{ ...table, limits: LIMITS, wait: async () => {} },
      client: {
        send: (async (sent: { input: { RequestItems?: Record<string, { Keys: object[] }> } }) => {
          const keysAsked = sent.input.RequestItems?.[table.tableName]?.Keys ?? [];
          expect(keysAsked.length).toBeLessThanOrEqual(100);
          calls++;
          if (keysAsked.length < 2) return await table.client.send(sent as never);
          // It returns half of the requested keys.
          const half = Math.ceil(keysAsked.length / 2);
          sent.input.RequestItems = { [table.tableName]: { Keys: keysAsked.slice(0, half) } };
          const answer = (await table.client.send(sent as never)) as object;
          return { ...answer, UnprocessedKeys: { [table.tableName]: { Keys: keysAsked.slice(half) } } };
        }) as typeof table.client.send,
      },
    });
    const wanted = nodes(8);
    const states = await shy.nodeStates(wanted, 'pause-image');
    expect([...states.keys()].filter((id) => nodes(3).includes(id))).toHaveLength(3);
    // Once more for the results of their attempts.
    expect(calls).toBe(5);
    expect((await store.nodeStates(nodes(250), 'pause-image')).size).toBeGreaterThanOrEqual(3);
    expect((await store.nodeStates([], 'pause-image')).size).toBe(0);
  });

  it('throws if keys remain unprocessed', async () => {
    const never = createResultStore({
      ...{ ...table, limits: LIMITS, wait: async () => {} },
      client: {
        send: (async () => ({
          UnprocessedKeys: { [table.tableName]: { Keys: [keys.nodeState(node(1), 'x')] } },
        })) as never,
      },
    });
    await expect(never.nodeStates([node(1)], 'x')).rejects.toThrow(/left unprocessed 6 times/);
  });
});

describe('a pause', () => {
  const put = (scope: string, state: 'paused' | 'resumed') =>
    table.put({ ...keys.pause(scope), scope, state, at: START, by: 'mei', reason: 'an upgrade' });
  it('of one cluster, or of all, is in force until it is resumed', async () => {
    expect(await store.pauseFor('demo', 'repair', START)).toBeUndefined();
    await put('CLUSTER#demo', 'paused');
    expect(await store.pauseFor('demo', 'repair', START)).toMatchObject({ by: 'mei' });
    expect(await store.pauseFor('demo-2', 'repair', START)).toBeUndefined();
    await put('CLUSTER#demo', 'resumed');
    expect(await store.pauseFor('demo', 'repair', START)).toBeUndefined();
    await put('ALL', 'paused');
    expect(await store.pauseFor('demo-2', 'repair', START)).toMatchObject({ scope: 'ALL' });
    await put('ALL', 'resumed');
  });

  it('covers repairs, or everything, until its end', async () => {
    const row = { scope: 'CLUSTER#ends', state: 'paused', at: START, until: at(60), by: 'mei', reason: 'an upgrade' };
    await table.put({ ...keys.pause(row.scope), ...row, covers: 'repairs' });
    const held = async (action: 'check' | 'repair', seconds: number) =>
      (await store.pauseFor('ends', action, at(seconds))) !== undefined;
    expect([await held('repair', 59), await held('check', 59), await held('repair', 60)]).toEqual([true, false, false]);
    await table.put({ ...keys.pause(row.scope), ...row, covers: 'everything' });
    expect([await held('check', 59), await held('check', 60)]).toEqual([true, false]);
  });
});
