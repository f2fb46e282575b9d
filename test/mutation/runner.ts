import { globSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MutantCoverage } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import * as fc from 'fast-check';
import { type Case, casesOf } from './cases.ts';
import { nearestFirst, reaching } from './nearest.ts';

/** What the mutated code shares with its runner. */
type Shared = {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
};
type Test = Case & { readonly id: string; readonly file: string };

const place = globalThis as { __stryker__?: Shared };
place.__stryker__ ??= {};
const shared = place.__stryker__;

const CASES = new URL('cases.ts', import.meta.url).href;

const withoutGeneration = (url: string): string => url.replace(/\?generation=\d+$/, '');

/**
 * Directs the tests to the stand-in for vitest, and loads what they import again for each generation. Gives back the
 * importers of each file that is loaded so, by URL.
 */
const directImports = (root: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const sources = new Map<string, string>();
  const importers = new Map<string, Set<string>>();
  registerHooks({
    load(url, context, next) {
      const [own = '', generation] = url.split('?generation=');
      if (generation === undefined || !own.endsWith('.ts')) return next(url, context);
      const source = sources.get(own) ?? stripTypeScriptTypes(readFileSync(new URL(own), 'utf8'));
      sources.set(own, source);
      return { format: 'module', source, shortCircuit: true };
    },
    resolve(specifier, context, next) {
      const parent = context.parentURL ?? '';
      if (!parent.startsWith(root)) return next(specifier, context);
      if (specifier === 'vitest') return { url: CASES, shortCircuit: true };
      const found = next(specifier, context);
      const [generation = ''] = /\?generation=\d+$/.exec(parent) ?? [];
      const isOwn = found.url.startsWith(root) && !found.url.includes('?');
      if (!isOwn) return found;
      importers.set(found.url, (importers.get(found.url) ?? new Set()).add(withoutGeneration(parent)));
      return { ...found, url: `${found.url}${generation}` };
    },
  });
  return importers;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const runTest = async ({ id, name, file, run }: Test): Promise<TestResult> => {
  const since = performance.now();
  const base = () => ({ id, name, fileName: resolve(file), timeSpentMs: performance.now() - since });
  shared.currentTestId = id;
  try {
    await run();
    return { ...base(), status: TestStatus.Success };
  } catch (error) {
    return { ...base(), status: TestStatus.Failed, failureMessage: messageOf(error) };
  } finally {
    shared.currentTestId = undefined;
  }
};

/** Runs tests in turn, until one fails. */
const runTests = async (tests: readonly Test[]): Promise<TestResult[]> => {
  const results: TestResult[] = [];
  for (const test of tests) {
    const result = await runTest(test);
    results.push(result);
    if (result.status === TestStatus.Failed) break;
  }
  return results;
};

/**
 * Runs the tests of core against a mutant within this process. A mutant of code that runs when it is called costs its tests
 * alone; one of code that runs when it is loaded costs a new load of one test file after the other, the nearest first.
 */
class CoreTestRunner implements TestRunner {
  #files: readonly string[] = [];
  #importers: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #tests: readonly Test[] = [];
  #generation = 0;
  #coverage: MutantCoverage | undefined;

  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    // A mutant that only some seeds kill would make the score differ between runs: a deep run draws seeds, and more samples.
    fc.configureGlobal({ seed: 20_261_123 });
    process.env.FLEETMEND_DEEP = '';
    this.#importers = directImports(`${pathToFileURL(process.cwd()).href}/`);
    this.#files = globSync('core/**/*.test.ts', { exclude: ['core/**/*.property.test.ts'] }).toSorted();
    await this.#loadAll();
  }

  async #load(file: string): Promise<readonly Test[]> {
    const url = `${pathToFileURL(resolve(file)).href}?generation=${this.#generation}`;
    return (await casesOf(() => import(url))).map((test) => ({ ...test, file, id: `${file}#${test.name}` }));
  }

  async #loadAll(): Promise<void> {
    this.#generation += 1;
    const tests: Test[] = [];
    for (const file of this.#files) tests.push(...(await this.#load(file)));
    this.#tests = tests;
  }

  async dryRun(): Promise<DryRunResult> {
    const tests: TestResult[] = [];
    for (const test of this.#tests) tests.push(await runTest(test));
    const mutantCoverage = structuredClone(shared.mutantCoverage ?? { static: {}, perTest: {} });
    this.#coverage = mutantCoverage;
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  /** The tests that reach a mutant when they run, besides those that reach it when they are loaded. */
  async #testsThatReach(mutant: string): Promise<string[]> {
    if (this.#coverage === undefined) await this.dryRun();
    const perTest = Object.entries(this.#coverage?.perTest ?? {});
    return perTest.flatMap(([id, reached]) => (mutant in reached ? [id] : []));
  }

  /** The results of tests while a mutant is active. */
  async #withMutant(
    { activeMutant, hitLimit }: MutantRunOptions,
    run: () => Promise<TestResult[]>,
  ): Promise<DryRunResult> {
    Object.assign(shared, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
    const tests = await run();
    const limit = determineHitLimitReached(shared.hitCount, hitLimit);
    Object.assign(shared, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined });
    return limit ?? { status: DryRunStatus.Complete, tests };
  }

  /** A test that fails kills the mutant only if it passes without: a mutant may leave a value changed that tests share. */
  async #runLoaded(options: MutantRunOptions, isFresh = false): Promise<DryRunResult> {
    const wanted = new Set(options.testFilter);
    const result = await this.#withMutant(options, () => runTests(this.#tests.filter(({ id }) => wanted.has(id))));
    const failed = 'tests' in result ? result.tests.find(({ status }) => status === TestStatus.Failed) : undefined;
    const killer = this.#tests.find(({ id }) => id === failed?.id);
    if (killer === undefined || (await runTest(killer)).status === TestStatus.Success) return result;
    await this.#loadAll();
    return isFresh ? result : await this.#runLoaded(options, true);
  }

  async #runWhileLoading(file: string): Promise<TestResult[]> {
    const results: TestResult[] = [];
    this.#generation += 1;
    const reached = reaching(this.#importers, pathToFileURL(resolve(file)).href);
    const files = this.#files.filter((name) => reached.has(pathToFileURL(resolve(name)).href));
    for (const name of nearestFirst(files, file)) {
      const load = async () => await this.#load(name);
      const own = await load().then(runTests, (error: unknown): TestResult[] => [
        { id: `${name}#loads`, name, status: TestStatus.Failed, timeSpentMs: 0, failureMessage: messageOf(error) },
      ]);
      results.push(...own);
      if (own.at(-1)?.status === TestStatus.Failed) break;
    }
    return results;
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation } = options;
    if (mutantActivation === 'runtime') return toMutantRunResult(await this.#runLoaded(options));
    const testFilter = await this.#testsThatReach(activeMutant.id);
    const atRuntime = toMutantRunResult(await this.#runLoaded({ ...options, testFilter }));
    if (atRuntime.status === MutantRunStatus.Killed) return atRuntime;
    const load = () => this.#runWhileLoading(options.sandboxFileName);
    return toMutantRunResult(await this.#withMutant(options, load));
  }
}

/** What Stryker looks for in a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'core', CoreTestRunner)];
