import { expect, it } from 'vitest';
import { defined } from './defined.ts';

it('leaves out the fields that are undefined, and keeps every other value', () => {
  const fields: { a?: string | undefined; b: number; c: null; d: boolean } = { a: undefined, b: 0, c: null, d: false };
  expect(Object.entries(defined(fields))).toEqual([
    ['b', 0],
    ['c', null],
    ['d', false],
  ]);
});
