import { expect, it } from 'vitest';
import { createBudget } from './budget.ts';

const START = Date.parse('2026-08-22T10:00:00Z');
const budget = () => createBudget({ characters: 10, forMs: 60_000, maxStreams: 2 });

it('gives each stream its characters, and new ones after the span', () => {
  const { take } = budget();
  expect([take('a', 6, START), take('a', 5, START), take('a', 4, START), take('a', 1, START)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(take('b', 10, START)).toBe(true);
  expect([take('a', 1, START + 59_999), take('a', 10, START + 60_000)]).toEqual([false, true]);
});

it('opens a stream again when the clock is set back', () => {
  const { take } = budget();
  expect([take('a', 10, START), take('a', 10, START - 1)]).toEqual([true, true]);
});

it('forgets the stream that was new first', () => {
  const { take } = budget();
  for (const stream of ['a', 'b', 'c']) take(stream, 10, START);
  expect([take('b', 1, START), take('c', 1, START), take('a', 10, START)]).toEqual([false, false, true]);
});
