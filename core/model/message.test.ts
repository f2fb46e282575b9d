import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToBytes, type Facts, factsOf, fillMessage, MAX_MESSAGE_BYTES, type Message } from './message.ts';

describe('a message', () => {
  it('shows a sentence only if every fact in it has a value', () => {
    const message: Message = ['{image} is missing.', 'The disk is {percent} % full.'];
    expect(fillMessage(message, { image: 'pause:3.5' })).toBe('pause:3.5 is missing.');
    expect(fillMessage(message, { image: 'pause:3.5', percent: 0 })).toBe(
      'pause:3.5 is missing. The disk is 0 % full.',
    );
    expect(fillMessage(message, { image: '', percent: 91 })).toBe('The disk is 91 % full.');
  });

  it('shows the first sentence of a choice that applies', () => {
    const message: Message = [[{ when: { step: ['pin', 'tag'] }, text: 'The step {step} failed.' }, 'It failed.']];
    expect(fillMessage(message, { step: 'tag' })).toBe('The step tag failed.');
    expect(fillMessage(message, { step: 'import' })).toBe('It failed.');
    expect(fillMessage(message, {})).toBe('It failed.');
  });

  it('compares conditions by value and type', () => {
    const message: Message = [{ when: { changed: false }, text: 'Unchanged.' }];
    expect(fillMessage(message, { changed: false })).toBe('Unchanged.');
    for (const changed of [true, 'false', 0]) expect(fillMessage(message, { changed })).toBe('');
  });

  it('inserts a value as text, on one line, without a full stop of its own', () => {
    expect(fillMessage(['It said: {detail}.'], { detail: ' ctr: {image}\n\t$(id) $& failed.. ', image: 'x' })).toBe(
      'It said: ctr: {image} $(id) $& failed.',
    );
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('has no fact called %s unless it was given', (name) => {
    expect(fillMessage([`It is {${name}}.`], {})).toBe('');
  });

  it('lists every fact that it names', () => {
    expect([...factsOf(['{a} {b}', [{ when: { c: 1 }, text: '{d}' }, '{a}']])].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('shows at most 300 characters of a fact, and that there were more', () => {
    expect(fillMessage(['{detail}'], { detail: 'x'.repeat(300) })).toBe('x'.repeat(300));
    expect(fillMessage(['{detail}'], { detail: 'x'.repeat(301) })).toBe(`${'x'.repeat(297)}...`);
  });

  it('is cut between characters', () => {
    expect(cutToBytes('äöü', 6)).toBe('äöü');
    expect(cutToBytes('äöüä', 6)).toBe('ä...');
  });
});

const names = ['image', 'percent', 'detail', 'state'];
const text = fc.string({ unit: 'binary' }).map((s) => s.replaceAll(/[{}]/g, ''));
const value = fc.oneof(
  text,
  fc.string({ minLength: 200, maxLength: 900 }).map((s) => s.replaceAll(/[{}]/g, '')),
  fc.integer(),
  fc.boolean(),
);
const facts: fc.Arbitrary<Facts> = fc.dictionary(fc.constantFrom(...names), value);
const plain = fc
  .array(
    fc.oneof(
      fc.constantFrom('The ', 'is ', ': '),
      fc.constantFrom(...names).map((name) => `{${name}}`),
    ),
  )
  .map((parts) => parts.join(''));
const sentence = fc.oneof(plain, fc.record({ when: fc.dictionary(fc.constantFrom(...names), value), text: plain }));
const messages: fc.Arbitrary<Message> = fc.array(fc.oneof(sentence, fc.array(sentence)));

describe('every message with any facts', () => {
  it('shows no placeholder and no missing value, within its size limit', () => {
    const property = fc.property(messages, facts, (message, given) => {
      const shown = fillMessage(message, given);
      expect(shown).not.toMatch(/[{}]/);
      const own = Object.values(given).some((v) => String(v).includes('undefined'));
      if (!own) expect(shown).not.toContain('undefined');
      expect(new TextEncoder().encode(shown).length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
      expect(shown.isWellFormed()).toBe(true);
      expect(shown).not.toMatch(/\p{Cc}/u);
    });
    expect(fc.check(property, { numRuns: 1000 })).toMatchObject({ failed: false });
  });
});
