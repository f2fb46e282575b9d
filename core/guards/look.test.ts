import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import { lookAfter, nextLook } from './look.ts';

const secondsUntil = (time: string | undefined, from: number): number =>
  (Date.parse(time ?? '') - Date.parse(at(from))) / 1000;

it('the next look is a share of 30 s, doubling to 15 min, and the same for the same step', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(20), fc.nat(100_000), (n, looks, now) => {
      const time = nextLook(node(n), looks, at(now));
      const seconds = secondsUntil(time, now);
      expect(seconds).toBeGreaterThanOrEqual(5);
      expect(seconds).toBeLessThanOrEqual(Math.min(900, 30 * 2 ** looks));
      expect(nextLook(node(n), looks, at(now))).toBe(time);
    }),
  );
});

it.each([
  [0, 30],
  [3, 240],
  [9, 900],
])('after %i looks the nodes of a failed batch are spread over %i s', (looks, longest) => {
  const seconds = Array.from({ length: 200 }, (_, n) => secondsUntil(nextLook(node(n), looks, at(0)), 0));
  expect(Math.min(...seconds)).toBeLessThan(5 + longest * 0.1);
  expect(Math.max(...seconds)).toBeGreaterThan(longest * 0.9);
});

it.each([
  [0, 30],
  [29, 30],
  [30, 60],
  [90, 120],
  [1000, 900],
])('a node that has waited %i s is looked at within %i s', (waited, longest) => {
  const all = Array.from({ length: 300 }, (_, n) => secondsUntil(lookAfter(node(n), at(0), at(waited)), waited));
  expect(Math.max(...all)).toBeLessThanOrEqual(longest);
  expect(Math.max(...all)).toBeGreaterThan(longest * 0.8);
});

it('a node is looked at for a day', () => {
  expect(lookAfter(node(0), at(0), at(86_399))).toBeDefined();
  expect(lookAfter(node(0), at(0), at(86_400))).toBeUndefined();
  expect(lookAfter(node(0), at(5), at(0))).toBeDefined();
});
