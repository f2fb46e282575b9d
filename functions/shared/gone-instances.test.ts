import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invocation, observerWorld } from '../../test/support/observer-world.ts';
import { at } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

describe('a repair that has failed on an instance of which EC2 cannot be asked', () => {
  const world = async (kind: 'retry' | 'refused') => {
    const w = await observerWorld(table);
    w.shown.invocations = [invocation(0, 'ExecutionTimedOut'), invocation(1, 'Success')];
    w.shown.unread = { kind, problem: 'EC2 DescribeInstances: RequestLimitExceeded' };
    return w;
  };

  it('is read again where that passes', async () => {
    const w = await world('retry');
    await expect(w.observe()).rejects.toThrow('RequestLimitExceeded');
    expect(await w.written()).toEqual([]);
    delete w.shown.unread;
    w.shown.state = 'shutting-down';
    await w.observe();
    expect(await w.written()).toMatchObject([{ skipReason: 'Gone' }, { outcome: 'Repaired' }]);
  });

  it.each([
    ['from its hard deadline on', 'retry', 390],
    ['where EC2 refuses', 'refused', 20],
  ] as const)('stays a failure %s', async (_, kind, seconds) => {
    const w = await world(kind);
    w.shown.now = at(seconds);
    await w.observe();
    expect((await w.written()).map(({ outcome }) => outcome)).toEqual(['TimedOut', 'Repaired']);
  });
});
