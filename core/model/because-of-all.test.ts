import { expect, it } from 'vitest';
import { type Because, becauseOfAll, becauseOnce, causeOf, plainText } from './because.ts';

const time = (minute: number): string => `2026-08-22T10:${String(minute).padStart(2, '0')}:00.000Z`;
const seen = (first: number, last: number, over: Partial<Because> = {}): Because => ({
  kind: 'log',
  source: 'fleetmend.logs',
  firstSeenAt: time(first),
  lastSeenAt: time(last),
  count: 1,
  ...over,
});

it('becauseOfAll takes the kind and the sample of the one seen first, and the times and the number of all', () => {
  const all = [seen(5, 6, { kind: 'alarm', sample: 'b' }), seen(1, 9, { sample: 'a', count: 3 }), seen(2, 3)];
  for (const order of [all, all.toReversed()]) {
    expect(becauseOfAll(order)).toEqual(seen(1, 9, { sample: 'a', count: 5 }));
  }
});

it('becauseOfAll names a person or a parent only where it is the same for all', () => {
  const asked = { by: 'ana', parent: { runId: 'r-1' }, foundBy: { runId: 'r-2' } };
  expect(becauseOfAll([seen(1, 1, asked), seen(2, 2, asked)])).toMatchObject({ ...asked, count: 2 });
  const mixed = becauseOfAll([seen(1, 1, asked), seen(2, 2, { by: 'ben' })]);
  expect(mixed).not.toHaveProperty('by');
  expect(mixed).not.toHaveProperty('parent');
  expect(mixed).not.toHaveProperty('foundBy');
});

it('becauseOnce is of one moment, and its source is cut to what a row holds', () => {
  const once = becauseOnce({ kind: 'event' }, 's'.repeat(101), time(1));
  expect(once).toEqual(seen(1, 1, { kind: 'event', source: 's'.repeat(100) }));
  expect(causeOf(once)).toEqual({ kind: 'event' });
});

it('becauseOfAll of nothing is undefined', () => {
  expect(becauseOfAll([])).toBeUndefined();
});

it('a text from outside has no character that SQS refuses: its event would reach no queue, and no dead-letter queue', () => {
  const text = Array.from({ length: 0x11000 }, (_, i) => String.fromCodePoint(i)).join('');
  // Source: SQS API reference, SendMessage.
  expect(plainText(text, text.length)).not.toMatch(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u);
});
