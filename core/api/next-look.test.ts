import { expect, it } from 'vitest';
import { at, START } from '../../test/support/runs.ts';
import { dueAfter } from './next-look.ts';

it.each([
  [at(5), at(5)],
  [START, START],
  [at(-40), START],
])('what is due at %s is looked at next at %s', (dueAt, next) => {
  expect(dueAfter(dueAt, START)).toBe(next);
});
