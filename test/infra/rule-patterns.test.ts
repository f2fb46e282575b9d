import { describe, expect, it } from 'vitest';
import { signalPatterns } from '../../infra/constructs/signal-patterns.ts';
import { parseConfig } from '../../infra/parse-config.ts';
import { compilePattern } from '../../lab/aws/pattern.ts';
import { signalSamples } from '../support/signal-samples.ts';
import { resourcesOf, synthesize } from './synthesized.ts';

const ALARMS = ['demo-nodes-unwell', 'demo-inodes', 'demo-node-disk'];
const { template } = synthesize({ clusters: [{ name: 'demo', alarms: ALARMS }] });
const patterns = new Map(
  resourcesOf(template, 'AWS::Events::Rule')
    .filter(([, { Properties }]) => Properties.EventPattern !== undefined)
    .map(([, { Properties }]) => [String(Properties.Name).replace('fleetmend-', ''), Properties.EventPattern]),
);
const samples = signalSamples();
const matches = (rule: string, event: unknown): boolean => compilePattern(patterns.get(rule)).matches(event);

describe("a rule's pattern, by event-ruler's semantics", () => {
  it('has recorded events that must match it, and near misses that must not', () => {
    const counted = [...patterns.keys()].map((rule) => {
      const own = samples.filter((sample) => sample.rule === rule);
      return { rule, hits: own.filter((s) => s.matches).length > 0, misses: own.filter((s) => !s.matches).length > 1 };
    });
    expect(counted).toEqual([...patterns.keys()].map((rule) => ({ rule, hits: true, misses: true })));
    expect(samples.filter(({ rule }) => !patterns.has(rule))).toEqual([]);
  });

  it.each(samples.filter((sample) => sample.matches))('$rule: $name', ({ rule, event }) => {
    expect(matches(rule, event)).toBe(true);
  });

  it.each(samples.filter((sample) => !sample.matches))('$rule: $name', ({ rule, event }) => {
    expect(matches(rule, event)).toBe(false);
  });

  it('matches no event of another rule of the same bus', () => {
    const onItsOwnBus = new Set(['symptoms', 'notices']);
    const strays = samples.flatMap(({ rule, matches: isHit, event }) =>
      [...patterns.keys()]
        .filter((other) => other !== rule && isHit && onItsOwnBus.has(other) === onItsOwnBus.has(rule))
        .filter((other) => matches(other, event))
        .map((other) => `${rule}: ${event['detail-type']} also matches ${other}`),
    );
    expect(strays).toEqual([]);
  });
});

it('asks nothing that the matcher of the lab cannot answer: each rule answers for each sample', () => {
  const answers = [...patterns.keys()].flatMap((rule) => samples.map(({ event }) => typeof matches(rule, event)));
  expect(new Set(answers)).toEqual(new Set(['boolean']));
  expect(answers.length).toBe(patterns.size * samples.length);
});

it('says which rule grows over the limit when too many alarms are configured', () => {
  const alarms = Array.from({ length: 100 }, (_, i) => `${'long-name-of-an-alarm-'.repeat(2)}${i}`);
  const config = parseConfig({ clusters: [{ name: 'demo', alarms }] }, []);
  expect(() => signalPatterns(config, 'fleetmend')).toThrow(/the rule alarms: .* over EventBridge's 4096/);
});
