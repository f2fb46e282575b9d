import { it } from 'vitest';
import { isDeep, search } from '../deep.ts';
import { randomFrom, shuffled } from '../matrix/random.ts';

/** So many of the cases, in their order, drawn by a seed that is printed; in `npm run test:deep`, all of them. */
export const sampleOf = <Case>(name: string, cases: readonly Case[], count: number): readonly Case[] => {
  const { seed, numRuns } = search(name, count, cases.length);
  if (isDeep) return cases;
  const drawn = new Set(shuffled(randomFrom(seed), cases).slice(0, numRuns));
  return cases.filter((it) => drawn.has(it));
};

/** Tests that are alike, of which a part runs in `npm test`. */
export type SampledTests = {
  /** Adds a test, as vitest's `it` does. */
  readonly add: (title: string, run: () => Promise<void>) => void;
  /** Declares so many of them, drawn by {@link sampleOf}. */
  readonly declare: (count: number) => void;
};

/** A list of tests that are alike, under the name that the line of its sample has. */
export const sampledTests = (name: string): SampledTests => {
  const tests: (readonly [title: string, run: () => Promise<void>])[] = [];
  return {
    add: (title, run) => void tests.push([title, run]),
    declare: (count) => {
      for (const [title, run] of sampleOf(name, tests, count)) it(title, run);
    },
  };
};
