import { expect, it } from 'vitest';
import { defineLogRule } from '../model/log-lines.ts';
import { createClassifier } from './classify/classify.ts';
import { phrases, says } from './classify/text.ts';
import { createPhraseLook } from './phrases.ts';
import { readSymptoms } from './symptoms.ts';

const NOW = Date.parse('2026-08-22T10:00:00Z');
const LINE = 'E0526 "RunPodSandbox from runtime service failed" err="failed to get sandbox image"';
const classify = createClassifier([
  defineLogRule({
    name: 'image',
    order: 1,
    reasons: { SandboxImageMissing: 1 },
    read: (segment) => (says(segment, phrases('get sandbox image')) ? { reason: 'SandboxImageMissing' } : null),
  }),
]);

it.each([
  ['a text with a phrase', ['get sandbox image', 'no space left'], 'failed to get sandbox image "x"', true],
  ['a text with the part of a phrase', ['get sandbox image'], 'failed to get sandbox', false],
  ['a text with other letters', ['no space left'], 'No Space Left', false],
  ['a phrase that covers another one', ['no space left', 'no space'], 'no space', true],
  ['the same phrase twice', ['no space', 'no space'], 'no space', true],
  ['no phrases', [], 'no space', false],
  ['an empty text', ['no space'], '', false],
])('looks at %s', (_, phrases, text, shows) => {
  expect(createPhraseLook(phrases)(text)).toBe(shows);
});

it('cleans no text without a phrase, and follows the values of components all the same', () => {
  const cleaned: string[] = [];
  const rules = {
    classify: (text: string) => {
      cleaned.push(text);
      return classify(text);
    },
    mayShow: createPhraseLook(['get sandbox image']),
    knows: () => true,
    mayRead: () => true,
  };
  const event = (message: string) => ({
    timestamp: NOW,
    message: JSON.stringify({ ec2_instance_id: 'i-0123456789abcdef0', ident: 'kubelet', message }),
  });
  const quoted = [event('I0822 1 prober.go:107] "Probe failed" output=<'), event(`\t${LINE}`), event(' >')];
  const reading = readSymptoms('demo', 's', [event('\\'.repeat(1000)), ...quoted, event(LINE)], NOW, rules);
  expect(reading).toMatchObject({ symptoms: [{ reason: 'SandboxImageMissing', count: 1 }], foreign: 2 });
  expect(cleaned).toEqual([event(LINE).message]);
});
