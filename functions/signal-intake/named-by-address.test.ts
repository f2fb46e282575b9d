import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeInstance } from '../../test/support/fake-ec2.ts';
import { newInstance, signal, signalIntakeWorld } from '../../test/support/signal-intake-world.ts';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const instance = (over: Partial<FakeInstance> = {}): FakeInstance => ({
  instanceId: newInstance(),
  tags: { 'eks:cluster-name': 'demo' },
  ...over,
});
const NO_FAILURES = { batchItemFailures: [] };

describe('a log line of a node that has only a private DNS name', () => {
  const name = 'ip-10-3-3-3.ec2.internal';
  const line = () => {
    const { detail, ...event } = signal();
    const { instanceId, ...of } = detail;
    return { ...event, detail: { ...of, node: name } };
  };

  it('leads to the repair of the one instance of the cluster that has it', async () => {
    const [other, ours] = [{ tags: { 'eks:cluster-name': 'watched' } }, {}].map((over) =>
      instance({ privateDnsName: name, ...over }),
    );
    const { deps, pendingNodes } = await signalIntakeWorld(
      await table.another(),
      {},
      [other, ours].flatMap((i) => i ?? []),
    );
    expect(await acceptSignals(deps, sqsEvent([line()]))).toEqual(NO_FAILURES);
    const rows = await pendingNodes('demo/pause-image');
    expect(rows.map((row) => row.instanceId)).toEqual([ours?.instanceId]);
  });

  it.each<[string, readonly Partial<FakeInstance>[], string]>([
    ['an instance of another cluster', [{ tags: { 'eks:cluster-name': 'watched' } }], 'SignalNotInCluster'],
    ['two of the cluster', [{}, {}], 'SignalAmbiguous'],
  ])('makes no row where the name is that of %s', async (_, known, metric) => {
    const nodes = known.map((over) => instance({ privateDnsName: name, ...over }));
    const { deps, pendingNodes, counts } = await signalIntakeWorld(await table.another(), {}, nodes);
    expect(await acceptSignals(deps, sqsEvent([line()]))).toEqual(NO_FAILURES);
    expect([counts, await pendingNodes('demo/pause-image')]).toEqual([{ [metric]: 1 }, []]);
  });
});
