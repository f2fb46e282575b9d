import { describe, expect, it } from 'vitest';
import { Policy } from '../model/policy.ts';
import type { Membership } from './membership.ts';
import { placeSignal } from './place.ts';
import type { Signal } from './types.ts';

const NOW = '2026-08-22T10:00:00.000Z';
const policy = Policy.parse({ clusters: [{ name: 'demo', mode: 'repair' }, { name: 'watched' }] });
const catalogue = [{ name: 'pause-image', order: 1, disruptive: false, reasons: { SandboxImageMissing: {} } }];
const [FIRST, SECOND] = ['i-00000000000000001', 'i-00000000000000002'];
const of = (cluster: string): Membership => ({ kind: 'cluster', cluster });
const instance = (instanceId: string, membership: Membership) => ({ instanceId, membership });
const place = (signal: Signal, found: readonly ReturnType<typeof instance>[] = [], now = NOW) =>
  placeSignal(policy, catalogue, signal, found, now);

const named = (over: Partial<Extract<Signal, { kind: 'node' }>> = {}): Extract<Signal, { kind: 'node' }> => ({
  kind: 'node',
  id: 'e-1',
  source: 'acme.alerts',
  time: NOW,
  node: { kind: 'private-dns', name: 'ip-10-0-1-2.ec2.internal' },
  reason: 'SandboxImageMissing',
  firstSeenAt: NOW,
  lastSeenAt: NOW,
  count: 1,
  trusted: false,
  ...over,
});

describe('a node that a signal names by its address', () => {
  it.each<
    [
      string,
      string | undefined,
      readonly ReturnType<typeof instance>[],
      { readonly instanceId: string; readonly cluster: string },
    ]
  >([
    [
      'is the instance that EC2 shows',
      undefined,
      [instance(FIRST, of('demo'))],
      { instanceId: FIRST, cluster: 'demo' },
    ],
    [
      'is the instance whose tags name the cluster of the signal',
      'demo',
      [instance(FIRST, of('demo'))],
      { instanceId: FIRST, cluster: 'demo' },
    ],
    [
      'is the instance of two whose tags name the cluster',
      'demo',
      [instance(FIRST, of('watched')), instance(SECOND, of('demo'))],
      { instanceId: SECOND, cluster: 'demo' },
    ],
  ])('%s', (_, cluster, found, expected) => {
    const signal = named(cluster === undefined ? {} : { cluster });
    expect(place(signal, found)).toMatchObject({
      kind: 'pending',
      pending: { ...expected, lane: `${expected.cluster}/node-check` },
    });
  });

  it.each<[string, string | undefined, readonly ReturnType<typeof instance>[], string, string?]>([
    ['no instance is found', undefined, [], 'SignalUnknownInstance', 'EC2 shows no such instance'],
    [
      'no tag names a cluster',
      undefined,
      [instance(FIRST, { kind: 'none' })],
      'SignalNotManaged',
      "the instance's tags name no cluster",
    ],
    [
      'the policy does not list the cluster of the signal, and EC2 was not asked',
      'strange',
      [],
      'SignalNotManaged',
      'the policy does not list strange',
    ],
    [
      'one of two instances found has no cluster',
      undefined,
      [instance(FIRST, { kind: 'none' }), instance(SECOND, of('demo'))],
      'SignalAmbiguous',
      '2 instances have this name',
    ],
    [
      'the policy does not list the cluster of its tags',
      undefined,
      [instance(FIRST, of('strange'))],
      'SignalNotManaged',
    ],
    [
      'the policy does not list the cluster of the signal',
      'strange',
      [instance(FIRST, of('demo'))],
      'SignalNotManaged',
    ],
    [
      'the tags name two clusters',
      undefined,
      [instance(FIRST, { kind: 'ambiguous', clusters: ['demo', 'watched'] })],
      'SignalAmbiguous',
      "the instance's tags name the clusters demo, watched",
    ],
    [
      'two instances are found',
      undefined,
      [instance(FIRST, of('demo')), instance(SECOND, of('demo'))],
      'SignalAmbiguous',
    ],
    [
      'two instances of the cluster are found',
      'demo',
      [instance(FIRST, of('demo')), instance(SECOND, of('demo'))],
      'SignalAmbiguous',
    ],
    ...[
      [instance(FIRST, of('watched'))],
      [instance(FIRST, { kind: 'none' })],
      [instance(FIRST, { kind: 'ambiguous', clusters: ['demo', 'watched'] })],
      [instance(FIRST, of('watched')), instance(SECOND, { kind: 'none' })],
    ].map((strangers): [string, string, typeof strangers, string, string] => [
      `the tags of ${strangers.length} found instances (${strangers.map(({ membership }) => membership.kind).join(', ')}) prove no membership`,
      'demo',
      strangers,
      'SignalNotInCluster',
      'EC2 does not show ip-10-0-1-2.ec2.internal as a node of demo',
    ]),
  ])('is ignored where %s', (_, cluster, found, metric, explanation = expect.any(String)) => {
    expect(place(named(cluster === undefined ? {} : { cluster }), found)).toEqual({
      kind: 'ignored',
      metric,
      explanation,
    });
  });
});

describe('a signal about a node', () => {
  const known = { cluster: 'demo', node: { kind: 'instance-id', id: FIRST } } as const;
  /** EC2 shows the node as one of the cluster that the signal names. */
  const placed = (signal: Extract<Signal, { kind: 'node' }>) =>
    place(signal, [instance(FIRST, of(signal.cluster ?? ''))]);
  it.each<[string, object, string]>([
    ['that proves the fault goes to the repair', { trusted: true }, 'demo/pause-image'],
    ['that proves nothing goes to the check', { trusted: false }, 'demo/node-check'],
    ['about an observed cluster goes to the check', { trusted: true, cluster: 'watched' }, 'watched/node-check'],
    [
      'whose reason is none of the catalogue goes to the check',
      { checkOnly: true, reason: 'AlarmRaised' },
      'demo/node-check',
    ],
  ])('%s', (_, over, lane) => {
    expect(placed(named({ ...known, ...over }))).toMatchObject({
      kind: 'pending',
      isLate: false,
      isProven: true,
      pending: { lane },
    });
  });

  it('that EC2 does not show as a node of the cluster makes no row', () => {
    const explanation = `EC2 does not show ${FIRST} as a node of demo`;
    const ignored = { kind: 'ignored', metric: 'SignalNotInCluster', explanation };
    expect(place(named({ ...known, trusted: true }))).toEqual(ignored);
    expect(place(named({ ...known, trusted: true }), [instance(SECOND, of('demo'))])).toEqual(ignored);
  });

  it.each([
    [1800, false, 'demo/pause-image'],
    [1801, true, 'demo/node-check'],
  ])('that is %i s old is late: %s', (seconds, isLate, lane) => {
    const lastSeenAt = new Date(Date.parse(NOW) - seconds * 1000).toISOString();
    const signal = named({ ...known, trusted: true, firstSeenAt: lastSeenAt, lastSeenAt });
    expect(placed(signal)).toMatchObject({ kind: 'pending', isLate, pending: { lane } });
  });

  it('keeps the image that it names, and has a sample only where it has one', () => {
    const image = 'registry.example/pause:3.9';
    const row = placed(named({ ...known, image, sample: undefined as never }));
    expect(row).toMatchObject({ pending: { image, because: { kind: 'event' } } });
    expect(row.kind === 'pending' && row.pending.because).not.toHaveProperty('sample');
  });

  it('that names the instance and no cluster is about the cluster of its tags', () => {
    expect(place(named({ node: known.node }), [instance(FIRST, of('watched'))])).toMatchObject({
      pending: { instanceId: FIRST, cluster: 'watched' },
    });
  });

  it('with a reason that nothing repairs or explains is refused, with the known reasons', () => {
    expect(placed(named({ ...known, reason: 'Gremlins' }))).toEqual({
      kind: 'unknown-reason',
      reason: 'Gremlins',
      known: ['SandboxImageMissing'],
    });
  });

  it('keeps the beginning of a long source, and no time in the future', () => {
    const signal = named({ ...known, source: 's'.repeat(256), lastSeenAt: '2027-01-01T00:00:00.000Z' });
    expect(placed(signal)).toMatchObject({ pending: { source: 's'.repeat(100), lastSeenAt: NOW } });
  });
});

const event = { id: 'e-1', source: 'aws.test', time: NOW } as const;

it('a new node waits for its agent: the first look is after half a minute, the last at agentWaitSeconds', () => {
  const signal: Signal = { ...event, kind: 'new-node', instanceId: FIRST };
  expect(place(signal, [instance(FIRST, of('demo'))])).toMatchObject({
    isLate: false,
    pending: {
      lane: 'demo/node-check',
      reason: 'NewNode',
      notBefore: '2026-08-22T10:00:30.000Z',
      awaitAgentUntil: '2026-08-22T10:20:00.000Z',
    },
  });
  const later = '2026-08-22T10:19:50.000Z';
  expect(place(signal, [instance(FIRST, of('demo'))], later)).toMatchObject({
    pending: { notBefore: '2026-08-22T10:20:00.000Z' },
  });
  expect(place(signal, [])).toMatchObject({ kind: 'ignored', metric: 'SignalUnknownInstance' });
  expect(place(signal, [instance(FIRST, of('strange'))])).toMatchObject({
    kind: 'ignored',
    metric: 'SignalNotManaged',
  });
});

it('a change of a cluster leads to one check of it after its nodes have settled', () => {
  const signal: Signal = { ...event, kind: 'cluster', cluster: 'demo', reason: 'R'.repeat(80), settleSeconds: 600 };
  expect(place(signal)).toMatchObject({
    pending: {
      lane: 'demo/node-check',
      instanceId: '*',
      reason: 'R'.repeat(64),
      notBefore: '2026-08-22T10:10:00.000Z',
    },
  });
  expect(place({ ...signal, cluster: 'strange' })).toMatchObject({ kind: 'ignored', metric: 'SignalNotManaged' });
});

it('a node that cannot be repaired is recorded in its cluster, and ignored without one', () => {
  const nodeId = 'fargate-ip-10-0-1-2.ec2.internal';
  const signal: Signal = { ...event, kind: 'unsupported', nodeId, nodeKind: 'FargateNode', reason: 'ForeignSymptom' };
  expect(place(signal)).toMatchObject({
    kind: 'ignored',
    metric: 'SignalUnsupported',
    explanation: `FargateNode ${nodeId}: the signal names no cluster`,
  });
  expect(place({ ...signal, cluster: 'strange' })).toMatchObject({ kind: 'ignored', metric: 'SignalNotManaged' });
  const pending = { lane: 'demo/node-check', instanceId: nodeId };
  expect(place({ ...signal, cluster: 'demo' })).toMatchObject({ isProven: false, pending });
});

it('an ignored event is counted as ignored, with its code and meaning', () => {
  const signal: Signal = { ...event, kind: 'ignored', reason: 'AlarmNotInAlarm', meaning: 'The alarm is in OK.' };
  expect(place(signal)).toEqual({
    kind: 'ignored',
    metric: 'SignalIgnored',
    explanation: 'AlarmNotInAlarm: The alarm is in OK.',
  });
});

it.each([
  ['fleetmend.logs', 'log'],
  ['aws.cloudwatch', 'alarm'],
  ['acme.alerts', 'event'],
])('a row of a signal from %s has the kind of its cause: %s', (source, kind) => {
  expect(place(named({ source }), [instance(FIRST, of('demo'))])).toMatchObject({ pending: { because: { kind } } });
});

describe('why a node waits', () => {
  const because = (signal: Signal, now: string) => {
    const placement = place(signal, [instance(FIRST, of('demo'))], now);
    return placement.kind === 'pending' ? placement.pending.because : undefined;
  };

  it.each([
    ['fleetmend.logs', 'log'],
    ['aws.cloudwatch', 'alarm'],
    ['acme.alerts', 'event'],
  ])(
    'is known by the sender %s, with a cleaned sample and the time from the first line to its receipt',
    (source, kind) => {
      const signal = named({ source, sample: 'a\u202E line\n' });
      expect(because(signal, '2026-08-22T10:00:41.500Z')).toEqual({
        kind,
        sample: 'a\uFFFD line\uFFFD',
        detectedWithinSeconds: 42,
      });
    },
  );

  it('is a new node', () => {
    const launched: Signal = { kind: 'new-node', id: 'e-1', source: 'aws.ec2', time: NOW, instanceId: FIRST };
    expect(because(launched, NOW)).toEqual({ kind: 'new-node', detectedWithinSeconds: 0 });
  });
});
