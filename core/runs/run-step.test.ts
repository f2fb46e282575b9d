import { describe, expect, it } from 'vitest';
import { nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import {
  aCheck,
  aCommand,
  anEndedRun,
  aQueuedRun,
  aRun,
  at,
  because,
  DOCUMENT,
  node,
  nodes,
  observed,
  quiet,
  START,
  sendingRun,
  sent,
  trustAfter,
} from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { isEntryDue, nodesWanted, type RunSeen, runStep } from './run-step.ts';

const cluster = (over: Partial<ClusterState> = {}): ClusterState => ({
  cluster: 'demo',
  version: 1,
  slots: {},
  nodeCount: 100,
  ...over,
});
const { slots, documents, clusterNodes, decideAgain, nodeLocal, repairable, unrepairable, ...news } = quiet();
const ROWS = new Map([[node(0), pendingRow(node(0))]]);
const seen = (run: RunState, over: Partial<RunSeen> = {}): RunSeen => ({
  ...news,
  run,
  cluster: cluster(),
  nodes: nodesSeen([node(0)], { rows: ROWS }),
  rules: rules(),
  now: START,
  ...over,
});
const notice = (notBefore?: string): OutboxEntry => ({
  kind: 'notice',
  id: 'r-1/breaker',
  detailType: 'Breaker Opened',
  detail: {},
  ...(notBefore === undefined ? {} : { notBefore }),
});
const waiting = (over: Partial<RunningRun> = {}): RunningRun =>
  aRun(0, {
    status: 'draining',
    commands: [
      aCommand({
        status: 'sent',
        commandId: 'c-1',
        sendingAt: START,
        sentAt: START,
        hardDeadlineAt: at(450),
        documentName: DOCUMENT.name,
        executionTimeoutSeconds: 300,
      }),
    ],
    dueAt: at(60),
    ...over,
  });
const held = { 'r-1': { lane: 'demo/pause-image', count: 1, until: at(450), runVersion: 1 } };

describe('a step of a repair that sends', () => {
  const state = { instanceId: node(0), cluster: 'demo', remediation: 'pause-image', attempts: {} };
  const run = aRun(2);

  it('asks first about the node of its next command: one canary', () => {
    expect(nodesWanted(seen(run))).toEqual([node(0)]);
  });

  it('asks about one node until the nodes of the cluster are counted, and about none while that one is in flight', () => {
    const many = aRun(20);
    const trust = trustAfter(10);
    expect(nodesWanted(seen(many, { trust })).length).toBeGreaterThan(1);
    expect(nodesWanted(seen(many, { trust, isUncounted: true }))).toHaveLength(1);
    const busy = waiting({ status: 'active', pending: many.pending });
    expect(nodesWanted(seen(busy, { trust, isUncounted: true, cluster: cluster({ slots: held }) }))).toEqual([]);
  });

  it('asks about no node while the slots of the cluster are taken, or where its cluster was not read', () => {
    const other = { lane: 'demo/cni', count: 10, until: at(600), runVersion: 1 };
    expect(nodesWanted(seen(run, { cluster: cluster({ slots: { 'r-2': other } }) }))).toEqual([]);
    expect(nodesWanted(seen(run, { cluster: undefined }))).toEqual([]);
  });

  it('asks about no node where it sends nothing: not planned yet, over, or stopped', () => {
    expect(nodesWanted(seen(aQueuedRun()))).toEqual([]);
    expect(nodesWanted(seen(anEndedRun()))).toEqual([]);
    expect(nodesWanted(seen(run, { paused: true }))).toEqual([]);
  });

  it('books the attempt, takes the slot and sends, in one commit', () => {
    const { commit, effects, run: after, isDone } = runStep(seen(run));
    expect(effects).toEqual([{ kind: 'send', key: '1' }]);
    expect(commit).toMatchObject({
      sends: true,
      booked: [{ instanceId: node(0) }],
      cluster: { after: { slots: { 'r-1': { count: 1, runVersion: 1 } } } },
      trusted: { document: DOCUMENT.name, version: 0 },
    });
    expect(commit).not.toHaveProperty('takenBack');
    expect(after?.version).toBe(run.version + 1);
    expect(isDone).toBe(false);
  });

  it('books the attempt on what is stored of the node', () => {
    const known = nodesSeen([node(0)], { rows: ROWS, states: new Map([[node(0), state]]) });
    expect(runStep(seen(run, { nodes: known })).commit?.booked).toEqual([{ instanceId: node(0), known: state }]);
  });

  it('rests on a request of each node that requests alone want, besides its own', () => {
    const wanted = (requestIds: string[]) => {
      const row = { ...pendingRow(node(0)), signals: 0, requestIds };
      const rows = nodesSeen([node(0)], { rows: new Map([[node(0), row]]) });
      return runStep(seen(aRun(1, { requestId: 'q-1' }), { nodes: rows })).commit?.wantedBy;
    };
    expect(wanted(['q-2', 'q-3'])).toEqual(['q-2']);
    expect(wanted(['q-1', 'q-2'])).toBeUndefined();
    expect(wanted(['q-1'])).toBeUndefined();
  });

  it('holds the slot until the latest time at which a command without a deadline may end', () => {
    const { limits } = rules().policy;
    const seconds =
      limits.deliveryTimeoutSeconds +
      DOCUMENT.executionTimeoutSeconds +
      limits.hardDeadlineSlackSeconds +
      limits.runControllerTimeoutSeconds +
      limits.adoptionGraceSeconds +
      2 * limits.adoptionReadGapSeconds;
    expect(runStep(seen(run)).commit?.cluster?.after.slots['r-1']?.until).toBe(at(seconds));
  });

  it('names the experience on which it rests only where the step does not change it', () => {
    const known = trustAfter(1, { results: [] });
    expect(runStep(seen(run, { trust: known })).commit?.trusted).toEqual(known.get(DOCUMENT.name));
    const done = aCommand({ ...waiting().commands[0], instanceIds: [node(5)] });
    const more = runStep(
      seen(aRun(1, { commands: [done] }), {
        trust: known,
        observations: [observed('1', { [node(5)]: { outcome: 'Repaired' } })],
        now: at(30),
      }),
    ).commit;
    expect(more?.sends).toBe(true);
    expect(more?.trust).toMatchObject([{ before: { version: 1 }, after: { results: [{ instanceId: node(5) }] } }]);
    expect(more).not.toHaveProperty('trusted');
  });
});

describe('a step without news', () => {
  it('is done, and stores nothing', () => {
    const run = waiting();
    expect(runStep(seen(run, { now: at(10) }))).toEqual({ effects: [], run, isDone: true });
  });

  it('performs the entries of the outbox that are due, and leaves the others', () => {
    const run = waiting({ outbox: [notice()] });
    expect(runStep(seen(run, { now: at(10) }))).toEqual({ effects: [{ kind: 'flush' }], run, isDone: false });
    expect(runStep(seen(waiting({ outbox: [notice(at(30))] }), { now: at(10) })).isDone).toBe(true);
  });

  it('stores the run without the entries that were performed, if it is the run that they were performed of', () => {
    const run = waiting({ outbox: [notice()], version: 4 });
    const stays = [notice(at(90))];
    const after = runStep(seen(run, { flushed: { version: 4, stays }, now: at(10) }));
    expect(after.commit?.run?.after.outbox).toEqual(stays);
    const older = runStep(seen(run, { flushed: { version: 3, stays }, now: at(10) }));
    expect(older).toEqual({ effects: [{ kind: 'flush' }], run, isDone: false });
  });

  it.each<[OutboxEntry, boolean]>([
    [notice(), true],
    [notice(at(10)), true],
    [notice(at(11)), false],
    [{ kind: 'cancel', commandId: 'c-1' }, true],
  ])('finds %o due: %s', (entry, expected) => {
    expect(isEntryDue(entry, at(10))).toBe(expected);
  });
});

describe('after a command', () => {
  it('that did not run, its attempts are taken back', () => {
    const step = runStep(
      seen(sendingRun(2), { reports: [{ key: '1', kind: 'refused', message: 'AccessDenied' }], now: at(1) }),
    );
    expect(step.commit).toMatchObject({ takenBack: nodes(2), sends: false });
  });

  it('that SSM has taken, the slot is held until its hard deadline', () => {
    const step = runStep(seen(sendingRun(1), { cluster: cluster({ slots: held }), reports: [sent('1')], now: at(2) }));
    const deadline = step.commit?.run?.after.commands[0]?.hardDeadlineAt;
    expect(step.commit?.cluster?.after.slots['r-1']?.until).toBe(deadline);
    expect(step.commit).not.toHaveProperty('booked');
  });

  it('nothing of the cluster is stored where nothing of it has changed', () => {
    const step = runStep(seen(waiting(), { cluster: cluster({ slots: held }), now: at(91) }));
    expect(step.commit?.run).toBeDefined();
    expect(step.commit).not.toHaveProperty('cluster');
  });

  it('the last of a run, its slots and its claim are given back', () => {
    const claimed = cluster({ slots: held, disruptive: { lane: 'demo/pause-image', runId: 'r-1' } });
    const step = runStep(
      seen(waiting(), {
        cluster: claimed,
        observations: [observed('1', { [node(0)]: { outcome: 'Repaired' } })],
        now: at(30),
      }),
    );
    expect(step.commit?.run?.after.status).toBe('ended');
    expect(step.commit?.cluster?.after).toEqual(cluster());
  });

  it('of a stuck run, its claim stays as long as its nodes hold slots', () => {
    const claimed = cluster({ slots: held, disruptive: { lane: 'demo/pause-image', runId: 'r-1' } });
    const { pending, stopped, failures, ...run } = waiting({ outbox: [notice()] });
    const stop = { reason: 'Stuck', at: START } as const;
    const stuck: RunState = { ...run, pending, status: 'ended', endedAt: START, end: 'Stuck', stopped: stop };
    const step = runStep(seen(stuck, { cluster: claimed, flushed: { version: 0, stays: [] }, now: at(30) }));
    expect(step.commit?.run?.after.outbox).toEqual([]);
    expect(step.commit).not.toHaveProperty('cluster');
  });
});

it('a check sends all its parts, takes no slot and rests on no experience', () => {
  const { commit, effects } = runStep(seen(aCheck(2), { cluster: undefined }));
  expect(effects).toEqual([
    { kind: 'send', key: '1.1' },
    { kind: 'send', key: '1.2' },
  ]);
  expect(commit).toMatchObject({ sends: true });
  for (const field of ['cluster', 'booked', 'trusted', 'trust']) expect(commit).not.toHaveProperty(field);
});

it('a sweep that ends asks for an early one where it found a new fault, and knows which node that was', () => {
  const command = aCommand({
    status: 'sent',
    commandId: 'c-1',
    sendingAt: START,
    sentAt: START,
    hardDeadlineAt: at(450),
  });
  const found = observed('1', { [node(0)]: { outcome: 'Broken' } });
  const placed = { ...found.nodes[node(0)], nodegroup: 'blue' };
  const ends = (outcome: 'Broken' | 'Unknown') => {
    const run = aCheck(0, { status: 'draining', commands: [command], because: because('sweep') });
    const nodesFound = { [node(0)]: { ...placed, outcome } } as typeof found.nodes;
    const observations = [{ ...found, nodes: nodesFound }];
    return runStep(seen(run, { cluster: undefined, observations, now: at(30) }));
  };
  expect(ends('Broken').commit?.run?.after).toMatchObject({ status: 'ended', raised: [[node(0), at(30)]] });
  const early = { runId: 'r-1-e1-1nz36s0', early: { nodegroup: 'blue' }, dueAt: at(300) };
  expect(ends('Broken').effects).toMatchObject([{ kind: 'early-sweeps', runs: [early] }, { kind: 'flush' }]);
  expect(ends('Unknown').effects).toEqual([{ kind: 'flush' }]);
  expect(ends('Unknown').commit?.run?.after).not.toHaveProperty('raised');
});

it('a disruptive run takes the claim that was lost with the row of its cluster when it sends', () => {
  const of = { remediation: 'cni', group: 'demo/cni', lane: 'demo/cni', documentKey: 'cni-repair' };
  const row = pendingRow(node(0), { lane: 'demo/cni' });
  const nodesKnown = nodesSeen([node(0)], { rows: new Map([[node(0), row]]) });
  const sends = runStep(seen(aRun(1, of), { nodes: nodesKnown }));
  expect(sends.commit?.cluster?.after.disruptive).toEqual({ lane: 'demo/cni', runId: 'r-1' });
  const disruptive = { lane: 'demo/docker', runId: 'r-2' };
  const waits = runStep(seen(aRun(1, of), { nodes: nodesKnown, cluster: cluster({ disruptive }) }));
  expect(waits.effects).toEqual([]);
});
