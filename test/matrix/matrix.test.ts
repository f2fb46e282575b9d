import { afterAll, expect, it } from 'vitest';
import { GENERATION_NAMES } from '../../lab/real/generations.ts';
import { probe } from '../../lab/real/packages.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { isDeep, search } from '../deep.ts';
import { chooseCells, kindsOf } from './choose.ts';
import { combinationName, combinationsOf } from './combine.ts';
import { MAX_CHECK_OVER_HUNDRED_FORKS } from './healthy.ts';
import { randomFrom, shuffled } from './random.ts';
import { type MatrixRun, readFaults, startMatrix } from './run-matrix.ts';
import { renderMatrix } from './table.ts';

/** The whole matrix takes some minutes; each test waits for its own part of it. */
const PATIENCE_MS = (isDeep ? 120 : 10) * 60_000;
const KILLS = isDeep ? 5 : 1;
const CHECKS = isDeep ? 100 : 3;

const faults = await readFaults();
const { seed } = search('faults on generations of nodes', faults.length);
const random = randomFrom(seed);
const SIZES = [2, 3];
/** Random combinations of two and of three faults; in a sample, one of either. */
const combinations = (isDeep ? SIZES : shuffled(random, SIZES).slice(0, 1)).flatMap((size) => {
  const generations = isDeep ? GENERATION_NAMES : shuffled(random, GENERATION_NAMES).slice(0, 1);
  return combinationsOf(faults, random, { size, count: isDeep ? 20 : 1, generations });
});
const plan = { ...chooseCells(faults, { seed, isDeep, kills: KILLS, checks: CHECKS }), combinations };
const machine = await probe();
const run: MatrixRun = machine.ok
  ? startMatrix(plan)
  : { cells: new Map(), combinations: new Map(), healthy: new Map(), ended: Promise.resolve() };

it('has faults of every remediation', () => {
  expect(new Set(faults.map((fault) => fault.remediation))).toEqual(new Set(remediations.map(({ name }) => name)));
});

it.each([1, 2, 3])(
  'tries, in the sample of seed %d, every kind of check and repair that is not slow, and checks every generation',
  (other) => {
    const sample = chooseCells(faults, { seed: other, isDeep: false, kills: 1, checks: 1 });
    const quick = faults.filter((fault) => fault.slow !== true);
    const kinds = sample.cells.flatMap(kindsOf);
    // What a fault must say may differ by generation: one of its kinds is tried.
    for (const fault of quick)
      expect(
        fault.generations.map((generation) => kindsOf({ fault, generation })),
        fault.name,
      ).toContainEqual(expect.toSatisfy((its: readonly string[]) => its.every((kind) => kinds.includes(kind))));
    const onlyInJournals = quick.filter((fault) => fault.isOnlyInJournals === true);
    expect(sample.cells.map((cell) => cell.fault)).toEqual(expect.arrayContaining(onlyInJournals));
    expect(sample.cells.every(({ fault, generation }) => fault.generations.includes(generation))).toBe(true);
    expect([...sample.healthy.keys()].toSorted()).toEqual(GENERATION_NAMES.toSorted());
  },
);

await describeWithRealNodes('the matrix', () => {
  afterAll(async () => {
    await run.ended;
    console.log((await renderMatrix(faults, run)).text);
  }, PATIENCE_MS);

  it.each(GENERATION_NAMES.map((generation) => ({ generation })))(
    'finds nothing on a healthy $generation node, cheaply, and leaves nothing behind',
    async ({ generation }) => {
      const result = await run.healthy.get(generation);
      const ratio = (result?.processorMs.least ?? Number.NaN) / (result?.hundredForksMs ?? Number.NaN);
      expect(ratio).toBeLessThanOrEqual(MAX_CHECK_OVER_HUNDRED_FORKS);
    },
    PATIENCE_MS,
  );

  it.each(plan.cells.map((cell) => ({ cell, name: cell.fault.name, generation: cell.generation })))(
    'on $generation: $name',
    async ({ cell }) => {
      expect(await run.cells.get(cell)).toMatchObject({ verdict: expect.stringMatching(/^(repaired|diagnosed)$/) });
    },
    PATIENCE_MS,
  );

  it.each(combinations.map((combination) => ({ combination, name: combinationName(combination), ...combination })))(
    'is never Healthy where no pod starts, and no repair leaves less than there was: on $generation, $name',
    async ({ combination }) => {
      const result = await run.combinations.get(combination);
      console.log(`${combinationName(combination)} on ${combination.generation}: ${JSON.stringify(result)}`);
      expect(result?.broken.length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
