import { afterAll, beforeAll, expect, it } from 'vitest';
import { awsEvent, BAD, signalIntakeWorld } from '../../test/support/signal-intake-world.ts';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

it('signals make 100 rows a day and cluster, half of them for one source, of Fargate and hybrid nodes', async () => {
  const { deps, clock, counts, sqs, pendingNodes } = await signalIntakeWorld(table);
  let invented = 0;
  const invent = async (source: string, cluster = 'demo') => {
    const some = Array.from({ length: 30 }, () => {
      const n = String(++invented);
      const name = invented % 2 === 0 ? `fargate-n${n}` : `mi-${n.padStart(17, '0')}`;
      return {
        ...awsEvent(source, 'Node Symptom', { node: name, cluster }),
        id: `e-${n}`,
        time: new Date(clock.ms).toISOString(),
      };
    });
    expect(await acceptSignals(deps, sqsEvent(some))).toEqual({ batchItemFailures: [] });
  };
  const rows = async (cluster = 'demo') =>
    (await pendingNodes(`${cluster}/node-check`)).filter(({ signals }) => signals > 0).length;
  const seen: number[] = [];
  for (const source of ['acme.liar', 'acme.liar', 'acme.liar', 'acme.a', 'acme.b', 'acme.c']) {
    await invent(source);
    seen.push(await rows());
  }
  expect(seen).toEqual([30, 50, 50, 80, 100, 100]);
  expect([counts, sqs.messages(BAD)]).toEqual([{ SignalTaken: 100, SignalUnproven: 80 }, []]);
  await invent('acme.liar', 'watched');
  clock.ms += 86_400_000;
  await invent('acme.liar');
  expect([await rows('watched'), await rows()]).toEqual([30, 130]);
});
