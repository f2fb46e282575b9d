import { afterAll, beforeAll, expect, it } from 'vitest';
import { operatorApiWorld } from '../../test/support/operator-api-world.ts';
import { payloadSamples } from '../../test/support/payload-samples.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { readRequest } from './act.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

it.each(payloadSamples('operator-api'))(
  '$file is a dry run where it says so, and then no notice is sent',
  async ({ payload }) => {
    expect(readRequest({ ...payload, dryRun: true })).toMatchObject({ ok: true, value: { isDryRun: true } });
    expect(readRequest(payload)).toMatchObject({ ok: true, value: { isDryRun: false } });
    const world = operatorApiWorld(await table.another(), []);
    await world.answer({ ...payload, dryRun: true });
    expect(world.notices).toEqual([]);
  },
);
