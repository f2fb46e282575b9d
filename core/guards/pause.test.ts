import { describe, expect, it } from 'vitest';
import { at, START } from '../../test/support/runs.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import { isPausing, pauseText, unreadablePause } from './pause.ts';

const pause = (over: Partial<PauseRow> = {}): PauseRow => ({
  scope: 'ALL',
  covers: 'everything',
  state: 'paused',
  at: START,
  by: 'mei',
  reason: 'an upgrade',
  ...over,
});

describe('a pause', () => {
  it.each<[string, Partial<PauseRow>, 'check' | 'repair', boolean]>([
    ['of everything holds back repairs', {}, 'repair', true],
    ['of everything holds back checks', {}, 'check', true],
    ['of repairs holds back repairs', { covers: 'repairs' }, 'repair', true],
    ['of repairs lets checks go on', { covers: 'repairs' }, 'check', false],
    ['that was lifted holds back nothing', { state: 'resumed' }, 'repair', false],
    ['holds until its end', { until: at(11) }, 'repair', true],
    ['is over at its end', { until: at(10) }, 'repair', false],
  ])('%s', (_, over, action, expected) => {
    expect(isPausing(pause(over), action, at(10))).toBe(expected);
  });

  it('says who paused, why, and until when if that is known', () => {
    expect(pauseText(pause())).toBe(`paused by mei at ${START}: an upgrade`);
    expect(pauseText(pause({ until: at(60) }))).toBe(`paused by mei at ${START} until ${at(60)}: an upgrade`);
  });

  it('that cannot be read is in force, and says so', () => {
    const row = unreadablePause('ALL', 'reading the row: no', at(10));
    expect([isPausing(row, 'check', at(10)), isPausing(row, 'repair', at(10))]).toEqual([true, true]);
    expect(row).toMatchObject({ scope: 'ALL', problem: 'reading the row: no' });
    expect(pauseText(row)).toMatch(/cannot be read, so it counts as in force/);
  });
});
