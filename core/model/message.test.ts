import { describe, expect, it } from 'vitest';
import { cutToBytes, factsOf, fillMessage, type Message } from './message.ts';

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
    expect(cutToBytes('\uFFFDabcdefgh', 10)).toBe('\uFFFDabcd...');
  });
});
