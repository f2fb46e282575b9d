import { describe, expect, it } from 'vitest';
import { SIGNAL_SWITCHES, SIGNALS } from '../../core/signals/read-signal.ts';
import { INTERNAL_RULES } from '../../events/rules.ts';
import { signalRules } from '../../infra/constructs/signal-patterns.ts';
import { parseConfig } from '../../infra/parse-config.ts';
import { compilePattern } from '../../lab/aws/pattern.ts';
import { internalRuleSamples, signalSamples } from '../support/signal-samples.ts';
import { resourcesOf, synthesize, type Template } from './synthesized.ts';

const ALARMS = ['demo-nodes-unwell', 'demo-inodes', 'demo-node-disk'];
const { template } = synthesize({ clusters: [{ name: 'demo', alarms: ALARMS }] });
const eventRulesOf = (from: Template) =>
  resourcesOf(from, 'AWS::Events::Rule')
    .filter(([, { Properties }]) => Properties.EventPattern !== undefined)
    .map(([id, { Properties }]) => ({
      id,
      name: String(Properties.Name).replace('fleetmend-', ''),
      description: Properties.Description,
      isOnDefaultBus: Properties.EventBusName === undefined,
      pattern: Properties.EventPattern,
    }));
const rules = eventRulesOf(template);
const definitions = [...SIGNALS, ...INTERNAL_RULES];
const samples = [...signalSamples(), ...internalRuleSamples()];
const patterns = new Map(rules.map(({ name, pattern }) => [name, compilePattern(pattern)]));
const matches = (rule: string, event: unknown): boolean => patterns.get(rule)?.matches(event) ?? false;

describe('the rules of a deployment', () => {
  it('are the definitions of the signals and of the internal rules', () => {
    const shown = rules.map(({ name, description, isOnDefaultBus }) => [name, description, isOnDefaultBus]);
    expect(shown.toSorted()).toEqual(definitions.map((d) => [d.name, d.title, d.bus === 'default']).toSorted());
  });

  it('keep their logical ids, which CloudFormation cannot change while the names stay', () => {
    expect(Object.fromEntries(rules.map(({ name, id }) => [name, id]))).toMatchObject({
      symptoms: 'RulesSymptomsDBBE2C3F',
      alarms: 'RulesSignalalarms16DC56D7',
      addons: 'RulesSignaladdons23157C58',
      'eks-calls': 'RulesSignalekscalls442CB48D',
      launches: 'RulesSignallaunchesA716BB1B',
      running: 'RulesSignalrunning59125DEF',
      'command-ends': 'RulesCommandEndsFCC438DB',
      notices: 'RulesNotices1BF32660',
    });
  });

  it.each(SIGNAL_SWITCHES)('leave out the signals of signals.%s where the configuration turns it off', (key) => {
    const config = parseConfig({ clusters: [{ name: 'demo' }], signals: { [key]: false } }, []);
    const expected = SIGNALS.filter(({ configKey }) => configKey !== key).map(({ name }) => name);
    expect(signalRules(config, 'fleetmend').map(({ name }) => name)).toEqual(expected);
  });

  it('let only fleetmend use the sources whose signals lead to a repair', () => {
    const kept = resourcesOf(template, 'AWS::Events::EventBusPolicy').flatMap(([, { Properties }]) => {
      const { Effect, Condition } = Properties.Statement as { Effect: string; Condition: Record<string, object> };
      return Effect === 'Deny' ? Object.values(Condition['ForAnyValue:StringEquals'] ?? {}).flat() : [];
    });
    for (const { name, bus, repairSources } of SIGNALS.filter((s) => s.repairSources.length > 0)) {
      expect({ name, bus, open: repairSources.filter((source) => !kept.includes(source)) }).toEqual({
        name,
        bus: 'fleetmend',
        open: [],
      });
    }
  });
});

describe("a rule's pattern, by event-ruler's semantics", () => {
  it.each(samples.filter((sample) => sample.matches))('$rule matches $name', ({ rule, event }) => {
    expect(matches(rule, event)).toBe(true);
  });

  it.each(internalRuleSamples().filter((sample) => !sample.matches))('$rule refuses $name', ({ rule, event }) => {
    expect(matches(rule, event)).toBe(false);
  });

  it('matches no event of another rule of the same bus', () => {
    const busOf = (name: string) => definitions.find((d) => d.name === name)?.bus;
    const strays = samples.flatMap(({ rule, matches: isHit, event }) =>
      [...patterns.keys()]
        .filter((other) => other !== rule && isHit && busOf(other) === busOf(rule))
        .filter((other) => matches(other, event))
        .map((other) => `${rule}: ${event['detail-type']} also matches ${other}`),
    );
    expect(strays).toEqual([]);
  });

  it('uses only operators that the matcher of the lab supports: each rule answers for each sample', () => {
    const answers = [...patterns.keys()].flatMap((rule) => samples.map(({ event }) => typeof matches(rule, event)));
    expect(new Set(answers)).toEqual(new Set(['boolean']));
    expect(answers.length).toBe(patterns.size * samples.length);
  });
});

it('names the rule that grows over the limit when too many alarms are configured', () => {
  const alarms = Array.from({ length: 100 }, (_, i) => `${'long-name-of-an-alarm-'.repeat(2)}${i}`);
  const config = parseConfig({ clusters: [{ name: 'demo', alarms }] }, []);
  expect(() => signalRules(config, 'fleetmend')).toThrow(/the rule alarms: .* over EventBridge's 4096/);
});
