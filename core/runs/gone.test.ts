import { describe, expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Reading } from '../state/results.ts';
import { mayBeGone, withoutGone } from './gone.ts';

const reading = (outcome: Outcome, more: Partial<Reading> = {}): Reading => ({ outcome, endedAt: at(20), ...more });
const command = { action: 'repair', softDeadlineAt: at(90) } as const;
const one = (it: Reading | undefined) => new Map([[node(1), it]]);

describe('the nodes of a repair that may be gone', () => {
  it.each<[string, Reading | undefined, number, boolean]>([
    ['that failed', reading('NotRepaired'), 20, true],
    ['whose document timed out', reading('TimedOut', { reason: 'ExecutionTimedOut' }), 20, true],
    ['that was not reached', reading('Unreachable'), 20, true],
    ['without a result', reading('Unknown'), 20, true],
    ['that was repaired', reading('Repaired'), 20, false],
    ['whose earlier repair did not last', reading('Relapsed'), 20, false],
    ['that works', reading('Healthy'), 20, false],
    ['that was skipped', reading('Skipped', { skipReason: 'Busy' }), 20, false],
    ['of another kind', reading('Unsupported'), 20, false],
    ['without an answer before the soft deadline', undefined, 89, false],
    ['without an answer at the soft deadline', undefined, 90, true],
  ])('are asked for: one %s', (_, it, seconds, isAsked) => {
    expect(mayBeGone(command, one(it), at(seconds))).toEqual(isAsked ? [node(1)] : []);
  });

  it('are none of a check: it fails nobody', () => {
    expect(mayBeGone({ ...command, action: 'check' }, one(reading('Unreachable')), at(20))).toEqual([]);
  });
});

describe('the reading of an instance that is gone', () => {
  it.each<[string | undefined, string]>([
    ['terminated', 'EC2 shows the instance as terminated: it went away while its repair ran'],
    ['shutting-down', 'EC2 shows the instance as shutting-down: it went away while its repair ran'],
    [undefined, 'EC2 shows the instance as not there: it went away while its repair ran'],
  ])('is no failure where EC2 says %s, and keeps where it comes from', (state, message) => {
    const failed = reading('NotRepaired', { reason: 'DiskFull', startedAt: at(1), since: at(0), nodegroup: 'blue' });
    expect(withoutGone(one(failed), new Map([[node(1), state]]), at(30)).get(node(1))).toEqual({
      ...{ outcome: 'Skipped', skipReason: 'Gone', message },
      ...{ startedAt: at(1), endedAt: at(20), since: at(0), nodegroup: 'blue' },
    });
  });

  it('ends now where it has not ended', () => {
    const gone = withoutGone(one(undefined), new Map([[node(1), 'terminated']]), at(95));
    expect(gone.get(node(1))).toMatchObject({ skipReason: 'Gone', endedAt: at(95) });
  });

  it('is the same where the instance runs, or EC2 was not asked', () => {
    const failed = reading('NotRepaired');
    expect(withoutGone(one(failed), new Map([[node(1), 'running']]), at(30)).get(node(1))).toBe(failed);
    expect(withoutGone(one(failed), new Map(), at(30)).get(node(1))).toBe(failed);
  });
});
