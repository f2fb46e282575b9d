import { expect, it } from 'vitest';
import { counted } from './counted.ts';

it.each([
  [0, '0 nodes'],
  [1, '1 node'],
  [2, '2 nodes'],
  [1200, '1,200 nodes'],
])('%i is %s', (count, text) => {
  expect(counted(count, 'node')).toBe(text);
});

it('takes a plural that is not regular', () => {
  expect([counted(1, 'query', 'queries'), counted(2, 'query', 'queries')]).toEqual(['1 query', '2 queries']);
});
