import { expect, it } from 'vitest';
import { isLane } from './wake.ts';

it.each([
  ['demo/cni-files', true],
  ['r-1', false],
  ['', false],
  ['undefined', false],
  ['a/b/c', false],
  ['../RESULT#x', false],
  ['demo/RESULT#x', false],
  ['-demo/cni-files', false],
  [`${'a'.repeat(101)}/cni-files`, false],
])('%j is the name of a lane: %s', (text, expected) => {
  expect(isLane(text)).toBe(expected);
});
