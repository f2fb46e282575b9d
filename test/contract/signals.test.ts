import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../core/signals/read-signal.ts';
import * as registry from '../../core/signals/registry.ts';
import { INTERNAL_RULES } from '../../events/rules.ts';
import { internalRuleSamples, type Sample, signalSamples } from '../support/signal-samples.ts';
import { verdictOf } from '../support/signal-verdict.ts';

const folders = (kind: string): readonly string[] =>
  readdirSync(new URL(`../../events/samples/${kind}/`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
const namesOf = (all: readonly { readonly name: string }[]): readonly string[] =>
  all.map(({ name }) => name).toSorted();
const samples = signalSamples();
const coverageOf = (rule: string, all: readonly Sample[]) => {
  const own = all.filter((sample) => sample.rule === rule);
  return { rule, matches: own.some((s) => s.matches), misses: own.filter((s) => !s.matches).length > 1 };
};

describe('the registry of signals', () => {
  it('has a folder of samples for each signal and each internal rule, and no other folder', () => {
    expect(folders('signals').toSorted()).toEqual(namesOf(SIGNALS));
    expect(folders('rules').toSorted()).toEqual(namesOf(INTERNAL_RULES));
  });

  it.each(namesOf(SIGNALS))('has a sample that matches %s and two near misses', (rule) => {
    expect(coverageOf(rule, samples)).toEqual({ rule, matches: true, misses: true });
  });

  it.each(namesOf(INTERNAL_RULES))('has a sample that matches %s and two near misses', (rule) => {
    expect(coverageOf(rule, internalRuleSamples())).toEqual({ rule, matches: true, misses: true });
  });

  it('names each signal once, as its entry is named', () => {
    const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(Object.entries(registry).map(([entry, { name }]) => [kebab(entry), name])).toEqual(
      SIGNALS.map(({ name }) => [name, name]),
    );
    const rules = [...SIGNALS, ...INTERNAL_RULES].map(({ name }) => name);
    expect(rules.filter((name, i) => rules.indexOf(name) !== i)).toEqual([]);
  });

  it('gives each detail type of a source to one signal', () => {
    const claims = SIGNALS.flatMap(({ name, detailTypes, otherDetailTypes, sources }) =>
      detailTypes.map((detailType) => ({ name, detailType, otherDetailTypes, sources })),
    );
    const twice = claims.flatMap((claim) =>
      SIGNALS.filter(({ name }) => name !== claim.name)
        .filter(
          (other) =>
            other.detailTypes.includes(claim.detailType) ||
            (other.otherDetailTypes !== undefined && claim.detailType.startsWith(other.otherDetailTypes)),
        )
        .filter(
          ({ sources }) =>
            sources === 'any' || claim.sources === 'any' || sources.some((source) => claim.sources.includes(source)),
        )
        .map((other) => `${claim.detailType}: ${claim.name} and ${other.name}`),
    );
    expect(twice).toEqual([]);
  });

  it('explains each code of an ignored event in a sentence, alike wherever it stands', () => {
    const entries = SIGNALS.flatMap(({ ignored }) => Object.entries(ignored));
    for (const [reason, meaning] of entries) {
      expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
    expect(new Set(entries.map((entry) => entry.join(': '))).size).toBe(new Set(entries.map(([code]) => code)).size);
  });
});

describe('a sample that matches', () => {
  const matching = samples.filter((sample) => sample.matches);

  it.each(matching)('$rule/$name matches the rule, and signal-intake accepts it', ({ rule, event }) => {
    expect(verdictOf(rule, event)).toMatchObject({ rule: true, intake: 'accepts' });
  });

  const exclusive = matching.filter(({ rule }) => SIGNALS.some((s) => s.name === rule && s.sources !== 'any'));
  it.each(exclusive)('$rule/$name from another source is refused by the rule and by signal-intake', (sample) => {
    const event = { ...sample.event, source: 'acme.tool' };
    expect(verdictOf(sample.rule, event)).toEqual({ rule: false, intake: 'refuses', by: 'source' });
  });

  const open = matching.filter(({ rule }) => SIGNALS.some((s) => s.name === rule && s.sources === 'any'));
  it.each(open)('$rule/$name from another source leads to a check at most', (sample) => {
    const event = { ...sample.event, source: 'acme.tool' };
    expect(verdictOf(sample.rule, event)).toEqual({ rule: true, intake: 'accepts', by: 'demo/node-check' });
  });
});

// events/samples/signals/README.md lists which of the two turns each of them away.
describe('a near miss', () => {
  it.each(samples.filter((sample) => !sample.matches))('$rule/$name is turned away', ({ rule, event }) => {
    const verdict = verdictOf(rule, event);
    expect(verdict.rule && verdict.intake === 'accepts').toBe(false);
  });
});
