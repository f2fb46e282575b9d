import type { Instance } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExplainItem } from '../../core/api/explain.ts';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { report } from './query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const ID = 'i-0d3a0000000091c70';
const NEIGHBOUR = 'i-0d3a0000000091c7f';
const instance = (InstanceId: string, PrivateDnsName: string): Instance => ({
  ...{ InstanceId, PrivateDnsName, InstanceType: 'm6i.xlarge', ImageId: 'ami-1', State: { Name: 'running' } },
  ...{ LaunchTime: new Date('2026-08-01T00:00:00Z'), Tags: [{ Key: 'eks:cluster-name', Value: 'demo' }] },
});
const INSTANCES = [instance(ID, 'ip-10-0-0-1.ec2.internal'), instance(NEIGHBOUR, 'ip-10-0-0-2.ec2.internal')];
const like = (pattern: string | undefined, text = '') =>
  new RegExp(`^${pattern?.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(text);

const world = async () => {
  const own = await table.another();
  const w = runControllerWorld(own, { nodes: 4 });
  const ports = auditQueryPorts(own, {
    now: () => new Date(w.clock.ms),
    instances: {
      byIdWhereRead: async (ids) => ({
        found: INSTANCES.filter((i) => ids.some((id) => like(id, i.InstanceId))),
        unread: new Map(),
      }),
      byPrivateDnsName: async ([name]) => INSTANCES.filter((i) => like(name, i.PrivateDnsName)),
    },
    fleet: { describe: async (_, ids) => new Map(ids.map((id) => [id, healthyFacts(id)])) },
  });
  const ask = (query: object) => report(ports, { query: 'explain', ...query });
  const items = async (query: object) => accepted(await ask(query)).items.map((item) => ExplainItem.parse(item));
  const status = () => report(ports, { query: 'status', cluster: 'demo' });
  return { w: { ...w, status }, ask, items };
};

describe('explain', () => {
  it.each([[ID], ['i-0d3a…91c70'], [`aws:///eu-west-1a/${ID}`], ['ip-10-0-0-1'], ['ip-10-0-0-1.ec2.internal']])(
    'finds the node by %s',
    async (name) => {
      const { items } = await world();
      expect((await items({ node: name }))[0]).toMatchObject({
        ...{ kind: 'explained-node', instanceId: ID, cluster: 'demo', instanceType: 'm6i.xlarge', ami: 'ami-1' },
        ...{ state: 'running', pingStatus: 'Online', launchedAt: '2026-08-01T00:00:00.000Z' },
      });
    },
  );

  it('refuses a name that fits several nodes or none, and a node of no cluster', async () => {
    const { ask } = await world();
    expect(refusalIn(await ask({ node: 'i-0d3a' }))).toMatchObject({ field: 'node', allowed: [ID, NEIGHBOUR] });
    for (const name of ['i-0ffff', 'ip-10-9-9-9', 'two words'])
      expect(refusalIn(await ask({ node: name })).message).toContain('expected an instance id or its start');
    expect(refusalIn(await ask({ node: 'i-0ffffffffffffffff' }))).toMatchObject({
      field: 'node',
      message: expect.stringContaining('nothing of i-0ffffffffffffffff is on record, and EC2 does not show it'),
    });
    // A cluster that is named with it makes it no better known.
    const named = refusalIn(await ask({ node: ID.replace('i-0d', 'i-1d'), cluster: 'demo' }));
    expect(named).toMatchObject({ field: 'node', allowed: [ID] });
  });

  it('shows how many signals were left out today, where it is asked about a Fargate node without a result', async () => {
    const { w, ask } = await world();
    const FARGATE = 'fargate-ip-10-0-1-2.ec2.internal';
    const message = async () => refusalIn(await ask({ node: FARGATE })).message;
    expect(await message()).toMatch(/^field node: nothing of fargate-ip-\S+ is on record(?!; )/);
    const seen = { firstSeenAt: w.iso(), lastSeenAt: w.iso(), signals: 1, source: 's' };
    const row = { lane: 'demo/node-check', cluster: 'demo', reason: 'X', ...seen, because: { kind: 'event' } } as const;
    const unproven = { source: 's', now: w.iso(), budget: { perSource: 1, perDay: 1 } };
    const takeFromDay = () => w.signals.takeFromDay('demo', unproven);
    for (const instanceId of ['fargate-a', FARGATE, FARGATE])
      await w.signals.addPending({ ...row, instanceId }, { takeFromDay });
    expect(await message()).toContain('is on record; 2 signals of today left out');
    const items = accepted(await w.status()).items;
    expect(items).toMatchObject([
      { kind: 'cluster', signalsCut: 2 },
      { need: 'SignalsCut', count: 2 },
    ]);
  });

  it('gives a verdict for each remediation, the one that is needed first, and the history', async () => {
    const { w, items } = await world();
    const [broken = ''] = w.ids;
    w.nodes.set(broken, { broken: true, latencyMs: 8000, failsWith: { outcome: 'NotRepaired', reason: 'DiskFull' } });
    await w.ask('r-check', 'check', [broken]);
    await w.pass(120);
    const shown = await items({ node: broken });
    expect(shown.map((item) => item.kind).slice(0, 3)).toEqual(['explained-node', 'verdict', 'verdict']);
    expect(shown[1]).toMatchObject({
      ...{ remediation: 'pause-image', isNeeded: true, decision: 'skip', skipReason: 'CoolingDown' },
      ...{ outcome: 'NotRepaired', deployment: { version: 'unknown' }, rule: { rule: 'guard.cool-down' } },
    });
    expect(shown.flatMap((item) => (item.kind === 'event' ? [item.event] : []))).toEqual(
      expect.arrayContaining(['failed', 'checked', 'asked']),
    );
    expect(
      (await items({ node: broken, remediation: 'cri-dockerd' })).filter(({ kind }) => kind === 'verdict'),
    ).toMatchObject([{ remediation: 'cri-dockerd', isNeeded: false }]);
  });

  it('explains the remediations of a cluster, and a run', async () => {
    const { w, ask, items } = await world();
    await w.ask('r-asked', 'repair', w.ids.slice(0, 1));
    expect(await items({ cluster: 'demo', remediation: 'pause-image' })).toMatchObject([
      { kind: 'explained-lane', queued: 1, waiting: 0, rule: { rule: 'none' } },
    ]);
    expect(await items({ cluster: 'watched' })).toHaveLength(2);
    expect(await items({ runId: 'r-asked' })).toMatchObject([{ kind: 'explained-run', status: 'queued' }]);
    const strange = refusalIn(await ask({ cluster: 'demo', remediation: 'nope' })).message;
    expect(strange).toMatch(/there is no remediation nope; there are: [a-z-]+, [a-z-]+/);
    expect(refusalIn(await ask({ runId: 'r-none' })).message).toContain('there is no run r-none');
    expect(refusalIn(await ask({ cluster: 'shop' })).allowed).toContain('demo');
    expect(refusalIn(await ask({ cluster: 'demo', remediation: 'x' })).allowed).toEqual(['cri-dockerd', 'pause-image']);
    expect(refusalIn(await ask({})).allowed).toEqual(['node', 'cluster', 'runId']);
  });
});
