import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invocation, line, observerWorld } from '../../test/support/observer-world.ts';
import { at } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

describe('a result line that came cut', () => {
  const whole = line({ outcome: 'Repaired' });
  /** Node 0's line as ListCommandInvocations shows it, and node 1's, which is whole. */
  const cut = async () => {
    const w = await observerWorld(table);
    w.shown.invocations = [{ ...invocation(0, 'Success'), output: whole.slice(0, -9) }, invocation(1, 'Success')];
    return w;
  };
  const outcomes = async (w: Awaited<ReturnType<typeof cut>>) => (await w.written()).map((r) => r.outcome);

  it('is read whole from GetCommandInvocation', async () => {
    const w = await cut();
    w.shown.stdout = whole;
    expect(await w.observe()).toBe('complete');
    expect(await outcomes(w)).toEqual(['Repaired', 'Repaired']);
  });

  it('is asked for again while SSM does not have it, and left as it is at the hard deadline', async () => {
    const w = await cut();
    w.shown.stdout = Object.assign(new Error('not yet'), { name: 'InvocationDoesNotExist' });
    await expect(w.observe()).rejects.toThrow('not yet');
    expect([await w.written(), await w.due()]).toEqual([[], at(90)]);
    w.shown.now = at(390);
    expect(await w.observe()).toBe('complete');
    expect(await outcomes(w)).toEqual(['Unknown', 'Repaired']);
  });

  it('is left as it is where SSM refuses, and delays no other node', async () => {
    const w = await cut();
    w.shown.stdout = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    expect(await w.observe()).toBe('complete');
    expect(await outcomes(w)).toEqual(['Unknown', 'Repaired']);
  });
});
