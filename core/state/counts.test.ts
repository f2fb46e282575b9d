import { expect, it } from 'vitest';
import { withCounts } from './counts.ts';

it('withCounts adds name by name, and changes neither of its inputs', () => {
  const counts = { Gone: 1, Busy: 2 };
  expect(withCounts(counts, { Busy: 3, Stale: 4 })).toEqual({ Gone: 1, Busy: 5, Stale: 4 });
  expect(counts).toEqual({ Gone: 1, Busy: 2 });
  expect(withCounts(undefined, { Gone: 1 })).toEqual({ Gone: 1 });
});
