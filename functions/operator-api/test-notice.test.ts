import { afterAll, beforeAll, expect, it } from 'vitest';
import { operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

it('a test notice goes to the bus with the id of the answer, the author and the reason', async () => {
  const w = operatorApiWorld(await table.another());
  const answer = (await w.ask({ action: 'test-notice', ...WHO, reason: '=cmd|x' })) as { readonly noticeId: string };
  expect(answer.noticeId).toMatch(/^id-\d+$/);
  expect(w.notices).toMatchObject([
    {
      ...{ source: 'fleetmend', detailType: 'Test Notice' },
      detail: { noticeId: answer.noticeId, by: 'mei', reason: "'=cmd|x", message: expect.stringContaining('a test') },
    },
  ]);
});

it('a dry run shows the notice, and sends none', async () => {
  const w = operatorApiWorld(await table.another());
  expect(await w.ask({ action: 'test-notice', ...WHO, dryRun: true })).toEqual({
    notice: { by: 'mei', reason: 'pods hang' },
    dryRun: true,
  });
  expect(w.notices).toEqual([]);
});
