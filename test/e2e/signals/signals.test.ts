import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedNode } from '../../../lab/sim/node.ts';
import { putEventsExample } from '../../support/put-events-example.ts';
import { sampledTests } from '../../support/sample.ts';
import { signalSample } from '../../support/signal-samples.ts';
import { faultLine } from '../fault-line.ts';
import { type AuditItem, logGroupOf, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from '../support.ts';

const OWN_ALARM = 'demo-nodes-unwell';

let scene: Scene;
beforeAll(async () => {
  const clusters = [
    // A cluster for each signal, so that no check of one signal finds the node of another.
    { name: 'logs' },
    { name: 'named-by-log' },
    { name: 'metric' },
    { name: 'failures' },
    { name: 'composite', alarms: [OWN_ALARM] },
    { name: 'instance', alarms: ['demo-node-disk'] },
    { name: 'addon' },
    { name: 'nodegroup' },
    { name: 'launch' },
    { name: 'running' },
    { name: 'foreign' },
    { name: 'documented' },
    { name: 'named' },
    { name: 'beyond' },
    { name: 'swept', sweeps: true },
  ];
  scene = await openScene(synthScene(clusters, { settleSeconds: 600 }, { alarms: true }));
  for (const { name } of clusters.filter((c) => c.name !== 'beyond')) scene.addNodes(name, 3);
});
afterAll(() => scene.lab.stop());

const broken = (cluster: string): SimulatedNode => {
  const [node] = scene.addNodes(cluster, 1, { faultOf: () => REPAIRABLE });
  return node ?? expect.fail();
};
/** Puts a recorded event on the default bus, as AWS does, with the instances and clusters of the test instead of the recorded ones. */
const deliver = (path: string, replacements: Readonly<Record<string, string>>): void => {
  const event = signalSample(path, replacements);
  scene.lab.putEvent({
    source: event.source,
    detailType: event['detail-type'],
    detail: event.detail,
    resources: event.resources,
  });
};
const repaired = (node: SimulatedNode): void => {
  expect(node.faults()).toEqual([]);
  expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
};
/** Another broken node, at an address that no other one of the lab has. */
const brokenAt = (cluster: string, privateDnsName: string): SimulatedNode => {
  const node = { ...broken(cluster), privateDnsName };
  scene.lab.nodes.add(node);
  return node;
};
/** Puts an event through EventBridge's API, as any tool of the account can. */
const putEvents = async (...Entries: readonly PutEventsRequestEntry[]): Promise<void> => {
  const client = new EventBridgeClient({
    endpoint: scene.lab.endpointUrl,
    region: scene.lab.region,
    credentials: scene.lab.credentialsFor('admin'),
  });
  const answer = await client.send(new PutEventsCommand({ Entries: [...Entries] }));
  expect(answer.FailedEntryCount).toBe(0);
};
const symptom = (detail: Readonly<Record<string, unknown>>): PutEventsRequestEntry => ({
  ...putEventsExample(),
  Detail: JSON.stringify(detail),
});
const runsOf = async (cluster: string) =>
  (await scene.runs(cluster)).map((run) => [run.action, run.counts]).toReversed();

const FOUND = [
  ['check', { Broken: 1, Healthy: 3 }],
  ['repair', { Repaired: 1 }],
];
const FOUND_ALONE = [
  ['check', { Broken: 1 }],
  ['repair', { Repaired: 1 }],
];

describe('a broken node is repaired', () => {
  it('after its log line, by a repair at once', async () => {
    // The alarm that counts such lines has the cluster checked at the next full minute, which may come first.
    scene.lab.faults.events.push({ source: 'aws.cloudwatch', kind: 'lose' });
    const node = broken('logs');
    await scene.logFault(node);
    await scene.drain();
    scene.lab.faults.events = [];
    repaired(node);
    expect(await runsOf('logs')).toEqual([['repair', { Repaired: 1 }]]);
  });

  it('after an alarm of Container Insights that the stack makes: a disk nears the GC threshold', async () => {
    const node = broken('metric');
    scene.lab.alarms.putMetric('ContainerInsights', 'node_filesystem_utilization', { ClusterName: 'metric' }, 84);
    await scene.drain();
    repaired(node);
    expect(await runsOf('metric')).toEqual(FOUND);
  });

  it("after any tool's Node Symptom, which names the node as Kubernetes does", async () => {
    const node = broken('foreign');
    const event = signalSample('symptoms/match-by-name', {
      'ip-10-0-1-23.cn-north-1.compute.internal': node.privateDnsName,
    });
    // Simulated clusters share addresses, as networks of an account may: the cluster distinguishes their nodes.
    const detail = { ...event.detail, cluster: 'foreign' };
    scene.lab.putEvent(
      { source: event.source, detailType: event['detail-type'], detail },
      scene.lab.outputs.EventBusName,
    );
    await scene.drain();
    repaired(node);
    expect(await runsOf('foreign')).toEqual(FOUND_ALONE);
  });

  it('after the next sweep, without any signal', async () => {
    const node = broken('swept');
    // A sweep starts within half an hour, and each cluster at its own moment of the half hour after it.
    await scene.lab.advance(75 * MINUTE_MS);
    await scene.drain();
    repaired(node);
  });

  // Contract tests show that signal-intake takes each of them; some go all the way.
  const { add: way, declare } = sampledTests('other signals');

  way('after a log line that names it by its private DNS name alone', async () => {
    const node = broken('named-by-log');
    const { ec2_instance_id, ...record } = JSON.parse(faultLine(node, scene.lab.now())) as Record<string, unknown>;
    const stream = `${node.privateDnsName}-dataplane.systemd.containerd.service`;
    await scene.lab.putLogEvents(logGroupOf('named-by-log'), stream, [JSON.stringify(record)]);
    await scene.drain();
    repaired(node);
  });
  way(
    'after an alarm that counts failed sandboxes in the log group, by a line that log-classifier does not classify',
    async () => {
      const node = broken('failures');
      const line = JSON.stringify({ message: 'E0822 pod_workers.go:1] "RunPodSandbox from runtime service failed"' });
      await scene.lab.putLogEvents(logGroupOf('failures'), 'node-dataplane.systemd.kubelet.service', [line]);
      await scene.drain();
      repaired(node);
      expect(await runsOf('failures')).toEqual(FOUND);
    },
  );

  way("after a composite alarm of the user's own, once nothing suppresses it", async () => {
    const node = broken('composite');
    deliver('alarms/miss-suppressed', {});
    deliver('alarms/miss-insufficient-data', {});
    await scene.drain();
    expect(node.runs).toEqual([]);
    deliver('alarms/match-composite', {});
    await scene.drain();
    repaired(node);
    expect(await runsOf('composite')).toEqual(FOUND);
  });

  way('after an alarm about the instance, alone', async () => {
    const node = broken('instance');
    deliver('alarms/match-instance', { 'i-0123456789abcdef0': node.instanceId });
    await scene.drain();
    repaired(node);
    expect(await runsOf('instance')).toEqual(FOUND_ALONE);
  });

  way('after an add-on of EKS degraded, when the nodes have settled', async () => {
    const node = broken('addon');
    const at = scene.lab.now();
    deliver('addons/match-health-degraded', { demo: 'addon' });
    await scene.drain();
    repaired(node);
    expect(await runsOf('addon')).toEqual(FOUND);
    expect((node.runs[0]?.at ?? 0) - at).toBeGreaterThanOrEqual(10 * MINUTE_MS);
  });

  way('after CloudTrail recorded an update of a node group, when the nodes have settled', async () => {
    const node = broken('nodegroup');
    const at = scene.lab.now();
    deliver('eks-calls/miss-failed', { demo: 'nodegroup' });
    deliver('eks-calls/match-update-nodegroup-version', { demo: 'nodegroup' });
    await scene.drain();
    repaired(node);
    expect(await runsOf('nodegroup')).toEqual(FOUND);
    expect((node.runs[0]?.at ?? 0) - at).toBeGreaterThanOrEqual(10 * MINUTE_MS);
  });

  for (const [cluster, what, sample] of [
    ['launch', 'Auto Scaling launched it', 'launches/match-launch'],
    ['running', 'EC2 reported it as running', 'running/match-running'],
  ] as const)
    way(`after ${what}`, async () => {
      const node = broken(cluster);
      deliver(sample, { 'i-0123456789abcdef0': node.instanceId });
      await scene.drain();
      repaired(node);
      expect(await runsOf(cluster)).toEqual(FOUND_ALONE);
    });

  way('after the example of docs/signals.md, which names no cluster', async () => {
    const example = putEventsExample();
    const { node: name } = JSON.parse(example.Detail) as { node: string };
    const node = brokenAt('documented', name);
    await putEvents(example);
    await scene.drain();
    repaired(node);
    expect(await runsOf('documented')).toEqual(FOUND_ALONE);
  });

  way('after a Node Symptom that has only a node name without its domain', async () => {
    const node = brokenAt('named', 'ip-10-0-77-1.cn-north-1.compute.internal');
    await putEvents(symptom({ node: 'ip-10-0-77-1' }));
    await scene.drain();
    repaired(node);
    expect(await runsOf('named')).toEqual(FOUND_ALONE);
  });

  declare(1);
});

describe('a cluster of nodes that cannot be repaired', () => {
  const FARGATE = 'fargate-ip-10-0-5-6.cn-north-1.compute.internal';
  const shown = (items: readonly AuditItem[]) =>
    items.filter((i) => i.kind === 'result').map((i) => [i.instanceId, i.outcome, i.reason]);

  it('has a row for each node that a signal names, with advice', async () => {
    const [auto] = scene.addNodes('beyond', 1, { autoMode: true, tags: { 'eks:eks-cluster-name': 'beyond' } });
    const autoId = auto?.instanceId ?? '';
    const about = { node: FARGATE, cluster: 'beyond' };
    await putEvents(symptom({ node: autoId }), symptom(about), symptom(about), symptom(about));
    await scene.drain();
    const unsupported = await scene.report({ query: 'outcomes', cluster: 'beyond', outcome: 'Unsupported' });
    expect(shown(unsupported).toSorted()).toEqual(
      [
        [FARGATE, 'Unsupported', 'FargateNode'],
        [autoId, 'Unsupported', 'AutoModeNode'],
      ].toSorted(),
    );
    expect(await scene.report({ query: 'node', instanceId: FARGATE })).toMatchObject([
      { outcome: 'Unsupported', advice: expect.stringMatching(/delete the pod/) },
    ]);
  });

  it('has a row for each node after a check, which plans nothing', async () => {
    const [bottlerocket] = scene.addNodes('beyond', 1, { platformName: 'Bottlerocket' });
    scene.lab.eks.fargateProfiles.set('beyond', ['default']);
    scene.lab.eks.remoteNetworks.add('beyond');
    const { runId, planned, skipped } = await scene.start({ action: 'check', cluster: 'beyond' });
    expect([planned, skipped.map((s) => s.skipReason)]).toEqual([0, Array.from({ length: 4 }, () => 'Unsupported')]);
    await scene.drain();
    const named = new Map(shown(await scene.report({ query: 'run', runId })).map(([id, , reason]) => [id, reason]));
    expect(named.get(bottlerocket?.instanceId)).toBe('BottlerocketNode');
    expect(named.get('fargate-profile/default')).toBe('FargateNode');
    expect(named.get('hybrid-nodes/beyond')).toBe('HybridNode');
    expect([...named.values()].toSorted()).toEqual(['AutoModeNode', 'BottlerocketNode', 'FargateNode', 'HybridNode']);
  });
});

it('leaves no failure, no denied call and no dead letter', async () => {
  expect(scene.letters()).toEqual([]);
  expect(scene.chronicle.failures).toEqual([]);
  expect(scene.chronicle.denials).toEqual([]);
  // The row of a Fargate node takes up further signals about it for a day.
  const open = (await scene.report({ query: 'open' })).map((item) => ('lane' in item ? item.lane : item));
  expect(open).toEqual(['beyond/node-check']);
});
