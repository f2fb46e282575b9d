import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWireTable, type TestTable } from '../../../test/support/table.ts';
import { createSignalBudgets } from './signal-budgets.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

describe('takeFromBudget', () => {
  const MINUTE = '2026-08-22T10:00:30.000Z';
  const ofOwnTable = async (perSource: number, perBus: number) => {
    const own = createSignalBudgets(await table.another());
    return (source: string, now = MINUTE) => own.takeFromBudget(source, now, { perSource, perBus });
  };

  it('limits each source by the minute, also for concurrent callers', async () => {
    const take = await ofOwnTable(3, 100);
    const answers = await Promise.all(Array.from({ length: 8 }, () => take('acme.alarms')));
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(3);
    expect(answers.filter((answer) => answer === 'source-spent')).toHaveLength(5);
    expect(await take('other')).toBe('taken');
    expect(await take('acme.alarms', '2026-08-22T10:01:00.000Z')).toBe('taken');
  });

  it('limits all sources of the bus together: 300 sources take no more than one could', async () => {
    const take = await ofOwnTable(3, 5);
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => take(`source-${i}`)));
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(5);
    expect(answers.filter((answer) => answer === 'bus-spent')).toHaveLength(295);
  });

  it('takes nothing from the bus for a source beyond its share, whatever the name of the source', async () => {
    const take = await ofOwnTable(1, 3);
    for (let i = 0; i < 5; i++) await take('bus');
    expect([await take('a'), await take('b'), await take('c')]).toEqual(['taken', 'taken', 'bus-spent']);
  });

  it('leaves counters that expire', async () => {
    const own = await table.another();
    const { takeFromBudget } = createSignalBudgets(own);
    await takeFromBudget('gone', MINUTE, { perSource: 3, perBus: 3 });
    for (const key of ['RATE#source#gone', 'RATE#bus']) {
      const [item] = await own.items(key);
      expect(item?.expiresAt).toBe(Date.parse('2026-08-22T12:00:30Z') / 1000);
    }
  });
});
