import { describe, expect, it } from 'vitest';
import { BAD_INPUT_QUEUE_URL, BUS_NAME, readEnv, TABLE_NAME } from './env.ts';
import { DLQ_URLS } from './operator-env.ts';

describe('readEnv', () => {
  it('reads only the requested variables', () => {
    expect(readEnv({ TABLE_NAME }, { TABLE_NAME: 'audit', OTHER: 'x' })).toEqual({ TABLE_NAME: 'audit' });
  });

  it('names every bad variable at once', () => {
    const read = () =>
      readEnv({ TABLE_NAME, BUS_NAME, BAD_INPUT_QUEUE_URL }, { TABLE_NAME: 'a', BAD_INPUT_QUEUE_URL: 'x' });
    expect(read).toThrow(/TABLE_NAME.*BUS_NAME.*BAD_INPUT_QUEUE_URL/);
  });

  it.each([
    ['[', 'no JSON'],
    ['"https://sqs/q"', 'no array'],
    ['["q"]', 'no URL'],
  ])('refuses DLQ_URLS %s: %s', (text) => {
    expect(() => readEnv({ DLQ_URLS }, { DLQ_URLS: text })).toThrow(/DLQ_URLS/);
  });

  it('reads DLQ_URLS as an array', () => {
    expect(readEnv({ DLQ_URLS }, { DLQ_URLS: '["https://sqs.example/1/q"]' }).DLQ_URLS).toEqual([
      'https://sqs.example/1/q',
    ]);
  });
});
