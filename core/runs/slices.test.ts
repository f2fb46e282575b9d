import { expect, it } from 'vitest';
import { slicesOf } from './slices.ts';

it('a request becomes as many runs as its nodes need, and the last takes all that is left of its list', () => {
  expect(slicesOf('r-1', 5, 2)).toEqual([
    { runId: 'r-1', slice: { from: 0, to: 2 } },
    { runId: 'r-1-2', slice: { from: 2, to: 4 } },
    { runId: 'r-1-3', slice: { from: 4 } },
  ]);
});

it('a request that fits into one run, or names no node, is one run of the whole list', () => {
  for (const count of [0, 1, 2]) expect(slicesOf('r-1', count, 2)).toEqual([{ runId: 'r-1', slice: { from: 0 } }]);
});
