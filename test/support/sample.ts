import { isDeep, search } from '../deep.ts';
import { randomFrom, shuffled } from '../matrix/random.ts';

/** So many of the cases, in their order, drawn by a seed that is printed; in `npm run test:deep`, all of them. */
export const sampleOf = <Case>(name: string, cases: readonly Case[], count: number): readonly Case[] => {
  const { seed, numRuns } = search(name, count, cases.length);
  if (isDeep) return cases;
  const drawn = new Set(shuffled(randomFrom(seed), cases).slice(0, numRuns));
  return cases.filter((it) => drawn.has(it));
};
