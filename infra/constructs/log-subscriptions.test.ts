import { describe, expect, it } from 'vitest';
import type { Remediation } from '../../core/model/remediation.ts';
import { filterPattern, MAX_FILTER_PATTERN_CHARACTERS } from './log-subscriptions.ts';

const remediation = (name: string, logPhrases: readonly string[]): Remediation => ({
  name,
  summary: '',
  order: 1,
  disruptive: false,
  reasons: {},
  evidence: {},
  healthy: [],
  repaired: [],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logPhrases,
});

describe('filterPattern', () => {
  it('lets a line through that has any phrase, each named once', () => {
    expect(filterPattern([remediation('a', ['x y', 'z']), remediation('b', ['z'])])).toBe('?"x y" ?"z"');
  });

  it('takes a pattern of just the allowed length', () => {
    const phrase = 'p'.repeat(MAX_FILTER_PATTERN_CHARACTERS - 3);
    expect(filterPattern([remediation('a', [phrase])])).toHaveLength(MAX_FILTER_PATTERN_CHARACTERS);
  });

  it('names the excess and who causes it', () => {
    const long = 'p'.repeat(1000);
    const both = [remediation('a', [long]), remediation('b', ['q'.repeat(100)])];
    expect(() => filterPattern(both)).toThrow(/83 characters over .*1024.*a 1004, b 104/);
  });

  it.each(['say "no"', '', ' '])('refuses the phrase %j', (phrase) => {
    expect(() => filterPattern([remediation('a', [phrase])])).toThrow(/double quote/);
  });
});
