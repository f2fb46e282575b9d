import { describe, expect, it } from 'vitest';
import { aCommand, aRun, at, LIMITS, node, START } from '../../test/support/runs.ts';
import type { LaneState } from '../state/lane-state.ts';
import { isAnswered, type PendingNode } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';
import { afterRun, allowsOneCanary, dueRows, holdOf, newLane, nextDue } from './lane.ts';

const LANE = newLane('demo/pause-image');
const breaker = { openUntil: at(900), openings: 1, runId: 'r-0' };
const row = (over: Partial<PendingNode> = {}): PendingNode => ({
  lane: LANE.lane,
  cluster: 'demo',
  instanceId: node(1),
  reason: 'SandboxImageMissing',
  firstSeenAt: START,
  lastSeenAt: START,
  signals: 1,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  version: 'v',
  ...over,
});
const ended = (
  counts: NonNullable<RunState['commands'][number]['counts']>,
  attributableFailures = 0,
  over: Partial<RunState> = {},
): RunState =>
  aRun(0, {
    status: 'ended',
    commands: [aCommand({ status: 'closed', instanceIds: [], counts, attributableFailures, size: 10 })],
    ...over,
  });
const leaves = (lane: Partial<LaneState>, run: RunState) =>
  afterRun({ ...LANE, activeRunId: 'r-1', ...lane }, run, at(100), LIMITS);

it('a new lane is named for its cluster and its remediation', () => {
  expect(newLane('demo/pause-image')).toEqual({
    lane: 'demo/pause-image',
    cluster: 'demo',
    remediation: 'pause-image',
    version: 0,
    attributableFailures: 0,
  });
});

describe('a lane waits', () => {
  it.each<[string, Partial<LaneState>, string | undefined, object | undefined]>([
    ['for nothing', {}, undefined, undefined],
    [
      'while paused, and looks again in a minute',
      {},
      'an upgrade',
      { skipReason: 'Paused', until: at(70), message: 'an upgrade' },
    ],
    ['while its breaker is open', { breaker }, undefined, { skipReason: 'BreakerOpen', until: at(900) }],
    ['for the pause first', { breaker }, 'an upgrade', { skipReason: 'Paused' }],
    [
      'no longer, once the breaker has been open for its time',
      { breaker: { ...breaker, openUntil: at(10) } },
      undefined,
      undefined,
    ],
  ])('%s', (_, over, pause, expected) => {
    const hold = holdOf({ ...LANE, ...over }, pause, at(10));
    if (expected === undefined) expect(hold).toBeUndefined();
    else expect(hold).toMatchObject(expected);
  });
});

describe('the pending nodes of a lane', () => {
  it('are due when their time has come, the longest waiting first', () => {
    const rows = [
      row({ instanceId: node(3), firstSeenAt: at(5) }),
      row({ instanceId: node(2), notBefore: at(11) }),
      row({ instanceId: node(1), firstSeenAt: at(5), notBefore: at(10) }),
      row({ instanceId: node(4), firstSeenAt: at(1) }),
    ];
    expect(dueRows(rows, at(10)).map((r) => r.instanceId)).toEqual([node(4), node(1), node(3)]);
  });

  it.each<[string, Partial<PendingNode>, boolean]>([
    ['that nobody has looked at', {}, false],
    ['that a decision for good stands on', { decidedAt: at(5) }, true],
    ['that was seen again since', { decidedAt: at(5), lastSeenAt: at(6) }, false],
    ['that waits for a passing reason', { decidedAt: at(5), skipped: 'CoolingDown' }, false],
  ])('%s: answered?', (_, over, expected) => {
    expect(isAnswered(row(over))).toBe(expected);
  });

  it('determine when the lane is due next', () => {
    expect(nextDue([], START)).toBeUndefined();
    expect(nextDue([row({ notBefore: at(30) }), row({ notBefore: at(20) })], START)).toBe(at(20));
    expect(nextDue([row({ notBefore: at(30) }), row()], START)).toBe(START);
  });
});

describe('after a run', () => {
  it('the lane stores its window, and no failures', () => {
    const { lane, outbox } = leaves(
      { attributableFailures: 1 },
      ended({ Repaired: 4, NotRepaired: 1 }, 0, { priorAttributableFailures: 1 }),
    );
    expect(lane).toMatchObject({ attributableFailures: 0, lastWindow: { window: 5, at: at(100) } });
    expect(lane).not.toHaveProperty('activeRunId');
    expect(outbox).toEqual([]);
  });

  it('one attributable failure is carried to the next run', () => {
    expect(leaves({}, ended({ NotRepaired: 1 }, 1)).lane).toMatchObject({ attributableFailures: 1 });
    const second = leaves({ attributableFailures: 1 }, ended({ NotRepaired: 1 }, 1, { priorAttributableFailures: 1 }));
    expect(second.lane).toMatchObject({
      attributableFailures: 0,
      breaker: { openUntil: at(1000), openings: 1, runId: 'r-1' },
    });
    expect(second.outbox).toMatchObject([{ kind: 'notice', id: 'r-1/breaker', detailType: 'Breaker Opened' }]);
  });

  it('an open breaker resets the window', () => {
    const { lane } = leaves({ lastWindow: { window: 9, at: START } }, ended({ Repaired: 1, NotRepaired: 2 }, 2));
    expect(lane).not.toHaveProperty('lastWindow');
    expect(lane.breaker?.openings).toBe(1);
  });

  it.each([
    [1, 1800],
    [2, 3600],
    [6, 57_600],
    [7, 86_400],
    [20, 86_400],
  ])('a canary that fails after %i openings opens it for %i s', (openings, seconds) => {
    const { lane } = leaves({ breaker: { ...breaker, openings } }, ended({ NotRepaired: 1 }, 1));
    expect(lane.breaker).toEqual({ openUntil: at(100 + seconds), openings: openings + 1, runId: 'r-1' });
  });

  it.each(['Repaired', 'Healthy'] as const)('a canary that ends %s closes the breaker', (outcome) => {
    expect(leaves({ breaker }, ended({ [outcome]: 1 })).lane).not.toHaveProperty('breaker');
  });

  it('a canary without a decisive outcome leaves the attempt to the next one', () => {
    const { lane } = leaves({ breaker }, ended({ Unreachable: 1 }));
    expect(lane.breaker).toEqual(breaker);
    expect(allowsOneCanary(lane)).toBe(true);
  });
});
