import { describe, expect, it } from 'vitest';
import { anEndedRun, at, node, START } from '../../test/support/runs.ts';
import { isAnswered, type PendingNode } from '../state/pending-node.ts';
import type { Breaker } from '../state/trust-state.ts';
import { afterRun, dueRows, holdOf, newLane, nextDue } from './lane.ts';

const LANE = newLane('demo/pause-image');
const breaker = { openedAt: START, openUntil: at(900), openings: 1, runId: 'r-0' };
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
it('a new lane is named for its cluster and its remediation', () => {
  expect(newLane('demo/pause-image')).toEqual({
    lane: 'demo/pause-image',
    cluster: 'demo',
    remediation: 'pause-image',
    version: 0,
  });
});

describe('a lane waits', () => {
  it.each<[string, Breaker | undefined, string | undefined, object | undefined]>([
    ['for nothing', undefined, undefined, undefined],
    [
      'while paused, and looks again in a minute',
      undefined,
      'an upgrade',
      { skipReason: 'Paused', until: at(70), message: 'an upgrade' },
    ],
    ['while its breaker is open', breaker, undefined, { skipReason: 'BreakerOpen', until: at(900) }],
    [
      'while its breaker is open for a row that cannot be read',
      { openedAt: START, openUntil: at(900), openings: 1 },
      undefined,
      { message: expect.stringContaining('cannot be read') },
    ],
    ['for the pause first', breaker, 'an upgrade', { skipReason: 'Paused' }],
  ])('%s', (_, open, pause, expected) => {
    const hold = holdOf(open, pause, at(10));
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

it('after a run the lane has no active run', () => {
  const lane = { ...LANE, activeRunId: 'r-1', dueAt: at(5) };
  expect(afterRun(lane, anEndedRun())).toEqual({ ...LANE, dueAt: at(5) });
});
