import { describe, expect, it } from 'vitest';
import { signalSample } from '../../test/support/signal-samples.ts';
import { Policy } from '../model/policy.ts';
import { clusterAlarmName } from './cluster-alarm.ts';
import { readSignal, signalSettings } from './read-signal.ts';

const policy = Policy.parse({
  clusters: [{ name: 'demo', alarms: ['demo-nodes-unwell'] }, { name: 'other' }],
  limits: { settleSeconds: 300 },
});
const read = (event: unknown) => readSignal(event, signalSettings(policy));
const INSTANCE = { kind: 'instance-id', id: 'i-0123456789abcdef0' };
const TIME = '2026-08-22T10:00:01Z';
const cluster = (reason: string, settleSeconds = 300) => ({ kind: 'cluster', cluster: 'demo', reason, settleSeconds });
const ignored = (reason: string) => ({ kind: 'ignored', reason, meaning: expect.stringMatching(/^[A-Z].*\.$/) });

describe('a recorded event is read as', () => {
  it.each<[string, object]>([
    ['alarms/match-metric', { ...cluster('AlarmRaised', 0), sample: 'fleetmend-cluster-demo-disk-filling' }],
    [
      'alarms/match-sandbox-failures',
      { ...cluster('AlarmRaised', 0), sample: 'fleetmend-cluster-demo-sandbox-failures' },
    ],
    ['alarms/match-math', { ...cluster('AlarmRaised', 0), sample: 'demo-inodes' }],
    ['alarms/match-composite', { ...cluster('AlarmRaised', 0), sample: 'demo-nodes-unwell' }],
    [
      'alarms/match-instance',
      {
        kind: 'node',
        node: INSTANCE,
        cluster: 'demo',
        reason: 'AlarmRaised',
        firstSeenAt: '2026-08-22T10:00:01.000Z',
        lastSeenAt: '2026-08-22T10:00:01.000Z',
        count: 1,
        sample: 'demo-node-disk',
        trusted: false,
        checkOnly: true,
      },
    ],
    ['alarms/miss-ok', ignored('AlarmNotInAlarm')],
    ['alarms/miss-insufficient-data', ignored('AlarmNotInAlarm')],
    ['alarms/miss-suppressed', ignored('AlarmSuppressed')],
    ['alarms/miss-own-health', ignored('AlarmOfNoCluster')],
    ['alarms/miss-other-name', ignored('AlarmOfNoCluster')],
    ['addons/match-health-degraded', cluster('AddonDegraded')],
    ['addons/match-update-failed', cluster('AddonUpdateFailed')],
    ['addons/match-update-succeeded', cluster('AddonUpdated')],
    ['addons/match-creation-failed', cluster('AddonCreationFailed')],
    ['addons/miss-health-restored', ignored('EksAddonHealthy')],
    ['eks-calls/match-create-nodegroup', cluster('NodegroupCreated')],
    ['eks-calls/match-update-nodegroup-config', cluster('NodegroupUpdated')],
    ['eks-calls/match-update-nodegroup-version', cluster('NodegroupUpdated')],
    ['eks-calls/match-update-cluster-version', cluster('ClusterUpdated')],
    ['eks-calls/match-create-addon-cni', cluster('AddonCreated')],
    ['eks-calls/match-update-addon-cni', cluster('AddonUpdated')],
    ['eks-calls/miss-failed', ignored('EksCallFailed')],
    ['eks-calls/miss-addon-coredns', ignored('EksAddonOfPods')],
    ['eks-calls/miss-describe', ignored('EksCallOfNoNode')],
    ['launches/match-launch', { kind: 'new-node', instanceId: INSTANCE.id }],
    ['running/match-running', { kind: 'new-node', instanceId: INSTANCE.id }],
    ['running/miss-pending', ignored('InstanceNotRunning')],
    [
      'symptoms/match-logs',
      {
        kind: 'node',
        node: INSTANCE,
        cluster: 'demo',
        reason: 'SandboxImageMissing',
        image: '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5',
        firstSeenAt: '2026-08-22T09:59:50.000Z',
        lastSeenAt: '2026-08-22T10:00:00.000Z',
        count: 2,
        trusted: true,
      },
    ],
    [
      'symptoms/match-by-name',
      {
        kind: 'node',
        node: { kind: 'private-dns', name: 'ip-10-0-1-23.cn-north-1.compute.internal' },
        reason: 'ForeignSymptom',
        firstSeenAt: '2026-08-22T10:00:01.000Z',
        lastSeenAt: '2026-08-22T10:00:01.000Z',
        count: 1,
        trusted: false,
        checkOnly: true,
      },
    ],
    [
      'symptoms/match-by-provider-id',
      {
        kind: 'node',
        node: INSTANCE,
        cluster: 'demo',
        reason: 'CNINotReady',
        firstSeenAt: '2026-08-22T10:00:00Z',
        lastSeenAt: '2026-08-22T10:00:00Z',
        count: 1,
        trusted: false,
      },
    ],
  ])('%s', (path, signal) => {
    const event = signalSample(path);
    const { id, source } = event;
    expect(read(event)).toEqual({
      ok: true,
      signal: { ...signal, id, source, time: TIME },
      isForeign: !source.startsWith('aws.') && source !== 'fleetmend.logs',
    });
  });
});

describe("an alarm's cluster", () => {
  const of = (alarmName: string, dimensions: object) => {
    const event = signalSample('alarms/match-metric');
    const configuration = { metrics: [{ id: 'm', metricStat: { metric: { dimensions } }, returnData: true }] };
    const reading = read({ ...event, detail: { ...event.detail, alarmName, configuration } });
    return reading.ok && reading.signal.kind === 'cluster' ? reading.signal.cluster : undefined;
  };

  it.each([
    ['is what the configuration says', 'demo-nodes-unwell', {}, 'demo'],
    ['is that even where its dimension says another', 'demo-nodes-unwell', { ClusterName: 'other' }, 'demo'],
    [
      'is in the name that the stack gives it',
      clusterAlarmName('fleetmend', 'a-cluster-b', 'disk-filling'),
      {},
      'a-cluster-b',
    ],
    ['is its dimension', 'fleetmend-cluster-hand-made', { ClusterName: 'other' }, 'other'],
    ['is undefined where nothing names it', 'fleetmend-cluster-hand-made', {}, undefined],
    ['is undefined where the dimension is not a cluster name', 'x', { ClusterName: 'a/b' }, undefined],
  ])('%s', (_, name, dimensions, expected) => {
    expect(of(name, dimensions)).toBe(expected);
  });

  it('is asked for, not a node, where its metrics name two instances', () => {
    const event = signalSample('alarms/match-instance');
    const metric = (InstanceId: string) => ({
      id: 'm',
      metricStat: { metric: { dimensions: { ClusterName: 'demo', InstanceId } } },
    });
    const configuration = { metrics: [metric('i-0123456789abcdef0'), metric('i-0123456789abcdef1')] };
    expect(read({ ...event, detail: { ...event.detail, configuration } })).toMatchObject({
      signal: { kind: 'cluster', cluster: 'demo' },
    });
  });
});

describe("an add-on's cluster is found", () => {
  const event = signalSample('addons/match-health-degraded');
  it.each([
    ['in the ARN under resources', { detail: {} }],
    ['in an ARN in the detail', { resources: [], detail: { addonArn: event.resources[0] } }],
    ["in a cluster's ARN", { resources: ['arn:aws:eks:eu-west-1:1:cluster/demo'], detail: { addonName: 'vpc-cni' } }],
    ['by name', { resources: [], detail: { clusterName: 'demo' } }],
    ['by the other spelling', { resources: [], detail: { 'cluster-name': 'demo' } }],
    ['by the short name', { resources: [], detail: { cluster: 'demo' } }],
    [
      'in the ARN of the add-on, behind other ARNs',
      { resources: ['arn:aws:iam::1:role/x', ...event.resources], detail: {} },
    ],
    [
      "in a cluster's ARN, behind other ARNs",
      { resources: ['arn:aws:iam::1:role/x', 'arn:aws:eks:eu-west-1:1:cluster/demo'], detail: {} },
    ],
    [
      'by name, whatever other values the detail has',
      { resources: [], detail: { clusterName: 'demo', more: ['arn:aws:eks:eu-west-1:1:cluster/other'], none: null } },
    ],
  ])('%s', (_, over) => {
    expect(read({ ...event, ...over })).toMatchObject({ ok: true, signal: cluster('AddonDegraded') });
  });

  it('or is missing, and the refusal names the field', () => {
    expect(read({ ...event, resources: [], detail: {} })).toEqual({
      ok: false,
      field: 'resources',
      message: 'no ARN of an add-on or a cluster, and no detail.clusterName',
    });
  });

  it.each(['addonName', 'addon-name', 'addon'])('and its add-on by the name under %s', (key) => {
    const updated = { ...signalSample('addons/match-update-succeeded'), resources: [] };
    const of = (name: string) => read({ ...updated, detail: { clusterName: 'demo', [key]: name } });
    expect(of('coredns')).toMatchObject({ signal: ignored('EksAddonOfPods') });
    expect(of('vpc-cni')).toMatchObject({ signal: cluster('AddonUpdated') });
  });

  it('and an update of an add-on without a name may be that of the CNI', () => {
    const updated = {
      ...signalSample('addons/match-update-succeeded'),
      resources: [],
      detail: { clusterName: 'demo' },
    };
    expect(read(updated)).toMatchObject({ signal: cluster('AddonUpdated') });
  });

  it('is not needed where a successful update concerns pods alone', () => {
    const text = JSON.stringify(signalSample('addons/match-update-succeeded')).replaceAll('vpc-cni', 'coredns');
    expect(read(JSON.parse(text))).toMatchObject({ signal: ignored('EksAddonOfPods') });
  });
});

describe('a Node Symptom', () => {
  const own = signalSample('symptoms/match-logs');
  const foreign = signalSample('symptoms/match-by-name');
  const withDetail = (over: Record<string, unknown>, event = foreign) => ({
    ...event,
    detail: { ...event.detail, ...over },
  });

  it.each([
    ['from another source', { ...own, source: 'acme.logs' }],
    ['that only predicts the fault', withDetail({ hint: true }, own)],
    ['that names no cluster', withDetail({ cluster: undefined }, own)],
    ['that names no reason', withDetail({ reason: undefined }, own)],
  ])('%s is not trusted', (_, event) => {
    expect(read(event)).toMatchObject({ ok: true, signal: { trusted: false } });
  });

  it('that names the node by its address is trusted: EC2 must show exactly one node of the cluster at it', () => {
    const node = 'ip-10-0-1-23.ec2.internal';
    expect(read(withDetail({ instanceId: undefined, node }, own))).toMatchObject({
      signal: { trusted: true, cluster: 'demo', node: { kind: 'private-dns', name: node } },
    });
  });

  it('keeps a part of the log line, and that it only predicts the fault', () => {
    expect(read(withDetail({ evidence: 'a line', hint: true }, own))).toMatchObject({
      signal: { sample: 'a line', hint: true },
    });
  });

  it('about a Fargate node is unsupported, and keeps the node name and the cluster', () => {
    const node = 'fargate-ip-10-0-1-23.cn-north-1.compute.internal';
    const { signal } = read(withDetail({ node, cluster: 'demo' })) as { signal: object };
    expect(signal).toMatchObject({ kind: 'unsupported', nodeKind: 'FargateNode', nodeId: node, cluster: 'demo' });
  });

  it('about a hybrid node takes the cluster of its provider id where it names none itself', () => {
    const node = 'eks-hybrid:///cn-north-1/branch/mi-0123456789abcdef0';
    expect(read(withDetail({ node, cluster: undefined }))).toMatchObject({
      signal: { kind: 'unsupported', nodeKind: 'HybridNode', nodeId: 'mi-0123456789abcdef0', cluster: 'branch' },
    });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no node', withDetail({ node: undefined }), 'detail.node', /give node, or instanceId/],
    ['two nodes', withDetail({ instanceId: 'i-0123456789abcdef0' }), 'detail.node', /not both/],
    ['a hostile id', withDetail({ instanceId: 'i-1; reboot' }, own), 'detail.instanceId', /not an EC2 instance id/],
    [
      'a provider id as instanceId',
      withDetail({ instanceId: `aws:///a/${INSTANCE.id}` }, own),
      'detail.instanceId',
      /use node/,
    ],
    ['a name as instanceId', withDetail({ instanceId: 'ip-10-0-1-23' }, own), 'detail.instanceId', /use node/],
    ['a hostile name', withDetail({ node: '*' }), 'detail.node', /not a node/],
    ['an unknown field', withDetail({ command: 'rm' }), 'detail', /command/],
    ['a hostile cluster', withDetail({ cluster: 'a/b' }), 'detail.cluster', /cluster name/],
    ['a reason that is a sentence', withDetail({ reason: 'it is broken' }), 'detail.reason', /PascalCase/],
    ['a count of none', withDetail({ count: 0 }), 'detail.count', /./],
    [
      'firstSeenAt after lastSeenAt',
      withDetail({ firstSeenAt: '2026-08-22T11:00:00Z', lastSeenAt: '2026-08-22T10:00:00Z' }),
      'detail.firstSeenAt',
      /later/,
    ],
  ])('with %s is refused, and the field named', (_, event, field, message) => {
    expect(read(event)).toEqual({ ok: false, field, message: expect.stringMatching(message) });
  });
});
