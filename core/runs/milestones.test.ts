import { describe, expect, it } from 'vitest';
import { anEndedRun, aQueuedRun, aRun, at, LIMITS, node, START } from '../../test/support/runs.ts';
import { newTrust } from '../guards/trust.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { EndedRun, RunningRun, RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { newLane } from './lane.ts';
import { laneMilestones, runMilestones, trustMilestones } from './milestones.ts';

const messages = (milestones: ReturnType<typeof runMilestones>): readonly string[] => milestones.map((m) => m.message);

const planned = aRun(3);
const queued = aQueuedRun();
const sent: RunningRun = {
  ...planned,
  commands: [{ key: '1', instanceIds: [], size: 1, status: 'sent', commandId: 'c-1', sentAt: at(5) }],
};
const stop = { reason: 'Paused', at: at(9) } as const;
const stopped: RunningRun = { ...sent, status: 'draining', stopped: stop };
const ended: EndedRun = {
  ...stopped,
  status: 'ended',
  end: 'Stopped',
  stopped: stop,
  startedAt: START,
  endedAt: at(60),
  settled: { Paused: 2 },
  commands: [{ key: '1', instanceIds: [], size: 1, status: 'closed', counts: { Repaired: 1 } }],
};

describe('a run', () => {
  it.each<[string, RunState | undefined, RunState, readonly string[]]>([
    ['is planned when it is stored with a plan', undefined, planned, ['planning run']],
    ['is planned when a queued one gets its plan', queued, planned, ['planning run']],
    ['is not planned while it is queued', undefined, queued, []],
    ['starts with its first command at SSM', planned, sent, ['starting run']],
    ['stops once', sent, stopped, ['stopping run']],
    ['ends', stopped, ended, ['ending run']],
    ['reaches nothing twice', ended, ended, []],
    ['may be planned and over at once', undefined, anEndedRun(), ['planning run', 'ending run']],
    ['reaches each step in its order', queued, ended, ['planning run', 'starting run', 'stopping run', 'ending run']],
  ] as const)('%s', (_, before, after, expected) => {
    expect(messages(runMilestones(before, after as RunState))).toEqual(expected);
  });

  it('is planned, starts and stops with its id, its lane and its nodes', () => {
    const { runId, cluster, remediation, action, lane } = planned;
    const run = { runId, cluster, remediation, action, lane };
    expect(runMilestones(queued, { ...ended, pending: planned.pending })).toMatchObject([
      { fields: { ...run, because: 'log', pending: 3, settled: { Paused: 2 } } },
      { fields: { ...run, pending: 3 } },
      { fields: { ...run, reason: 'Paused', pending: 3 } },
      { fields: run },
    ]);
    const { lane: none, ...free } = planned;
    expect(runMilestones(undefined, free)[0]?.fields).not.toHaveProperty('lane');
  });

  it('has not started while its commands are only planned or being sent', () => {
    const waiting = (status: 'planned' | 'sending'): RunState => ({
      ...planned,
      commands: [{ key: '1', instanceIds: [], size: 1, status }],
    });
    expect(messages(runMilestones(planned, waiting('planned')))).toEqual([]);
    expect(messages(runMilestones(planned, waiting('sending')))).toEqual([]);
    const closed: RunState = { ...planned, commands: [{ key: '1', instanceIds: [], size: 1, status: 'closed' }] };
    expect(messages(runMilestones(planned, closed))).toEqual(['starting run']);
  });

  it('ends with its id, its counts and its duration', () => {
    expect(runMilestones(stopped, ended)[0]?.fields).toMatchObject({
      runId: planned.runId,
      cluster: 'demo',
      remediation: 'pause-image',
      counts: { Repaired: 1, Paused: 2 },
      durationSeconds: 60,
    });
  });
});

it('a run that ended without a plan has the duration 0', () => {
  const { startedAt, ...unplanned } = anEndedRun();
  expect(runMilestones(queued, unplanned)[1]?.fields).toMatchObject({ durationSeconds: 0 });
});

describe('a lane', () => {
  const lane: LaneState = newLane('demo/pause-image');
  const held: LaneState = { ...lane, registryHold: { until: at(600), holds: 1, runId: 'r-1', silentAt: at(0) } };

  it.each<[string, LaneState, LaneState, readonly string[]]>([
    ['begins a registry hold', lane, held, ['holding nodes that need the registry']],
    ['ends it', held, lane, ['releasing nodes that need the registry']],
    ['reaches nothing', lane, lane, []],
    ['reaches nothing while one holds', held, held, []],
    [
      'begins the next one',
      held,
      { ...held, registryHold: { until: at(2400), holds: 2, runId: 'r-2', silentAt: at(601) } },
      ['holding nodes that need the registry'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(messages(laneMilestones(before, after))).toEqual(expected);
  });
});

it('the milestones of a hold name the lane, and how long it holds', () => {
  const lane: LaneState = newLane('demo/pause-image');
  const registryHold = { until: at(600), holds: 1, runId: 'r-1', silentAt: at(0) };
  expect(laneMilestones(lane, { ...lane, registryHold })[0]?.fields).toEqual({ lane: lane.lane, ...registryHold });
  expect(laneMilestones({ ...lane, registryHold }, lane)[0]?.fields).toEqual({ lane: lane.lane });
});

describe('the experience with a document', () => {
  const trust = newTrust('fleetmend-document-aaaaaaaaaaaa', 'demo');
  const opened = { ...trust, breaker: { openedAt: START, openUntil: at(900), openings: 1, runId: 'r-1' } };
  const again = { ...trust, breaker: { openedAt: at(901), openUntil: at(2701), openings: 2, runId: 'r-2' } };
  const canary = (n: number) =>
    ({ instanceId: node(n), runId: 'r-2', at: at(950 + n), end: 'repaired', isCanary: true }) as const;
  const closed = { ...opened, results: [canary(3), canary(2), canary(1)] };

  it.each<[string, TrustRow, TrustRow, readonly string[]]>([
    ['opens its breaker', trust, opened, ['opening circuit breaker']],
    ['opens it again for longer', opened, again, ['opening circuit breaker']],
    ['keeps it open', opened, opened, []],
    ['closes it after a full set of canaries', opened, closed, ['closing circuit breaker']],
  ])('%s', (_, before, after, expected) => {
    expect(messages(trustMilestones({ before, after }, at(1000), LIMITS))).toEqual(expected);
  });

  it('names the document, the cluster and the breaker', () => {
    const named = { document: trust.document, cluster: 'demo' };
    const fieldsOf = (before: TrustRow, after: TrustRow) =>
      trustMilestones({ before, after }, at(1000), LIMITS)[0]?.fields;
    expect(fieldsOf(trust, opened)).toEqual({ ...named, ...opened.breaker });
    expect(fieldsOf(opened, closed)).toEqual({ ...named, openings: 1 });
  });
});
