import { describe, expect, it } from 'vitest';
import { aQueuedRun, at, because, LIMITS, node, nodes, START } from '../../test/support/runs.ts';
import type { NodeFacts } from '../guards/decide-node.ts';
import type { LaneState } from '../state/lane-state.ts';
import { becauseOfRow, type PendingNode } from '../state/pending-node.ts';
import type { Candidate } from './settle.ts';
import { type StartInputs, startRun } from './start.ts';

const LANE = 'demo/pause-image';
const row = (id: string, over: Partial<PendingNode> = {}): PendingNode => ({
  lane: LANE,
  cluster: 'demo',
  instanceId: id,
  reason: 'SandboxImageMissing',
  firstSeenAt: START,
  lastSeenAt: START,
  signals: 1,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  version: `v-${id}`,
  ...over,
});
const reported = (id: string, over: Partial<PendingNode> = {}): Candidate => ({ instanceId: id, row: row(id, over) });
const facts = (id: string, over: Partial<NodeFacts> = {}): NodeFacts => ({
  instanceId: id,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
  ...over,
});
const queued = aQueuedRun();
const inputs = (candidates: readonly Candidate[], over: Partial<StartInputs> = {}): StartInputs => ({
  candidates,
  facts: new Map(candidates.map((c) => [c.instanceId, facts(c.instanceId)])),
  nodeStates: new Map(),
  isManaged: true,
  mayRepair: true,
  maintenance: () => undefined,
  limits: LIMITS,
  now: at(10),
  ...over,
});
const lane = (over: Partial<LaneState> = {}): LaneState => ({
  lane: LANE,
  cluster: 'demo',
  remediation: 'pause-image',
  version: 1,
  ...over,
});

describe('a run of a lane that waits for the registry', () => {
  const registryHold = { until: at(900), holds: 1, runId: 'r-0', silentAt: at(0) };
  const candidates = [
    reported(node(1)),
    reported(node(2), { localMethod: true }),
    reported(node(3), { image: 'localhost/kubernetes/pause:latest' }),
    reported(node(4)),
    { instanceId: node(5) },
  ];
  const start = (now: string) => startRun(queued, inputs(candidates, { lane: lane({ registryHold }), now }));

  it('takes the nodes with a local method, and defers the others until the end of the hold', () => {
    const run = start(at(10));
    expect(run.pending.map(([id]) => id)).toEqual([node(2), node(3)]);
    expect(run).toMatchObject({ local: [node(2), node(3)], registryHold, settled: { RegistryHeld: 3 } });
    expect(run.outbox).toMatchObject([
      {
        kind: 'results',
        skipReason: 'RegistryHeld',
        reason: 'RegistryUnreachable',
        message: expect.stringContaining(`held until ${at(900)}`),
        instanceIds: [node(1), node(4), node(5)],
      },
      {
        kind: 'defer',
        skipReason: 'RegistryHeld',
        notBefore: at(900),
        rows: [node(1), node(4)].map((id) => [id, `v-${id}`]),
      },
      { kind: 'enqueue', lane: LANE, source: 'operator', notBefore: at(900), nodes: [[node(5), at(10)]] },
    ]);
  });

  it('lets three of the others try the registry when the hold is over, and leaves the rest waiting', () => {
    const silent = { [node(1)]: { first: at(0), last: at(0) } };
    const registry = { silent, answered: [] };
    const more = [...candidates, reported(node(6)), { instanceId: node(7) }];
    const run = startRun(queued, inputs(more, { lane: lane({ registry, registryHold }), now: at(900) }));
    // Those that have not been silent go first.
    expect(run.pending.map(([id]) => id)).toEqual([2, 3, 4, 5, 6].map(node));
    expect(run).toMatchObject({ settled: {}, registry, registryHold, local: [node(2), node(3)] });
    expect(run.outbox).toMatchObject([{ kind: 'enqueue', source: 'operator', nodes: [[node(7), at(900)]] }]);
    expect(run.outbox).toHaveLength(1);
  });

  it('names the image that a registry has', () => {
    const [first, , third] = candidates.map((c) => ({ ...c, row: row(c.instanceId, { image: 'localhost/a:1' }) }));
    if (first === undefined || third === undefined) throw new Error('no candidates');
    const ecr = { instanceId: node(6), row: row(node(6), { image: 'x.example/pause:3.5' }) };
    expect(startRun(queued, inputs([first, ecr, third])).image).toBe('x.example/pause:3.5');
    expect(startRun(queued, inputs([first, third])).image).toBe('localhost/a:1');
  });
});

describe('a planned run', () => {
  it('takes the nodes that may be repaired, each with the version of its row', () => {
    const run = startRun(queued, inputs([reported(node(1)), { instanceId: node(2) }]));
    expect(run).toMatchObject({
      status: 'active',
      startedAt: at(10),
      pending: [
        [node(1), `v-${node(1)}`],
        [node(2), ''],
      ],
      outbox: [],
    });
    expect(run).not.toHaveProperty('asked');
  });

  it('records the reason not to act once for all nodes that share it', () => {
    const ids = nodes(3);
    const run = startRun(
      queued,
      inputs(
        ids.map((id) => reported(id)),
        { facts: new Map() },
      ),
    );
    expect(run.settled).toEqual({ Gone: 3 });
    expect(run.outbox).toEqual([
      {
        kind: 'results',
        outcome: 'Skipped',
        skipReason: 'Gone',
        reason: 'SandboxImageMissing',
        message: expect.stringContaining('EC2 has no such instance'),
        at: at(10),
        instanceIds: ids,
        becauses: Object.fromEntries(ids.map((id) => [id, becauseOfRow(row(id))])),
      },
      { kind: 'defer', lane: LANE, rows: ids.map((id) => [id, `v-${id}`]), notBefore: at(910), decidedAt: at(10) },
    ]);
  });

  it('records a temporary reason once, and evaluates the node again when it has passed', () => {
    const nodeStates = new Map([
      [
        node(1),
        {
          instanceId: node(1),
          cluster: 'demo',
          remediation: 'pause-image',
          attempts: { 'r-0': { at: at(-5), outcome: 'NotRepaired' as const } },
        },
      ],
    ]);
    const first = startRun(queued, inputs([reported(node(1))], { nodeStates }));
    expect(first.outbox).toMatchObject([
      { kind: 'results', skipReason: 'CoolingDown' },
      { kind: 'defer', skipReason: 'CoolingDown', notBefore: at(895) },
    ]);
    const again = startRun(queued, inputs([reported(node(1), { skipped: 'CoolingDown' })], { nodeStates }));
    expect(again.outbox.map((e) => e.kind)).toEqual(['defer']);
    expect(again.settled).toEqual({ CoolingDown: 1 });
  });

  it('requests a check of a node whose signal is stale', () => {
    const run = startRun(queued, inputs([reported(node(1))], { now: at(1801) }));
    expect(run.outbox).toMatchObject([
      { kind: 'results', skipReason: 'Stale' },
      { kind: 'enqueue', lane: 'demo/node-check', reason: 'SandboxImageMissing', nodes: [[node(1), at(1801)]] },
      { kind: 'defer' },
    ]);
  });

  it('waits for the agent of a new node: nothing is recorded, and the node stays pending', () => {
    const starting = new Map([[node(1), facts(node(1), { state: 'pending' })]]);
    const run = startRun(queued, inputs([reported(node(1), { awaitAgentUntil: at(600) })], { facts: starting }));
    expect(run).toMatchObject({ pending: [], settled: {}, outbox: [{ kind: 'defer', lane: LANE, notBefore: at(60) }] });
  });

  it('does nothing on a cluster that the policy does not list', () => {
    const run = startRun({ ...queued, action: 'check' }, inputs([reported(node(1))], { isManaged: false }));
    expect(run).toMatchObject({ pending: [], settled: { OptedOut: 1 } });
  });

  it('takes at most 1,000 nodes: the others stay or become pending', () => {
    const ids = nodes(1010);
    const some = ids.map((id, i): Candidate => (i % 2 === 0 ? reported(id) : { instanceId: id }));
    const run = startRun(queued, inputs(some));
    expect(run.pending).toHaveLength(1000);
    expect(run.outbox).toEqual([
      {
        kind: 'enqueue',
        lane: LANE,
        reason: 'OperatorRequest',
        source: 'operator',
        because: { kind: 'log' },
        requestIds: ['r-1'],
        nodes: ids.slice(1000).flatMap((id, i) => (i % 2 === 0 ? [] : [[id, at(10)]])),
      },
    ]);
  });

  it('keeps the image that a signal names, for the message about the registry', () => {
    const run = startRun(queued, inputs([reported(node(1)), reported(node(2), { image: 'a/pause:3.5' })]));
    expect(run.image).toBe('a/pause:3.5');
  });

  it('does not start a disruptive repair on a node under maintenance', () => {
    const run = startRun(queued, inputs([reported(node(1))], { maintenance: () => 'the node group blue is UPDATING' }));
    expect(run.settled).toEqual({ Maintenance: 1 });
  });
});

describe('a sweep over nodes that cannot be repaired', () => {
  const sweep = aQueuedRun({ action: 'check', because: because('sweep') });
  const autoMode = nodes(50).map((id) => facts(id, { autoMode: true }));
  const sweptAt = (now: string) =>
    startRun(
      sweep,
      inputs(
        autoMode.map(({ instanceId }) => ({ instanceId })),
        { facts: new Map(autoMode.map((f) => [f.instanceId, f])), now },
      ),
    );
  const written = (now: string): readonly string[] =>
    sweptAt(now).outbox.flatMap((e) => (e.kind === 'results' ? e.instanceIds : []));

  it('counts all of them every time, and writes a row for each in about one hour of 24', () => {
    const hours = Array.from({ length: 24 * 7 }, (_, hour) => at(hour * 3600));
    expect(hours.map((now) => sweptAt(now).settled.Unsupported)).toEqual(hours.map(() => 50));
    const rows = hours.flatMap((now) => written(now));
    expect(rows.length / (hours.length * 50)).toBeLessThan(0.06);
    expect(new Set(rows).size).toBe(50);
  });

  it('writes a row for each of them if an operator requests the check', () => {
    const run = startRun(
      { ...sweep, because: because('operator') },
      {
        ...inputs(autoMode.map(({ instanceId }) => ({ instanceId }))),
        facts: new Map(autoMode.map((f) => [f.instanceId, f])),
      },
    );
    const [entry] = run.outbox;
    expect(run.outbox).toHaveLength(1);
    expect(entry).toMatchObject({ kind: 'results', outcome: 'Unsupported', reason: 'AutoModeNode' });
    expect(entry?.kind === 'results' && entry.instanceIds).toEqual(nodes(50));
  });
});

describe('a run whose remediation this version does not have', () => {
  const removed = 'this version of fleetmend has no remediation pause-image';
  const candidates = [reported(node(1)), { instanceId: node(2) }];

  it('settles its nodes with the reason, whatever is known of them, and asks for no check', () => {
    const run = startRun(queued, inputs(candidates, { removed, mayRepair: false, facts: new Map() }));
    expect(run).toMatchObject({ pending: [], settled: { NotAllowed: 2 } });
    expect(run.outbox.map(({ kind }) => kind).toSorted()).toEqual(['defer', 'results', 'results']);
    expect(run.outbox).toContainEqual(expect.objectContaining({ skipReason: 'NotAllowed', message: removed }));
  });

  it('still checks where it is a check', () => {
    const run = startRun({ ...queued, action: 'check' }, inputs(candidates, { removed }));
    expect(run.pending.map(([id]) => id)).toEqual([node(1), node(2)]);
  });
});
