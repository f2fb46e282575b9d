import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describe as aSuite, it as aTest, casesOf } from '../mutation/cases.ts';
import { nearestFirst, reaching } from '../mutation/nearest.ts';

describe('a test file that the mutation runner loads', () => {
  const register = async () => {
    const seen: unknown[] = [];
    const cases = await casesOf(async () => {
      aSuite('a suite', () => {
        aTest('alone', () => seen.push('alone'));
        aSuite.each(['x'])('of %s', (own) => {
          aTest.each([[1, 2], 'row'])('with %s', (...words) => seen.push([own, ...words]));
        });
      });
      aTest('alone', () => seen.push('outside'));
      aTest('alone', () => seen.push('again'));
    });
    for (const { run } of cases) await run();
    return { names: cases.map(({ name }) => name), seen };
  };

  it('gives its tests, each under a name of its own', async () => {
    expect((await register()).names).toEqual([
      'a suite > alone',
      'a suite > of x > with 1 2',
      'a suite > of x > with row',
      'alone',
      'alone (2)',
    ]);
  });

  it('gives each test the arguments of its row', async () => {
    expect((await register()).seen).toEqual(['alone', ['x', 1, 2], ['x', 'row'], 'outside', 'again']);
  });

  it('starts from nothing', async () => {
    await register();
    expect(await casesOf(async () => undefined)).toEqual([]);
  });
});

it('the test files nearest to a mutated file come first', () => {
  const files = ['core/api/report.test.ts', 'core/runs/stop.test.ts', 'core/runs/stuck.test.ts'];
  expect(nearestFirst(files, 'core/runs/stuck.ts')).toEqual([files[2], files[1], files[0]]);
});

it('the files that reach a mutated file are those that import it, in any number of steps', () => {
  const importers = new Map([
    ['a', new Set(['b', 'c'])],
    ['b', new Set(['d'])],
    ['d', new Set(['a'])],
    ['x', new Set(['y'])],
  ]);
  expect([...reaching(importers, 'a')].toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect([...reaching(importers, 'z')]).toEqual(['z']);
});

it('Stryker uses the runner, and mutates all of core', () => {
  expect(JSON.parse(readFileSync('stryker.config.json', 'utf8'))).toMatchObject({
    plugins: ['./test/mutation/runner.ts'],
    testRunner: 'core',
    mutate: ['core/**/*.ts', '!core/**/*.test.ts'],
    coverageAnalysis: 'perTest',
  });
});
