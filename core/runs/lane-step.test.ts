import { describe, expect, it } from 'vitest';
import { factsOf, nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import { aQueuedRun, at, DOCUMENT, node, nodes, START } from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import { WHOLE_CLUSTER } from '../state/pending-node.ts';
import { NO_NODES } from './decide-now.ts';
import { newLane } from './lane.ts';
import { factsWanted, type IdleSeen, idleStep, type Queued, statesWanted } from './lane-step.ts';

const lane = (over: Partial<LaneState> = {}): LaneState => ({ ...newLane('demo/pause-image'), version: 1, ...over });
const checkLane = { ...newLane('demo/node-check'), version: 1 };
const cniLane = { ...newLane('demo/cni'), version: 1 };
const cluster = (over: Partial<ClusterState> = {}): ClusterState => ({
  cluster: 'demo',
  version: 1,
  slots: {},
  ...over,
});
const idle = (over: Partial<IdleSeen> = {}): IdleSeen => ({
  lane: lane(),
  rows: [],
  gone: [],
  cluster: cluster(),
  nodes: NO_NODES,
  newRunId: 'r-new',
  rules: rules(),
  now: at(10),
  ...over,
});
const [first, second] = [pendingRow(node(1)), pendingRow(node(2))];
const queuedRun = aQueuedRun();
const queued = (over: Partial<Queued> = {}): Queued => ({
  sortKey: 'QUEUE#1',
  run: queuedRun,
  asked: [node(7)],
  ...over,
});
const attempted = (instanceId: string) => ({
  instanceId,
  cluster: 'demo',
  remediation: 'pause-image',
  attempts: { 'r-0': { at: at(5), outcome: 'Repaired' as const } },
});
const trust = {
  document: DOCUMENT.name,
  cluster: 'demo',
  version: 1,
  results: [],
  breaker: { openedAt: START, openUntil: at(900), openings: 1, runId: 'r-0' },
};

describe('before a step, a lane reads', () => {
  it('the stored states of its due nodes and of the asked ones, to see which signals an attempt has answered', () => {
    const rows = [first, pendingRow(node(3), { notBefore: at(60) })];
    expect(statesWanted(idle({ rows }))).toEqual([node(1)]);
    expect(statesWanted(idle({ rows, queued: queued() }))).toEqual([node(1), node(7)]);
  });

  it('no stored states for checks', () => {
    expect(statesWanted(idle({ lane: checkLane, rows: [first] }))).toEqual([]);
  });

  it('the facts of the nodes of its next run', () => {
    expect(factsWanted(idle({ rows: [first, second] }))).toEqual([node(1), node(2)]);
  });

  it("the facts of an operator's nodes only, where such a run is next", () => {
    expect(factsWanted(idle({ rows: [first], queued: queued() }))).toEqual([node(7)]);
  });

  it('no facts for a run that is cancelled, or while it waits', () => {
    expect(factsWanted(idle({ queued: queued({ cancelled: { force: false } }) }))).toEqual([]);
    expect(factsWanted(idle({ rows: [first], queued: queued(), pause: 'an upgrade' }))).toEqual([]);
    expect(factsWanted(idle({ rows: [first], trust }))).toEqual([]);
  });

  it('the facts of new nodes that wait for their agent, even during a pause', () => {
    const young = pendingRow(node(3), { awaitAgentUntil: at(600) });
    const old = pendingRow(node(4), { awaitAgentUntil: at(5) });
    expect(factsWanted(idle({ rows: [young, old], pause: 'an upgrade' }))).toEqual([node(3)]);
  });
});

describe('rows that need no run', () => {
  it('are dropped where an attempt has ended since the symptom was seen', () => {
    const seen = nodesSeen([], { states: new Map([[node(1), attempted(node(1))]]) });
    expect(idleStep(idle({ rows: [first, second], nodes: seen }))).toEqual({
      effects: [
        { kind: 'rows', entries: [{ kind: 'drop', lane: 'demo/pause-image', rows: [[node(1), first.version]] }] },
      ],
      isDone: false,
    });
  });

  it('are dropped where a decision for good stands, in a lane for checks too', () => {
    const answered = pendingRow(node(1), { decidedAt: at(5) });
    for (const each of [lane(), checkLane]) {
      expect(idleStep(idle({ lane: each, rows: [answered] })).effects).toMatchObject([
        { entries: [{ kind: 'drop', lane: each.lane }] },
      ]);
    }
  });

  it('of a check are not dropped because of an attempt: the check shows how it ended', () => {
    const seen = nodesSeen([node(1)], { states: new Map([[node(1), attempted(node(1))]]) });
    expect(idleStep(idle({ lane: checkLane, rows: [first], nodes: seen })).commit?.run?.after.pending).toEqual([
      [node(1), first.version],
    ]);
  });

  it('are deferred while the agent of a new node is not online', () => {
    const young = pendingRow(node(1), { awaitAgentUntil: at(600) });
    const booting = new Map([[node(1), factsOf(node(1), { state: 'pending' })]]);
    expect(idleStep(idle({ rows: [young], nodes: nodesSeen([], { facts: booting }) })).effects).toEqual([
      {
        kind: 'rows',
        entries: [{ kind: 'defer', lane: 'demo/pause-image', rows: [[node(1), young.version]], notBefore: at(60) }],
      },
    ]);
    expect(idleStep(idle({ rows: [young], nodes: nodesSeen([node(1)]) })).commit?.run?.after.pending).toHaveLength(1);
  });

  it('go before entries of the queue whose runs wait no more, and those before any plan', () => {
    const rows = [pendingRow(node(1), { decidedAt: at(5) })];
    expect(idleStep(idle({ rows, gone: ['QUEUE#0'] })).effects).toMatchObject([{ kind: 'rows' }]);
    expect(idleStep(idle({ rows: [second], gone: ['QUEUE#0'] }))).toEqual({
      effects: [{ kind: 'unqueue', lane: 'demo/pause-image', sortKeys: ['QUEUE#0'] }],
      isDone: false,
    });
  });
});

describe('a lane without due nodes', () => {
  it('that was never stored has nothing to store', () => {
    expect(idleStep(idle({ lane: lane({ version: 0 }) }))).toEqual({ effects: [], isDone: true });
  });

  it('is stored without a time once it is empty', () => {
    const before = lane({ dueAt: at(5) });
    expect(idleStep(idle({ lane: before })).commit).toEqual({ lane: { before, after: lane(), isIdle: true } });
    const fresh = lane({ version: 0, dueAt: at(5) });
    expect(idleStep(idle({ lane: fresh })).commit?.lane?.after).toEqual(lane({ version: 0 }));
  });

  it('is due when the first of its nodes is', () => {
    const rows = [pendingRow(node(1), { notBefore: at(90) }), pendingRow(node(2), { notBefore: at(60) })];
    for (const version of [0, 1]) {
      expect(idleStep(idle({ lane: lane({ version }), rows })).commit?.lane?.after.dueAt).toBe(at(60));
    }
  });

  it('gives back the claim of its last run, and is due when the slots of that run end if that comes first', () => {
    const claimed = cluster({ disruptive: { lane: cniLane.lane, runId: 'r-0' } });
    expect(idleStep(idle({ lane: cniLane, cluster: claimed })).commit?.cluster).toEqual({
      before: claimed,
      after: cluster(),
    });
    const slots = { 'r-0': { lane: cniLane.lane, count: 1, until: at(300), runVersion: 3 } };
    const atWork = idleStep(
      idle({ lane: cniLane, cluster: { ...claimed, slots }, rows: [pendingRow(node(1), { notBefore: at(600) })] }),
    );
    expect(atWork.commit).not.toHaveProperty('cluster');
    expect(atWork.commit?.lane?.after.dueAt).toBe(at(300));
  });
});

describe('a lane that waits for the claim of another one', () => {
  const waiting = cluster({ waiting: [cniLane.lane, 'demo/docker'] });

  it('waits no more once it has nothing to do, so that the other one need not yield', () => {
    const { commit } = idleStep(idle({ lane: cniLane, cluster: waiting }));
    expect(commit?.cluster?.after.waiting).toEqual(['demo/docker']);
  });
});

describe('a run', () => {
  it('begins over the due rows, and is stored with the lane that it is the active one of', () => {
    const before = lane({ dueAt: at(5) });
    const { commit, isDone } = idleStep(idle({ lane: before, rows: [first], nodes: nodesSeen([node(1)]) }));
    expect(commit?.lane).toEqual({ before, after: lane({ activeRunId: 'r-new', dueAt: at(5) }), isIdle: false });
    expect(commit?.run).toMatchObject({ before: undefined, after: { runId: 'r-new', status: 'active' } });
    expect(commit).not.toHaveProperty('cluster');
    expect(commit).not.toHaveProperty('unqueued');
    expect(isDone).toBe(false);
  });

  it('is due at once where the lane was due later or at no time', () => {
    for (const dueAt of [{}, { dueAt: at(600) }]) {
      const step = idleStep(idle({ lane: lane(dueAt), rows: [first], nodes: nodesSeen([node(1)]) }));
      expect(step.commit?.lane?.after.dueAt).toBe(at(10));
    }
  });

  it("of an operator begins before one for the lane's rows, and leaves the queue", () => {
    const { commit } = idleStep(idle({ rows: [first], queued: queued(), nodes: nodesSeen([node(1), node(7)]) }));
    expect(commit).toMatchObject({ run: { before: queuedRun, after: { pending: [[node(7), '']] } } });
    expect(commit?.unqueued).toBe('QUEUE#1');
  });

  it('whose request is cancelled ends in the place of any plan, even during a pause', () => {
    const step = idleStep(
      idle({ rows: [first], queued: queued({ cancelled: { force: false } }), pause: 'an upgrade' }),
    );
    expect(step.commit).toMatchObject({
      run: { after: { status: 'ended', stopped: { reason: 'Cancelled' }, settled: { Cancelled: 1 } } },
      unqueued: 'QUEUE#1',
    });
  });

  it('of a disruptive lane claims the cluster, and waits while another lane has it', () => {
    const rows = [pendingRow(node(1), { lane: cniLane.lane, reason: 'CniConfigMissing' })];
    const free = idle({ lane: cniLane, rows, nodes: nodesSeen([node(1)]) });
    expect(idleStep(free).commit?.cluster?.after.disruptive).toEqual({ lane: cniLane.lane, runId: 'r-new' });
    const taken = cluster({ disruptive: { lane: 'demo/docker', runId: 'r-0' } });
    expect(idleStep({ ...free, cluster: taken })).toEqual({
      commit: {
        lane: { before: cniLane, after: { ...cniLane, dueAt: at(70) }, isIdle: true },
        cluster: { before: taken, after: { ...taken, waiting: [cniLane.lane] } },
      },
      effects: [],
      isDone: true,
    });
  });

  it('of a disruptive lane that is cancelled claims nothing', () => {
    const run = { ...queuedRun, remediation: 'cni' };
    const step = idleStep(idle({ lane: cniLane, queued: queued({ run, cancelled: { force: false } }) }));
    expect(step.commit).not.toHaveProperty('cluster');
  });

  it('waits for the next step where more rows are due than one step looks at', () => {
    const answered = nodes(1000).map((id) => pendingRow(id, { decidedAt: at(5) }));
    const step = idleStep(idle({ rows: [...answered, pendingRow(node(1000))] }));
    expect(step.effects).toMatchObject([{ entries: [{ rows: { length: 1000 } }] }]);
  });
});

describe('while a pause or a breaker holds the lane', () => {
  it('its rows are told once why nothing happens, by a run that is over from the start', () => {
    const { commit } = idleStep(idle({ rows: [first, second], trust }));
    expect(commit?.run?.after).toMatchObject({ status: 'ended', settled: { BreakerOpen: 2 } });
    expect(commit?.lane?.after.activeRunId).toBe('r-new');
  });

  it('its rows are not told again, and it is looked at when the hold ends', () => {
    const rows = [pendingRow(node(1), { skipped: 'BreakerOpen' }), pendingRow(WHOLE_CLUSTER)];
    const { commit } = idleStep(idle({ rows, trust }));
    expect(commit).not.toHaveProperty('run');
    expect(commit?.lane?.after.dueAt).toBe(at(900));
  });

  it("an operator's run waits too", () => {
    expect(idleStep(idle({ queued: queued(), pause: 'an upgrade' })).commit?.lane?.after.dueAt).toBe(at(70));
  });

  it('a lane with nothing to do has no next look', () => {
    expect(idleStep(idle({ trust })).commit?.lane?.after).toEqual(lane());
  });

  it('a lane for checks is held by a pause, and by no breaker', () => {
    const seen = idle({ lane: checkLane, rows: [first], nodes: nodesSeen([node(1)]), trust });
    expect(idleStep(seen).commit?.run?.after.status).toBe('active');
    expect(idleStep({ ...seen, pause: 'an upgrade' }).commit?.run?.after).toMatchObject({ settled: { Paused: 1 } });
  });

  it('a breaker that has closed again holds nothing', () => {
    const seen = idle({ rows: [first], nodes: nodesSeen([node(1)]), trust: { ...trust, breaker: undefined } });
    expect(idleStep(seen).commit?.run?.after.status).toBe('active');
  });
});
