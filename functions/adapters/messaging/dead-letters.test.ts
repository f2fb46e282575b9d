import { describe, expect, it } from 'vitest';
import { fakeSqs } from '../../../test/support/fake-sqs.ts';
import { createDeadLetterReader, createDeadLetters, MAX_LETTER_LENGTH } from './dead-letters.ts';

const URL = 'https://sqs.example/1/intake-bad';
const world = () => {
  const sqs = fakeSqs();
  const now = () => new Date('2026-08-22T10:00:00Z');
  return { sqs, letters: createDeadLetters({ client: sqs.client, queueUrl: URL, functionName: 'signal-intake', now }) };
};

describe('dead letters', () => {
  it('carry reason, function and time', async () => {
    const { sqs, letters } = world();
    await letters.put({ body: '{"a":1}', reason: 'field a: wrong' });
    expect(sqs.messages(URL)).toMatchObject([
      {
        body: '{"a":1}',
        attributes: { reason: 'field a: wrong', function: 'signal-intake', time: '2026-08-22T10:00:00.000Z' },
      },
    ]);
  });

  it('keep attributes to 256 safe characters', async () => {
    const { sqs, letters } = world();
    await letters.put({ body: 'x', reason: `\u0000\n☃${'a'.repeat(400)}` });
    const reason = sqs.messages(URL)[0]?.attributes.reason ?? '';
    expect(reason).toMatch(/^\?\?\?a+$/);
    expect(reason).toHaveLength(256);
  });

  it('replace characters that SQS refuses, and are never empty', async () => {
    const { sqs, letters } = world();
    await letters.put({ body: 'a\u0000\uFFFE\uD800b', reason: '' });
    await letters.put({ body: '', reason: 'r' });
    expect(sqs.messages(URL).map((m) => m.body)).toEqual(['a\uFFFD\uFFFD\uFFFDb', '-']);
    expect(sqs.messages(URL)[0]?.attributes.reason).toBe('-');
  });

  it('mark a truncated body', async () => {
    const { sqs, letters } = world();
    await letters.put({ body: 'x'.repeat(MAX_LETTER_LENGTH + 1), reason: 'r' });
    const [letter] = sqs.messages(URL);
    expect(letter?.body).toHaveLength(MAX_LETTER_LENGTH);
    expect(letter?.attributes.cut).toBe(`${MAX_LETTER_LENGTH + 1} characters`);
  });

  it('are read with their reason, and removed one by one', async () => {
    const { sqs, letters } = world();
    await letters.put({ body: '1', reason: 'first' });
    await letters.put({ body: '2', reason: 'second' });
    const reader = createDeadLetterReader({ client: sqs.client });
    const found = await reader.receive(URL, 10);
    expect(found.map((l) => [l.body, l.reason])).toEqual([
      ['1', 'first'],
      ['2', 'second'],
    ]);
    for (const letter of found.slice(0, 1)) await reader.remove(letter);
    expect(sqs.messages(URL).map((m) => m.body)).toEqual(['2']);
    expect(await reader.receive(URL, 10)).toEqual([]);
  });
});
