import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { type Facts, fillMessage, MAX_MESSAGE_BYTES, type Message } from './message.ts';

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
    expect(fc.check(property, search('messages', 100))).toMatchObject({ failed: false });
  });
});
