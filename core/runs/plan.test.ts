import { describe, expect, it } from 'vitest';
import { nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import { aQueuedCheck, aQueuedRun, at, because, node, nodes, START } from '../../test/support/runs.ts';
import type { LaneState } from '../state/lane-state.ts';
import { WHOLE_CLUSTER } from '../state/pending-node.ts';
import { stopOf } from '../state/run-state.ts';
import { newLane } from './lane.ts';
import { askedCandidates, cancelledRun, heldCheck, heldRun, laneRun, nextRows, planned, rowsRun } from './plan.ts';

const lane = (over: Partial<LaneState> = {}): LaneState => ({ ...newLane('demo/pause-image'), version: 1, ...over });
const checkLane: LaneState = { ...newLane('demo/node-check'), version: 1 };
const few = rules({ limits: { maxNodesPerRepairRun: 2, maxNodesPerCheckRun: 3 } });
const seen = (of: LaneState, ids: readonly string[] = nodes(5)) => ({
  lane: of,
  nodes: nodesSeen(ids),
  newRunId: 'r-new',
  rules: rules(),
  now: at(10),
});
const rows = nodes(5).map((id) => pendingRow(id));
const idsOf = (of: LaneState, due = rows) =>
  nextRows({ lane: of, rules: few, now: at(10) }, due).map((row) => row.instanceId);

describe('the next rows of a lane', () => {
  it('are as many as a run has nodes', () => {
    expect(idsOf(lane())).toEqual(nodes(2));
    expect(idsOf(checkLane)).toEqual(nodes(3));
  });

  it('begin with nodes that the registry has not left without an answer', () => {
    const registry = { silent: { [node(0)]: { first: START, last: START } }, answered: [] };
    expect(idsOf(lane({ registry }))).toEqual([node(1), node(2)]);
  });

  it('are the row for the whole cluster alone', () => {
    expect(idsOf(checkLane, [...rows, pendingRow(WHOLE_CLUSTER)])).toEqual([WHOLE_CLUSTER]);
  });
});

describe('the run over rows', () => {
  it('of a lane for repairs is one of the lane, with the cause of the rows', () => {
    expect(laneRun(seen(lane()), [pendingRow(node(0), { because: { kind: 'alarm' } })])).toMatchObject({
      runId: 'r-new',
      requestId: 'r-new',
      action: 'repair',
      group: 'demo/pause-image',
      lane: 'demo/pause-image',
      documentKey: 'pause-image-repair',
      because: { kind: 'alarm', source: 'fleetmend.logs' },
    });
  });

  it('of a lane for checks is one in a group of its own', () => {
    expect(laneRun(seen(checkLane), rows)).toMatchObject({
      action: 'check',
      group: 'r-new',
      documentKey: 'node-check',
    });
  });

  it('that one request wants belongs to that request', () => {
    const row = pendingRow(node(0), { signals: 0, requestIds: ['r-asked'] });
    expect(laneRun(seen(lane()), [row]).requestId).toBe('r-asked');
  });

  it('without a row has the lane as its source', () => {
    expect(laneRun(seen(lane()), []).because).toMatchObject({ kind: 'event', source: 'demo/pause-image' });
  });

  it('of checks keeps them for its cool-down, so that the lane does not take them again', () => {
    const [first] = rows;
    if (first === undefined) throw new Error('no row');
    const { checkCoolDownSeconds } = rules().policy.limits;
    const kept = { kind: 'defer', rows: [[node(0), first.version]], notBefore: at(10 + checkCoolDownSeconds) };
    expect(rowsRun(seen(checkLane), [first])).toMatchObject({ pending: [[node(0), first.version]], outbox: [kept] });
    expect(rowsRun(seen(lane()), [first])).toMatchObject({ pending: [[node(0), first.version]], outbox: [] });
  });

  it('for the whole cluster is planned in its own group, over all nodes', () => {
    const run = rowsRun(seen(checkLane), [pendingRow(WHOLE_CLUSTER)]);
    const { clusterCheckCoolDownSeconds } = rules().policy.limits;
    expect(run).toMatchObject({ status: 'queued', slice: { from: 0 }, pending: [] });
    expect(run.outbox).toMatchObject([
      { rows: [[WHOLE_CLUSTER, `v-${WHOLE_CLUSTER}`]], notBefore: at(10 + clusterCheckCoolDownSeconds) },
    ]);
  });
});

describe('the plan of a queued run', () => {
  const registryHold = { until: at(900), holds: 1, runId: 'r-0', silentAt: START };
  const held = { ...seen(lane({ registryHold })), preflight: 'ECR has no such image' };

  it("keeps the registry's answer about the image for a repair that goes to nodes", () => {
    const plan = { ...seen(lane()), preflight: 'ECR has no such image' };
    const run = planned(plan, aQueuedRun(), askedCandidates(nodes(2)));
    expect(run).toMatchObject({ pending: nodes(2).map((id) => [id, '']), preflight: 'ECR has no such image' });
    expect(planned(seen(lane()), aQueuedRun(), askedCandidates(nodes(2)))).not.toHaveProperty('preflight');
  });

  it("has no use for the registry's answer where no node gets a command", () => {
    const run = planned(held, aQueuedRun(), askedCandidates(nodes(2)));
    expect(run).toMatchObject({ pending: [], settled: { RegistryHeld: 2 } });
    expect(run).not.toHaveProperty('preflight');
  });

  it('of a check is no matter of the registry', () => {
    const run = planned(held, aQueuedCheck(), askedCandidates(nodes(2)));
    expect(run.pending).toHaveLength(2);
    expect(run).not.toHaveProperty('preflight');
    expect(run).not.toHaveProperty('registryHold');
  });
});

describe('a run that is over from the start', () => {
  it('records for each row why nothing happens, and defers it', () => {
    const hold = { skipReason: 'Paused', until: at(70), message: 'an upgrade' } as const;
    const run = heldRun(seen(lane()), rows.slice(0, 2), hold);
    expect(run).toMatchObject({
      status: 'ended',
      endedAt: at(10),
      settled: { Paused: 2 },
      stopped: { reason: 'Paused' },
    });
    expect(run.outbox).toMatchObject([
      { kind: 'results', skipReason: 'Paused', message: 'an upgrade', instanceIds: nodes(2) },
      { kind: 'defer', rows: nodes(2).map((id) => [id, `v-${id}`]), notBefore: at(70), skipReason: 'Paused' },
    ]);
  });

  it('because its request is cancelled counts its nodes, and says that it has ended', () => {
    const run = cancelledRun(aQueuedRun(), nodes(2), { force: false }, at(10));
    expect(run).toMatchObject({ status: 'ended', settled: { Cancelled: 2 }, stopped: { reason: 'Cancelled' } });
    expect(run.outbox).toMatchObject([
      { kind: 'results', skipReason: 'Cancelled', instanceIds: nodes(2) },
      { kind: 'notice', detail: { counts: { Cancelled: 2 } } },
    ]);
    expect(cancelledRun(aQueuedRun(), [], { force: false }, at(10))).toMatchObject({
      settled: {},
      outbox: [{ kind: 'notice' }],
    });
  });
});

describe('a queued check under a pause of everything', () => {
  it('ends without a row if it is a sweep: the next one looks at the same nodes', () => {
    const run = aQueuedCheck({ because: because('sweep') });
    expect(heldCheck(run, at(10)).commit?.run?.after).toMatchObject({ status: 'ended', stopped: { reason: 'Paused' } });
  });

  it('waits otherwise, and looks again in a minute', () => {
    const run = aQueuedCheck({ because: because('operator') });
    expect(heldCheck(run, at(10))).toEqual({
      commit: { run: { before: run, after: { ...run, dueAt: at(70) } } },
      effects: [],
      isDone: true,
    });
  });
});

it('a queued run whose request cannot be read says so in its results', () => {
  const run = cancelledRun(aQueuedRun(), nodes(1), { force: false, why: 'no list' }, at(10));
  expect(stopOf(run)).toMatchObject({ reason: 'Cancelled', why: 'no list' });
  expect(run.outbox[0]).toMatchObject({ kind: 'results', message: expect.stringMatching(/: no list$/) });
});
