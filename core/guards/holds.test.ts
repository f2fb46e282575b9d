import { expect, it } from 'vitest';
import { at, LIMITS } from '../../test/support/runs.ts';
import { holdSeconds, isShort, isSilent, registryHoldSeconds } from './holds.ts';

it.each([
  [0, 8],
  [1, 8],
  [2, 64],
  [3, 512],
  [4, 4096],
  [5, 32_768],
  [6, 86_400],
])('a hold lasts at its step %i for %i s', (step, seconds) => {
  expect(holdSeconds(step, LIMITS)).toBe(seconds);
});

it.each([
  [1, 8],
  [2, 64],
  [3, 512],
  [4, 1024],
  [10, 65_536],
  [11, 86_400],
])('the %i. hold of a registry lasts %i s', (holds, seconds) => {
  expect(registryHoldSeconds(holds, LIMITS)).toBe(seconds);
});

it('a hold that ends within a minute is short', () => {
  expect([at(59), at(60)].map((until) => isShort(until, at(0)))).toEqual([true, false]);
});

it('a node without a result is silent after the first step of a hold', () => {
  expect([at(7), at(8)].map((now) => isSilent(at(0), now, LIMITS))).toEqual([false, true]);
});
