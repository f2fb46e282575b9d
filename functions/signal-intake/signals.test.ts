import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeInstance } from '../../test/support/fake-ec2.ts';
import {
  awsEvent,
  BAD,
  LANES,
  NOW,
  newInstance,
  signal,
  signalIntakeWorld,
} from '../../test/support/signal-intake-world.ts';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { acceptSignals } from './accept-signals.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const OURS = { 'eks:cluster-name': 'demo' };
const instance = (over: Partial<FakeInstance> = {}): FakeInstance => ({
  instanceId: newInstance(),
  tags: OURS,
  ...over,
});
const foreign = (node: string, more: Record<string, unknown> = {}, source = 'acme.alerts') =>
  awsEvent(source, 'Node Symptom', { node, ...more });
const running = (instanceId: string, time = NOW) =>
  awsEvent('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': instanceId, state: 'running' }, time);
const launched = (instanceId: string) =>
  awsEvent('aws.autoscaling', 'EC2 Instance Launch Successful', { EC2InstanceId: instanceId });
const NO_FAILURES = { batchItemFailures: [] };

describe('a signal that names only a node', () => {
  const dns = 'ip-10-0-1-2.ec2.internal';
  it.each<[string, (id: string) => string, Partial<FakeInstance>]>([
    ['by its instance id', (id) => id, {}],
    ['by its provider id', (id) => `aws:///us-east-1a/${id}`, {}],
    ['by its private DNS name', () => dns, { privateDnsName: dns }],
    ['by a name without its domain', () => 'ip-10-0-1-2', { privateDnsName: dns }],
    ['by its resource name', (id) => `${id}.us-east-1.compute.internal`, {}],
  ])('%s becomes a check in the cluster that its tags name', async (_, nameOf, over) => {
    const node = instance(over);
    const { deps, pendingNodes, ec2 } = await signalIntakeWorld(table, {}, [node]);
    expect(await acceptSignals(deps, sqsEvent([foreign(nameOf(node.instanceId))]))).toEqual(NO_FAILURES);
    const rows = (await pendingNodes('demo/node-check')).filter((r) => r.instanceId === node.instanceId);
    expect(rows).toMatchObject([{ cluster: 'demo', reason: 'ForeignSymptom', source: 'acme.alerts' }]);
    expect(ec2.calls).toHaveLength(1);
  });

  it.each<[string, readonly Partial<FakeInstance>[], string]>([
    ['that EC2 does not show', [], 'SignalUnknownInstance'],
    ['of a cluster that the policy does not list', [{ tags: { 'eks:cluster-name': 'strange' } }], 'SignalNotManaged'],
    ['without a tag that names a cluster', [{ tags: { Name: 'bastion' } }], 'SignalNotManaged'],
    [
      'of two clusters',
      [{ tags: { 'kubernetes.io/cluster/demo': 'owned', 'kubernetes.io/cluster/careful': 'owned' } }],
      'SignalAmbiguous',
    ],
    ['whose address two networks use', [{}, {}], 'SignalAmbiguous'],
  ])('%s is acknowledged and counted, and not stored', async (_, known, name) => {
    const nodes = known.map((over) => instance({ privateDnsName: dns, ...over }));
    const { deps, pendingNodes, counts, sqs } = await signalIntakeWorld(table, {}, nodes);
    const before = await pendingNodes('demo/node-check');
    expect(await acceptSignals(deps, sqsEvent([foreign(dns)]))).toEqual(NO_FAILURES);
    expect(counts).toEqual({ [name]: 1 });
    expect([sqs.messages(BAD), sqs.messages(LANES)]).toEqual([[], []]);
    expect(await pendingNodes('demo/node-check')).toEqual(before);
  });

  it('makes no row in the cluster that the signal names, where the tags name another one', async () => {
    const other = instance({ privateDnsName: dns, tags: { 'eks:cluster-name': 'watched' } });
    const { deps, pendingNodes, counts } = await signalIntakeWorld(await table.another(), {}, [other]);
    expect(await acceptSignals(deps, sqsEvent([foreign(dns, { cluster: 'demo' })]))).toEqual(NO_FAILURES);
    expect([counts, await pendingNodes('demo/node-check')]).toEqual([{ SignalNotInCluster: 1 }, []]);
  });

  it('is the instance of the named cluster, where two have the same address', async () => {
    const [other, ours] = [
      instance({ privateDnsName: dns, tags: { 'eks:cluster-name': 'watched' } }),
      instance({ privateDnsName: dns }),
    ];
    const { deps, pendingNodes } = await signalIntakeWorld(table, {}, [other, ours]);
    await acceptSignals(deps, sqsEvent([foreign(dns, { cluster: 'demo' })]));
    const ids = (await pendingNodes('demo/node-check')).map((r) => r.instanceId);
    expect([ids.includes(ours.instanceId), ids.includes(other.instanceId)]).toEqual([true, false]);
  });

  it.each([
    ['a Fargate node', 'fargate-ip-10-0-1-2.ec2.internal'],
    ['a hybrid node', 'mi-0123456789abcdef0'],
  ])('becomes one row in the check lane for any number of signals, where the node is %s', async (_, name) => {
    const { deps, ec2, pendingNodes } = await signalIntakeWorld(table);
    const storm = Array.from({ length: 10 }, (_, i) => ({
      ...foreign(name, { cluster: 'demo' }),
      time: `2026-08-22T09:59:${10 + i}Z`,
    }));
    await acceptSignals(deps, sqsEvent(storm));
    await acceptSignals(deps, sqsEvent(storm));
    const rows = (await pendingNodes('demo/node-check')).filter((row) => row.instanceId === name);
    expect(rows).toMatchObject([{ cluster: 'demo', signals: 10, lastSeenAt: '2026-08-22T09:59:19.000Z' }]);
    expect(ec2.calls).toEqual([]);
  });

  it.each([
    ['names no cluster', {}, { SignalUnsupported: 1 }],
    ['names one that the policy does not list', { cluster: 'stranger' }, { SignalNotManaged: 1 }],
  ])('is counted where a Fargate node %s', async (_, more, expected) => {
    const { deps, counts, sqs } = await signalIntakeWorld(table);
    const response = await acceptSignals(deps, sqsEvent([foreign('fargate-ip-10-9-9-9.ec2.internal', more)]));
    expect([counts, response.batchItemFailures, sqs.messages(BAD)]).toEqual([expected, [], []]);
  });
});

describe('a batch of signals', () => {
  it('costs one EC2 call, whose answer is cached for ten minutes', async () => {
    const nodes = Array.from({ length: 10 }, () => instance());
    const { deps, ec2, clock } = await signalIntakeWorld(table, {}, nodes);
    const batch = sqsEvent(nodes.map((n) => running(n.instanceId)));
    await acceptSignals(deps, batch);
    expect(ec2.calls).toEqual([{ name: 'instance-id', values: nodes.map((n) => n.instanceId) }]);
    clock.ms += 599_000;
    await acceptSignals(deps, batch);
    expect(ec2.calls).toHaveLength(1);
    clock.ms += 1000;
    await acceptSignals(deps, batch);
    expect(ec2.calls).toHaveLength(2);
  });

  it('accepts signals that refer to one instance by its id and by its names', async () => {
    const privateDnsName = 'ip-10-7-7-7.ec2.internal';
    const node = instance({ privateDnsName });
    const { deps, counts, pendingNodes } = await signalIntakeWorld(table, {}, [node]);
    const names = [privateDnsName, 'ip-10-7-7-7'].map((name, i) => ({
      ...foreign(name),
      time: `2026-08-22T09:59:1${i}Z`,
    }));
    expect(await acceptSignals(deps, sqsEvent([running(node.instanceId), ...names]))).toEqual(NO_FAILURES);
    expect(counts).toEqual({ SignalTaken: 3 });
    const rows = (await pendingNodes('demo/node-check')).filter((r) => r.instanceId === node.instanceId);
    expect(rows).toMatchObject([{ reason: 'NewNode' }]);
  });

  it('costs another EC2 call soon, where EC2 did not show an instance yet', async () => {
    const late = instance();
    const { deps, ec2, clock, pendingNodes } = await signalIntakeWorld(table);
    await acceptSignals(deps, sqsEvent([running(late.instanceId)]));
    ec2.add(late);
    clock.ms += 30_000;
    await acceptSignals(deps, sqsEvent([launched(late.instanceId)]));
    expect((await pendingNodes('demo/node-check')).map((r) => r.instanceId)).toContain(late.instanceId);
  });

  it('from log-classifier costs one EC2 call', async () => {
    const { deps, ec2, counts } = await signalIntakeWorld(table);
    await acceptSignals(deps, sqsEvent(Array.from({ length: 10 }, () => signal())));
    expect([ec2.calls.map(({ values }) => values.length), counts]).toEqual([[10], { SignalTaken: 10 }]);
  });

  it.each(['fleetmend.logs', 'acme.alerts'])(
    'from %s makes no row of an id that EC2 does not show as a node of the cluster',
    async (source) => {
      const other = instance({ tags: { 'eks:cluster-name': 'watched' } });
      const { deps, pendingNodes, counts, sqs } = await signalIntakeWorld(table, {}, [other]);
      const named = [other.instanceId, 'i-0fffffffffffffff0'].map((instanceId, i) => {
        const event = signal({}, source);
        return { ...event, id: `e-${source}-${i}`, detail: { ...event.detail, instanceId } };
      });
      const rows = async () => [
        ...(await pendingNodes('demo/pause-image')),
        ...(await pendingNodes('demo/node-check')),
      ];
      const before = await rows();
      expect(await acceptSignals(deps, sqsEvent(named))).toEqual(NO_FAILURES);
      expect([await rows(), counts]).toEqual([before, { SignalNotInCluster: 2 }]);
      expect([sqs.messages(BAD), sqs.messages(LANES)]).toEqual([[], []]);
    },
  );

  it('returns the records whose EC2 call failed, and accepts the others', async () => {
    const node = instance();
    const { deps, ec2, sqs, pendingNodes } = await signalIntakeWorld(table, {}, [node]);
    ec2.fail(1);
    const answer = await acceptSignals(deps, sqsEvent([foreign(node.instanceId), signal()]));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(sqs.messages(LANES)).toHaveLength(1);
    expect(await acceptSignals(deps, sqsEvent([foreign(node.instanceId)]))).toEqual(NO_FAILURES);
    expect((await pendingNodes('demo/node-check')).map((r) => r.instanceId)).toContain(node.instanceId);
  });

  it('costs no EC2 call for a signal of a cluster that the policy does not list', async () => {
    const { deps, ec2, counts } = await signalIntakeWorld(table);
    await acceptSignals(deps, sqsEvent([foreign('ip-10-8-8-8.ec2.internal', { cluster: 'stranger' })]));
    expect([ec2.calls, counts]).toEqual([[], { SignalNotManaged: 1 }]);
  });

  it('costs no EC2 call for signals over the rate of their source', async () => {
    const nodes = Array.from({ length: 5 }, () => instance());
    const limits = { maxForeignSignalsPerMinute: 4 };
    const { deps, ec2, counts } = await signalIntakeWorld(await table.another(), limits, nodes);
    await acceptSignals(deps, sqsEvent(nodes.map((n) => foreign(n.instanceId, {}, 'acme.storm'))));
    expect(counts).toMatchObject({ SignalTaken: 2, SignalOverBudget: 3 });
    expect(ec2.calls.map((c) => c.values.length)).toEqual([2]);
  });

  it('has no rate limit for events of AWS: a scale-up is not a storm', async () => {
    const nodes = Array.from({ length: 8 }, () => instance());
    const { deps, counts } = await signalIntakeWorld(table, { maxForeignSignalsPerMinute: 2 }, nodes);
    await acceptSignals(deps, sqsEvent(nodes.map((n) => running(n.instanceId))));
    expect(counts).toEqual({ SignalTaken: 8 });
  });
});

describe('a new node', () => {
  it('waits in one row for its SSM agent, in any order of its two events', async () => {
    const node = instance();
    const { deps, pendingNodes } = await signalIntakeWorld(table, {}, [node]);
    await acceptSignals(deps, sqsEvent([running(node.instanceId), launched(node.instanceId)]));
    const rows = (await pendingNodes('demo/node-check')).filter((r) => r.instanceId === node.instanceId);
    expect(rows).toMatchObject([
      {
        reason: 'NewNode',
        signals: 1,
        notBefore: '2026-08-22T10:01:00.000Z',
        awaitAgentUntil: '2026-08-22T10:20:30.000Z',
      },
    ]);
  });
});

describe('signals that name only a cluster', () => {
  const updated = (name: string, time: string) =>
    awsEvent(
      'aws.eks',
      'AWS API Call via CloudTrail',
      { eventSource: 'eks.amazonaws.com', eventName: 'UpdateNodegroupVersion', requestParameters: { name } },
      time,
    );
  const at = (minute: number) => `2026-08-22T10:${String(minute).padStart(2, '0')}:00.000Z`;

  it('become one row of the whole cluster, due when its nodes have settled', async () => {
    const { deps, pendingNodes, sqs, clock } = await signalIntakeWorld(table);
    clock.ms = Date.parse(at(30));
    for (let batch = 0; batch < 2; batch++) {
      const some = Array.from({ length: 10 }, (_, i) => updated('watched', at(5 + batch * 10 + i)));
      expect(await acceptSignals(deps, sqsEvent(some))).toEqual(NO_FAILURES);
    }
    expect(await pendingNodes('watched/node-check')).toMatchObject([
      { instanceId: '*', reason: 'NodegroupUpdated', signals: 20, notBefore: at(15) },
    ]);
    expect(sqs.messages(LANES)).toHaveLength(1);
  });

  it('are counted where the policy does not list the cluster', async () => {
    const { deps, counts } = await signalIntakeWorld(table);
    await acceptSignals(deps, sqsEvent([updated('strange', NOW)]));
    expect(counts).toEqual({ SignalNotManaged: 1 });
  });
});

describe('a late signal', () => {
  it.each([
    ['within staleSeconds may be repaired', 1800, 'demo/pause-image', {}],
    ['beyond staleSeconds is checked instead, and counted', 1801, 'demo/node-check', { SignalLate: 1 }],
  ])('%s', async (_, ageSeconds, lane, counted) => {
    const { deps, pendingNodes, counts } = await signalIntakeWorld(table);
    const seenAt = new Date(Date.parse(NOW) - ageSeconds * 1000).toISOString();
    const late = signal({ firstSeenAt: seenAt, lastSeenAt: seenAt });
    await acceptSignals(deps, sqsEvent([late]));
    expect((await pendingNodes(lane)).map((r) => r.instanceId)).toContain(late.detail.instanceId);
    expect(counts).toEqual({ SignalTaken: 1, ...counted });
  });
});
