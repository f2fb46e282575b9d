import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeInstance } from '../../test/support/fake-ec2.ts';
import { awsEvent, BAD, NOW, newInstance, signal, signalIntakeWorld } from '../../test/support/signal-intake-world.ts';
import { replayed, sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const instance = (): FakeInstance => ({ instanceId: newInstance(), tags: { 'eks:cluster-name': 'demo' } });
const foreign = (node: string) => awsEvent('acme.alerts', 'Node Symptom', { node });
const running = (instanceId: string) =>
  awsEvent('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': instanceId, state: 'running' });
const launched = (instanceId: string) =>
  awsEvent('aws.autoscaling', 'EC2 Instance Launch Successful', { EC2InstanceId: instanceId });
const NO_FAILURES = { batchItemFailures: [] };

describe('an instance that EC2 does not show yet', () => {
  const delivered = (event: unknown, deliveries: number) => sqsEvent([event], undefined, deliveries, Date.parse(NOW));

  it.each<[string, (id: string) => unknown]>([
    ['that is new', running],
    ['that Auto Scaling launched', launched],
    ['that a tool names', (id) => foreign(id)],
  ])('and %s is asked for again soon, and its signal is accepted once EC2 shows it', async (_, eventOf) => {
    const node = instance();
    const { deps, ec2, clock, counts, returned, pendingNodes } = await signalIntakeWorld(await table.another());
    const event = eventOf(node.instanceId);
    for (const deliveries of [1, 2]) {
      expect(await acceptSignals(deps, delivered(event, deliveries))).toEqual({
        batchItemFailures: [{ itemIdentifier: 'm0' }],
      });
      clock.ms += 20_000;
    }
    expect([counts, returned]).toEqual([{ SignalAwaitsInstance: 2 }, ['r0', 'r0']]);
    ec2.add(node);
    clock.ms += 60_000;
    expect(await acceptSignals(deps, delivered(event, 3))).toEqual(NO_FAILURES);
    expect(counts).toMatchObject({ SignalTaken: 1 });
    expect((await pendingNodes('demo/node-check')).map((r) => r.instanceId)).toContain(node.instanceId);
  });

  it('is counted as unknown and acknowledged after five minutes', async () => {
    const { deps, clock, counts } = await signalIntakeWorld(table);
    clock.ms += 300_000;
    expect(await acceptSignals(deps, delivered(running(newInstance()), 6))).toEqual(NO_FAILURES);
    expect(counts).toEqual({ SignalUnknownInstance: 1 });
  });
});

describe('a node that a log line reports, younger than the list of its cluster', () => {
  const delivered = (events: readonly unknown[], deliveries: number, sentAtMs: number) =>
    sqsEvent(events, undefined, deliveries, sentAtMs);
  /** A proof about an id that no instance has yet. */
  const about = (instanceId: string) => {
    const event = signal();
    return { ...event, detail: { ...event.detail, instanceId } };
  };

  it('is not lost while invented ids take all calls by id, and they make no row, no letter and no failed record', async () => {
    const young = instance();
    const { deps, ec2, clock, counts, sqs, pendingNodes } = await signalIntakeWorld(await table.another());
    const startMs = clock.ms;
    const invent = async () => acceptSignals(deps, delivered([about(newInstance())], 1, clock.ms));
    for (let i = 0; i < 10; i++) await invent();
    ec2.add(young);
    const [line, sentAtMs] = [about(young.instanceId), clock.ms];
    const answers = [];
    for (let deliveries = 1; clock.ms < startMs + 200_000; deliveries++) {
      const { batchItemFailures } = await acceptSignals(deps, delivered([line], deliveries, sentAtMs));
      answers.push(batchItemFailures.length);
      if (batchItemFailures.length === 0) break;
      clock.ms += 20_000;
      for (let i = 0; i < 10; i++) await invent();
    }
    expect((await pendingNodes('demo/pause-image')).map((r) => r.instanceId)).toEqual([young.instanceId]);
    expect(answers).toEqual([1, 1, 1, 0]);
    expect([counts.FailedRecords, sqs.messages(BAD)]).toEqual([undefined, []]);
  });

  it('is a stranger, counted and acknowledged, once EC2 has not shown it two minutes after the line', async () => {
    const { deps, clock, counts, pendingNodes } = await signalIntakeWorld(await table.another());
    const [line, sentAtMs] = [about(newInstance()), clock.ms];
    expect((await acceptSignals(deps, delivered([line], 1, sentAtMs))).batchItemFailures).toHaveLength(1);
    clock.ms += 120_000;
    expect(await acceptSignals(deps, delivered([line], 5, sentAtMs))).toEqual(NO_FAILURES);
    expect(counts).toEqual({ SignalAwaitsInstance: 1, SignalNotInCluster: 1 });
    expect(await pendingNodes('demo/pause-image')).toEqual([]);
  });

  it('that a tool names takes from the budget of its source once', async () => {
    const limits = { maxForeignSignalsPerMinute: 2 };
    const { deps, clock, counts, sqs } = await signalIntakeWorld(await table.another(), limits);
    const line = { ...about(newInstance()), source: 'acme.alerts' };
    const sentAtMs = clock.ms;
    for (const deliveries of [1, 2, 3]) await acceptSignals(deps, delivered([line], deliveries, sentAtMs));
    expect([counts, sqs.messages(BAD)]).toEqual([{ SignalAwaitsInstance: 3 }, []]);
  });
});

describe('a signal that an operator replayed', () => {
  it('leads to a check, although it proves the fault and its source may lead to repairs', async () => {
    const { deps, pendingNodes } = await signalIntakeWorld(table);
    const proof = signal();
    await acceptSignals(deps, replayed(sqsEvent([proof])));
    const of = async (lane: string) =>
      (await pendingNodes(lane)).filter((row) => row.instanceId === proof.detail.instanceId);
    expect(await of('demo/pause-image')).toEqual([]);
    expect(await of('demo/node-check')).toMatchObject([
      { reason: 'SandboxImageMissing', source: 'fleetmend.replay', lastSeenAt: '2026-08-22T10:00:20.000Z' },
    ]);
  });

  it('leads to a check for a reason that the catalogue does not have', async () => {
    const { deps, pendingNodes } = await signalIntakeWorld(table);
    const strange = signal({ reason: 'Gremlins' });
    expect(await acceptSignals(deps, replayed(sqsEvent([strange])))).toEqual(NO_FAILURES);
    const rows = await pendingNodes('demo/node-check');
    expect(rows.find((r) => r.instanceId === strange.detail.instanceId)).toMatchObject({ reason: 'Gremlins' });
  });

  it('takes nothing from the budget of its source', async () => {
    const limits = { maxForeignSignalsPerMinute: 2 };
    const { deps, counts } = await signalIntakeWorld(await table.another(), limits);
    const three = Array.from({ length: 3 }, () => signal({}, 'acme.alerts'));
    await acceptSignals(deps, replayed(sqsEvent(three)));
    expect(counts).toEqual({ SignalTaken: 3 });
  });
});
