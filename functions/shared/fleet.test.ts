import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { Policy, type PolicyInput } from '../../core/model/policy.ts';
import { node, nodes } from '../../test/support/runs.ts';
import { createFleet } from './fleet.ts';

type FakeInstance = {
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly auto?: boolean;
};
const OURS = { 'eks:cluster-name': 'demo' };
const SELF_MANAGED: PolicyInput['clusters'] = [{ name: 'demo', nodeTags: ['kubernetes.io/cluster'] }];

/** EC2 and SSM over instances in memory, with small pages, as strict about their limits as AWS. */
const world = (
  instances: ReadonlyMap<string, FakeInstance>,
  managed: ReadonlyMap<string, string> = new Map(),
  clusters: PolicyInput['clusters'] = [{ name: 'demo' }],
  /** Fails a call, by its service and its ids. */
  fail: (service: 'ec2' | 'ssm', ids: readonly string[]) => Error | undefined = () => undefined,
) => {
  const calls: { readonly name: string; readonly ids: number }[] = [];
  const matches = ([id, i]: [string, FakeInstance], name: string, values: readonly string[]): boolean => {
    if (name === 'instance-id') return values.includes(id);
    if (name === 'instance-state-name') return values.includes(i.state ?? 'running');
    if (name.startsWith('tag:')) return values.includes(i.tags?.[name.slice(4)] ?? '');
    throw new Error(`this fake has no filter ${name}`);
  };
  const ec2 = async (command: unknown) => {
    if (!(command instanceof DescribeInstancesCommand)) throw new Error('this fake has no such operation');
    const { Filters = [], MaxResults = 0, NextToken } = command.input;
    for (const f of Filters) if ((f.Values?.length ?? 0) > 200) throw new Error('FilterLimitExceeded');
    if (MaxResults < 5 || MaxResults > 1000) throw new Error('InvalidParameterValue');
    calls.push({ name: 'ec2', ids: Filters[0]?.Values?.length ?? 0 });
    const error = fail('ec2', Filters[0]?.Values ?? []);
    if (error !== undefined) throw error;
    const found = [...instances].filter((i) => Filters.every((f) => matches(i, f.Name ?? '', f.Values ?? [])));
    const from = Number(NextToken ?? '0');
    const page = found.slice(from, from + 30).map(
      ([id, i]): Instance => ({
        InstanceId: id,
        State: { Name: (i.state ?? 'running') as 'running' },
        Tags: Object.entries(i.tags ?? OURS).map(([Key, Value]) => ({ Key, Value })),
        ...(i.auto === undefined ? {} : { Operator: { Managed: i.auto } }),
      }),
    );
    // Instances of one page lie in several reservations.
    return {
      Reservations: [{ Instances: page.slice(0, 10) }, {}, { Instances: page.slice(10) }],
      NextToken: from + 30 < found.length ? String(from + 30) : '',
    };
  };
  const ssm = async (command: unknown) => {
    if (!(command instanceof DescribeInstanceInformationCommand)) throw new Error('this fake has no such operation');
    const { Filters = [], MaxResults = 0, NextToken } = command.input;
    const ids = Filters[0]?.Values ?? [];
    if (ids.length > 100 || MaxResults > 50) throw new Error('ValidationException');
    calls.push({ name: 'ssm', ids: ids.length });
    const error = fail('ssm', ids);
    if (error !== undefined) throw error;
    const found = ids.filter((id) => managed.has(id));
    const from = Number(NextToken ?? '0');
    return {
      InstanceInformationList: found.slice(from, from + 20).map((InstanceId) => ({
        InstanceId,
        PingStatus: managed.get(InstanceId),
        PlatformType: 'Linux',
        PlatformName: 'Amazon Linux',
      })),
      NextToken: from + 20 < found.length ? String(from + 20) : undefined,
    };
  };
  const fleet = createFleet({
    ec2: { send: ec2 as EC2Client['send'] },
    ssm: { send: ssm as SSMClient['send'] },
    policy: Policy.parse({ clusters }),
    pace: async () => {},
  });
  return { fleet, calls };
};

describe('describe', () => {
  it('reads hundreds of instances, within the limits of each call and over all pages', async () => {
    const ids = nodes(430);
    const { fleet, calls } = world(new Map(ids.map((id) => [id, {}])), new Map(ids.map((id) => [id, 'Online'])));
    const facts = await fleet.describe('demo', ids);
    expect(facts.size).toBe(430);
    expect([...facts.values()].every((f) => f.ssm?.pingStatus === 'Online' && f.inCluster)).toBe(true);
    expect(new Set(calls.filter((c) => c.name === 'ec2').map((c) => c.ids))).toEqual(new Set([200, 30]));
  });

  it.each<[string, FakeInstance, object]>([
    ["EKS's own tag", { tags: { 'eks:cluster-name': 'demo' } }, { inCluster: true }],
    ["Karpenter's tag", { tags: { 'eks:eks-cluster-name': 'demo' } }, { inCluster: true }],
    ['the tag of another cluster', { tags: { 'eks:cluster-name': 'demo-2' } }, { inCluster: false }],
    ['a tag that the policy does not name', { tags: { 'kubernetes.io/cluster/demo': 'owned' } }, { inCluster: false }],
    ['no tags', { tags: {} }, { inCluster: false }],
    ['a mode', { tags: { ...OURS, 'fleetmend:mode': 'off' } }, { modeTag: 'off' }],
    ['an empty mode', { tags: { ...OURS, 'fleetmend:mode': '' } }, { modeTag: '' }],
    ['a node group', { tags: { ...OURS, 'eks:nodegroup-name': 'blue' } }, { nodegroup: 'blue' }],
    ['Auto Mode', { auto: true }, { autoMode: true }],
    ['another state', { state: 'stopping' }, { state: 'stopping' }],
  ])('reads %s', async (_, instance, expected) => {
    const { fleet } = world(new Map([[node(1), instance]]));
    expect((await fleet.describe('demo', [node(1)])).get(node(1))).toMatchObject(expected);
  });

  it.each([
    ['owned', true],
    ['shared', true],
    ['no', false],
  ])('accepts the tag of a self-managed node with the value %s if the policy names it: %s', async (value, expected) => {
    const instances = new Map([[node(1), { tags: { 'kubernetes.io/cluster/demo': value } }]]);
    const { fleet } = world(instances, new Map(), SELF_MANAGED);
    expect((await fleet.describe('demo', [node(1)])).get(node(1))?.inCluster).toBe(expected);
    expect((await fleet.list('demo')).map((n) => n.instanceId)).toEqual(expected ? [node(1)] : []);
  });

  it('assigns no node to a cluster that the policy does not list', async () => {
    const { fleet } = world(new Map([[node(1), {}]]), new Map(), []);
    expect((await fleet.describe('demo', [node(1)])).get(node(1))?.inCluster).toBe(false);
    expect(await fleet.list('demo')).toEqual([]);
  });

  it('has no entry for an instance that EC2 does not list, and reads SSM only for running nodes of the cluster', async () => {
    const { fleet, calls } = world(
      new Map<string, FakeInstance>([
        [node(1), {}],
        [node(2), { state: 'stopped' }],
        [node(3), { tags: {} }],
      ]),
      new Map(nodes(5).map((id) => [id, 'Online'])),
    );
    const facts = await fleet.describe('demo', [node(1), node(2), node(3), node(4)]);
    expect([...facts.keys()]).toEqual([node(1), node(2), node(3)]);
    expect(facts.get(node(2))).not.toHaveProperty('ssm');
    expect(facts.get(node(3))).not.toHaveProperty('ssm');
    expect(calls).toEqual([
      { name: 'ec2', ids: 4 },
      { name: 'ssm', ids: 1 },
    ]);
  });

  it('calls EC2 for no node without an EC2 instance', async () => {
    const { fleet, calls } = world(new Map([[node(1), {}]]));
    const others = ['mi-0123456789abcdef0', 'fargate-ip-10-0-1-2.ec2.internal', 'fargate-profile/default'];
    expect([...(await fleet.describe('demo', [node(1), ...others])).keys()]).toEqual([node(1)]);
    expect(calls.filter((c) => c.name === 'ec2')).toEqual([{ name: 'ec2', ids: 1 }]);
  });

  const failure = (name: string, httpStatusCode: number) =>
    Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });

  it('of a batch that EC2 does not answer concerns the nodes of that batch alone', async () => {
    const ids = nodes(430);
    const { fleet } = world(
      new Map(ids.map((id) => [id, {}])),
      new Map(ids.map((id) => [id, 'Online'])),
      [{ name: 'demo' }],
      (service, asked) =>
        service === 'ec2' && asked.includes(node(250)) ? failure('RequestLimitExceeded', 400) : undefined,
    );
    const facts = await fleet.describe('demo', ids);
    const unread = [...facts.values()].filter((f) => f.unread !== undefined);
    expect(unread.map((f) => f.instanceId)).toEqual(ids.slice(200, 400));
    expect(unread[0]).toEqual({
      instanceId: node(200),
      inCluster: false,
      autoMode: false,
      unread: { kind: 'retry', problem: 'EC2 DescribeInstances: RequestLimitExceeded: no' },
    });
    expect(facts.get(node(0))?.ssm?.pingStatus).toBe('Online');
  });

  it('of a batch that SSM refuses keeps what EC2 shows, and the reason', async () => {
    const ids = nodes(60);
    const { fleet } = world(
      new Map(ids.map((id) => [id, {}])),
      new Map(ids.map((id) => [id, 'Online'])),
      [{ name: 'demo' }],
      (service, asked) =>
        service === 'ssm' && asked.includes(node(55)) ? failure('AccessDeniedException', 400) : undefined,
    );
    const facts = await fleet.describe('demo', ids);
    expect(facts.get(node(49))).not.toHaveProperty('unread');
    expect(facts.get(node(55))).toMatchObject({ state: 'running', inCluster: true, unread: { kind: 'refused' } });
  });

  it('names the clusters of a node whose tags name several', async () => {
    const tags = { ...OURS, 'kubernetes.io/cluster/other': 'owned' };
    const { fleet } = world(new Map([[node(1), { tags }]]));
    expect((await fleet.describe('demo', [node(1)])).get(node(1))).toMatchObject({ clusters: ['demo', 'other'] });
  });

  it('makes no call for an empty list', async () => {
    const { fleet, calls } = world(new Map());
    expect((await fleet.describe('demo', [])).size).toBe(0);
    expect(calls).toEqual([]);
  });
});

it('list names the running nodes of the cluster, over all pages', async () => {
  const { fleet } = world(
    new Map<string, FakeInstance>([
      ...nodes(70).map((id): [string, FakeInstance] => [id, { tags: OURS }]),
      ['i-aaaaaaaa', { tags: OURS, state: 'stopped' }],
      ['i-bbbbbbbb', { tags: { 'eks:cluster-name': 'demo-2' } }],
      ['i-cccccccc', { tags: { 'eks:eks-cluster-name': 'demo' } }],
      ['i-dddddddd', { tags: { ...OURS, 'eks:eks-cluster-name': 'demo' }, auto: true }],
    ]),
  );
  const listed = await fleet.list('demo');
  expect(listed.map((n) => n.instanceId)).toEqual([...nodes(70), 'i-cccccccc', 'i-dddddddd']);
  expect(listed.filter((n) => n.autoMode)).toEqual([{ instanceId: 'i-dddddddd', autoMode: true }]);
});
