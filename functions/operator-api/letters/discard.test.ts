import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AT, lettersWorld, node, symptom } from '../../../test/support/letters-world.ts';
import { CALLER, DEAD, WHO } from '../../../test/support/operator-api-world.ts';
import { startTable, type TestTable } from '../../../test/support/table.ts';
import { remediate } from '../act.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = () => lettersWorld(table);

describe('discard', () => {
  const records = async () =>
    (await table.scan()).filter((item) => item.ownerPk === 'LETTERS' && item.action === 'discard');

  it('empties one queue, counts by kind, and records its author and the reason', async () => {
    const w = world();
    for (const body of [{ kind: 'overdue' }, { kind: 'overdue' }, '{']) await w.send(body);
    await w.send(symptom({ node }), DEAD[1]);
    const discard = { action: 'discard', queue: 'intake-bad', ...WHO, reason: 'ticks of last night' };
    expect(await w.ask(discard)).toEqual({ discarded: 3, kinds: { tick: 2, unreadable: 1 } });
    expect(DEAD.map((url) => w.sqs.messages(url).length)).toEqual([0, 1]);
    const [row] = (await records()).filter(({ reason }) => reason === discard.reason);
    expect(row).toMatchObject({ by: 'mei', at: AT, kinds: { tick: 2, unreadable: 1 }, lambdaRequestId: 'lambda-1' });
  });

  it('deletes letters by id, names the ids that it did not find, and shows the others again', async () => {
    const w = world();
    for (const body of ['{', symptom({ node }), { kind: 'overdue' }]) await w.send(body);
    const [first, , third] = w.dead().map(({ id }) => id);
    const answer = await w.ask({ action: 'discard', messageIds: [first, third, 'm-none'], ...WHO });
    expect(answer).toEqual({ discarded: 2, kinds: { tick: 1, unreadable: 1 }, notFound: ['m-none'] });
    expect(await w.ask({ action: 'replay', ...WHO })).toMatchObject({ replayed: 1 });
  });

  it('deletes nothing in a dry run', async () => {
    const w = world();
    await w.send({ kind: 'overdue' });
    const answer = await w.ask({ action: 'discard', queue: 'intake-bad', dryRun: true, ...WHO });
    expect(answer).toEqual({ discarded: 1, kinds: { tick: 1 }, dryRun: true });
    expect(w.dead()).toHaveLength(1);
  });

  it('leaves a record although it failed half way', async () => {
    const w = world();
    await w.send({ kind: 'overdue' });
    const letters = { ...w.deps.letters, remove: () => Promise.reject(new Error('no permission')) };
    const discard = { action: 'discard', queue: 'intake-bad', ...WHO };
    await expect(remediate({ ...w.deps, letters }, CALLER, discard)).rejects.toThrow('no permission');
    expect((await records()).filter(({ kinds }) => kinds === undefined)).toMatchObject([{ by: 'mei', at: AT }]);
  });
});
