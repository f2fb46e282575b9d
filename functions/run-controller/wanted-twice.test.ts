import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { because } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** A node that two requests want, and no signal; `at` is the number of the read of its facts at which requests are cancelled. */
const world = async (at: number, cancelled: readonly string[]) => {
  const w = runControllerWorld(await table.another(), { nodes: 4 });
  const [id = ''] = w.ids;
  const lane = 'demo/pause-image';
  const seen = { firstSeenAt: w.iso(), lastSeenAt: w.iso(), signals: 0, source: 'operator' };
  const of = { cluster: 'demo', remediation: 'pause-image', action: 'repair', createdAt: w.iso() } as const;
  const requestOf = (requestId: string) => ({ ...of, requestId, because: because('operator') });
  for (const requestId of ['q-1', 'q-2']) await w.requests.claim(requestOf(requestId), [id]);
  await w.signals.addPending({
    ...{ lane, cluster: 'demo', instanceId: id, reason: 'OperatorRequest', because: { kind: 'operator' } },
    ...{ ...seen, requestIds: ['q-1', 'q-2'] },
  });
  const { facts } = w.deps;
  let reads = 0;
  Object.assign(w.deps, {
    facts: {
      ...facts,
      of: async (...asked: Parameters<typeof facts.of>) => {
        if (++reads === at)
          for (const requestId of cancelled) {
            const order = { at: w.iso(), by: 'mei', reason: 'no more', force: false };
            await w.requests.cancel(requestOf(requestId), order);
          }
        return await facts.of(...asked);
      },
    },
  });
  w.queue.push({ kind: 'lane', lane });
  await w.pass(120);
  return w.ssm.commands.length;
};

describe('a node that two requests want', () => {
  it.each([1, 2])('gets no command once both are cancelled, also in the turn that sends it: read %i', async (at) => {
    expect(await world(at, ['q-1', 'q-2'])).toBe(0);
  });

  it.each([['q-1'], ['q-2']])('gets its command where one of them still stands: %s is cancelled', async (cancelled) => {
    for (const at of [1, 2]) expect(await world(at, [cancelled])).toBe(1);
  });
});
