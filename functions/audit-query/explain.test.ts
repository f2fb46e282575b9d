import type { Instance } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExplainItem } from '../../core/api/explain.ts';
import type { RunDigest } from '../../core/state/run-digest.ts';
import { accepted, refusalIn } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthyFacts, runControllerWorld } from '../../test/support/run-controller-world.ts';
import { observed, type SeenRun } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { digestItem } from '../adapters/table/digest-item.ts';
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

const isSweepOf = (cluster: string) => (run: SeenRun) => run.because.kind === 'sweep' && run.cluster === cluster;

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

  it.each([
    ['that its tag has opted out', { modeTag: 'off' }],
    ['that SSM does not know', { ssm: undefined }],
  ])('does not call a node healthy %s when the sweep came', async (_, facts) => {
    const { w, items } = await world();
    const [broken = ''] = w.ids;
    w.nodes.set(broken, { broken: true, latencyMs: 8000, failsWith: { outcome: 'NotRepaired', reason: 'DiskFull' } });
    await w.ask('r-check', 'check', [broken]);
    await w.pass(120);
    const { ssm, ...known } = { ...healthyFacts(broken), ...facts };
    w.facts.set(broken, { ...known, ...(ssm === undefined ? {} : { ssm }) });
    await w.runReconcile('sweep');
    await w.pass(2000, 20);
    expect((await w.allRuns()).filter(isSweepOf('demo'))).toMatchObject([{ end: 'Done' }]);
    expect((await items({ node: broken }))[0]).toMatchObject({ outcome: 'NotRepaired', reason: 'DiskFull' });
    const verdicts = (await items({ node: broken })).filter((item) => item.kind === 'verdict');
    expect(verdicts[0]).toMatchObject({ remediation: 'pause-image', outcome: 'NotRepaired', isNeeded: true });
  });

  it('calls a node healthy again once a sweep has found it so', async () => {
    const { w, items } = await world();
    const [repaired = ''] = w.ids;
    w.nodes.set(repaired, { broken: true, latencyMs: 8000, failsWith: { outcome: 'NotRepaired', reason: 'DiskFull' } });
    await w.ask('r-check', 'check', [repaired]);
    await w.pass(120);
    w.nodes.set(repaired, { broken: false, latencyMs: 8000 });
    await w.runReconcile('sweep');
    await w.pass(2000, 20);
    const [sweep] = (await w.allRuns()).filter(isSweepOf('demo'));
    expect((await items({ node: repaired }))[0]).toMatchObject({ outcome: 'Healthy', runId: sweep?.runId });
  });

  it('does not call a node healthy because a run of the sweep that has other nodes found nothing', async () => {
    const { w, items } = await world();
    const [broken = '', other = ''] = w.ids;
    const seen = { outcome: 'Broken', reason: 'DiskFull' } as const;
    const of = { cluster: 'demo', remediation: 'node-check', action: 'check', because: 'sweep', end: 'Done' } as const;
    for (const [runId, id, seconds, counts] of [
      ['s', broken, 0, { Broken: 1 }],
      ['s-2', other, 40, { Healthy: 1 }],
    ] as const) {
      const times = { createdAt: w.iso(), startedAt: w.iso(seconds), endedAt: w.iso(seconds + 30) };
      const digest: RunDigest = { ...of, ...times, runId, requestId: 's', counts, notes: [] };
      await w.put(digestItem(digest, 365));
      const reading = id === broken ? { [id]: seen } : {};
      const healthy = id === broken ? {} : { healthy: [id] };
      await w.runs.putObservation(observed('1', reading, { runId, ...healthy }), undefined);
    }
    const row = { ...seen, runId: 's', instanceId: broken, message: 'm', endedAt: w.iso(20), at: w.iso(20), grade: 2 };
    const { because, end, ...place } = of;
    await w.results.putResult({ ...place, ...row });
    expect((await items({ node: broken }))[0]).toMatchObject({ outcome: 'Broken', reason: 'DiskFull' });
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
