import { describe, expect, it } from 'vitest';
import { afterRepairOf, mayReport, meaningOf, OUTCOMES, Outcome, outcomesWith, SCRIPT_OUTCOMES } from './outcome.ts';

describe('the table of outcomes', () => {
  // Each line is a promise of docs/glossary.md or of the guards; none is derived from the table.
  it.each([
    ['isRepaired', ['Relapsed', 'Repaired']],
    ['isWorking', ['Relapsed', 'Repaired', 'Healthy']],
    ['isAttempt', ['NotRepaired', 'Broken', 'TimedOut', 'Unknown', 'Relapsed', 'Repaired', 'Healthy']],
    ['isFailed', ['NotRepaired', 'TimedOut', 'Unknown', 'Relapsed']],
    ['passesCanary', ['Relapsed', 'Repaired', 'Healthy']],
    ['isFinding', ['Broken']],
    ['isOmittedByChecks', ['Healthy']],
    ['hasSkipReason', ['Skipped']],
    ['isSilence', ['TimedOut', 'Unreachable']],
  ] as const)('%s holds for %j', (flag, expected) => {
    expect(outcomesWith(flag)).toEqual(expected);
  });

  it('makes a repair that follows a repair a relapse, and nothing else', () => {
    expect(Outcome.options.map(afterRepairOf).filter((o) => o !== undefined)).toEqual(['Relapsed']);
    expect(afterRepairOf('Repaired')).toBe('Relapsed');
  });

  it('lets a check report faults, and a repair its success or failure', () => {
    expect(SCRIPT_OUTCOMES.filter((o) => !mayReport('check', o))).toEqual(['NotRepaired', 'Repaired']);
    expect(SCRIPT_OUTCOMES.filter((o) => !mayReport('repair', o))).toEqual(['Broken']);
    expect(mayReport('check', 'Unreachable')).toBe(false);
  });

  it('counts only failed attempts as attributable, and every failed attempt but a relapse', () => {
    const attributable = Outcome.options.filter((o) => meaningOf(o).attributable !== 'never');
    expect(attributable).toEqual(outcomesWith('isFailed').filter((o) => !meaningOf(o).isRepaired));
  });

  it('explains each outcome in a sentence of its own', () => {
    const meanings = Object.values(OUTCOMES).map(({ meaning }) => meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
    for (const meaning of meanings) expect(meaning).toMatch(/^[a-z].{15,}[^.]$/);
  });
});
