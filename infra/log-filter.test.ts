import { describe, expect, it } from 'vitest';
import type { LogLines } from '../core/model/log-lines.ts';
import type { Remediation } from '../core/model/remediation.ts';
import { remediations } from '../ssm-documents/remediations.ts';
import {
  filterPattern,
  filterPatterns,
  kindOfLogGroup,
  LOG_GROUP_KINDS,
  MAX_FILTER_PATTERN_CHARACTERS,
} from './log-filter.ts';

const remediation = (name: string, phrases: LogLines['phrases']): Remediation => ({
  name,
  summary: '',
  order: 1,
  disruptive: false,
  reasons: {},
  guide: {},
  evidence: {},
  healthy: [],
  repaired: [],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines: { phrases, rules: [] },
});
/** Phrases of 30 characters that differ in their first 12. */
const long = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`.padEnd(12, 'x').padEnd(30, 'y'));

describe('the patterns of the registry', () => {
  it.each(LOG_GROUP_KINDS)('the pattern of %s groups fits without cutting a phrase', (kind) => {
    const pattern = filterPattern(remediations, kind) ?? '';
    expect(pattern.length).toBeGreaterThan(0);
    expect(pattern.length).toBeLessThanOrEqual(MAX_FILTER_PATTERN_CHARACTERS);
    const terms = [...pattern.matchAll(/\?"([^"]+)"/g)].map((match) => match[1]);
    const phrases = new Set(remediations.flatMap(({ logLines }) => Object.values(logLines.phrases).flat()));
    expect(terms.filter((term) => term === undefined || !phrases.has(term))).toEqual([]);
  });

  it('leave room for another remediation', () => {
    const sizes = [...filterPatterns(remediations)].map(([kind, pattern = '']) => ({
      kind,
      characters: pattern.length,
      limit: MAX_FILTER_PATTERN_CHARACTERS,
    }));
    console.table(sizes);
    const another = remediation('another', { system: long('failed a', 6), kubelet: long('failed b', 6) });
    expect(() => filterPatterns([...remediations, another])).not.toThrow();
  });
});

describe('filterPattern', () => {
  it('lets a line through that contains any phrase, each named once', () => {
    const both = [remediation('a', { kubelet: ['x y', 'z'] }), remediation('b', { kubelet: ['z'] })];
    expect(filterPattern(both, 'kubelet')).toBe('?"x y" ?"z"');
  });

  it('has the phrases of the programs that write to the group, and no other', () => {
    const one = remediation('a', { kubelet: ['k'], ipamd: ['i'], system: ['s'], event: ['e'] });
    expect(filterPattern([one], 'dataplane')).toBe('?"k" ?"i"');
    expect(filterPattern([one], 'host')).toBe('?"k" ?"s"');
    expect(filterPattern([one], 'application')).toBe('?"e"');
    expect(filterPattern([one], 'mixed')).toBe('?"k" ?"i" ?"s"');
  });

  it('leaves out a phrase that a shorter one covers', () => {
    expect(filterPattern([remediation('a', { kubelet: ['no space', 'no space left'] })], 'kubelet')).toBe(
      '?"no space"',
    );
  });

  it('is undefined where no remediation has a phrase: an empty pattern would let every line through', () => {
    expect(filterPattern([remediation('a', { kubelet: ['k'] })], 'ipamd')).toBeUndefined();
  });

  it('takes a pattern of exactly the allowed length', () => {
    const phrase = 'p'.repeat(MAX_FILTER_PATTERN_CHARACTERS - 3);
    expect(filterPattern([remediation('a', { kubelet: [phrase] })], 'kubelet')).toHaveLength(
      MAX_FILTER_PATTERN_CHARACTERS,
    );
  });

  it('cuts the longest phrases where they do not fit, so that no line is lost', () => {
    const phrases = [...long('a', 40), 'short'];
    const pattern = filterPattern([remediation('a', { kubelet: phrases })], 'kubelet') ?? '';
    expect(pattern.length).toBeLessThanOrEqual(MAX_FILTER_PATTERN_CHARACTERS);
    const terms = [...pattern.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(terms).toContain('short');
    expect(phrases.filter((phrase) => !terms.some((term) => phrase.includes(term)))).toEqual([]);
  });

  it('names the kind and the remediation with the most characters where cutting does not help', () => {
    const both = [remediation('small', { system: long('a', 10) }), remediation('large', { system: long('b', 60) })];
    expect(() => filterPattern(both, 'host')).toThrow(
      /host groups: .* 1024; remove phrases from ssm-documents\/large\/log-lines\.ts.*large 2039, small 339/,
    );
  });

  it.each(['say "no"', '', ' '])('refuses the phrase %j', (phrase) => {
    expect(() => filterPattern([remediation('a', { kubelet: [phrase] })], 'kubelet')).toThrow(/double quote/);
  });
});

describe('kindOfLogGroup', () => {
  it.each([
    ['/aws/containerinsights/shop/dataplane', 'dataplane'],
    ['/aws/containerinsights/shop/host', 'host'],
    ['/aws/containerinsights/shop/application', 'application'],
    ['/aws/containerinsights/shop/performance', 'mixed'],
    ['/aws/containerinsights/a/b/host', 'mixed'],
    ['/shop/host', 'mixed'],
    ['mixed', 'mixed'],
  ])('of %s is %s', (name, kind) => {
    expect(kindOfLogGroup(name)).toBe(kind);
  });
});
