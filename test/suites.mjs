// The suites of npm test. Plain JavaScript, as run.mjs is.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from './measured.mjs';
import { root } from './setup.mjs';
import { resultOf } from './vitest-report.mjs';

/** A result for what this machine can't run. */
export const notRun = (reason) => ({ passed: 0, failed: 0, left: 1, notRun: [{ reason }] });

/** Runs a command that is one check. */
export const single = async (command, words, how) => {
  const { ok, ...costs } = await measure(command, words, how);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, ...costs };
};

const bats = async (how) => {
  const { ok, output, processor } = await measure(
    'bash',
    ['node_modules/bats/bin/bats', '--tap', '-r', 'ssm-documents'],
    how,
  );
  const skipped = [...output.matchAll(/^ok .* # skip\b\s*(.*)$/gm)].map(([, reason]) => reason || 'does not say why');
  const passed = [...output.matchAll(/^ok /gm)].length - skipped.length;
  const failed = [...output.matchAll(/^not ok /gm)].length;
  return {
    passed,
    failed: failed === 0 && (!ok || passed === 0) ? 1 : failed,
    left: skipped.length,
    notRun: skipped.map((reason) => ({ what: '1 test', reason })),
    output,
    processor,
  };
};

/**
 * The tests of core, and those that exercise the rest of it: the log lines of the documents, and the functions that serve
 * its folder `api`. They run apart from the unit suite, because coverage doubles the time of what it measures.
 */
const CORE_TESTS = [
  'core/',
  'ssm-documents/classify.test.ts',
  'functions/operator-api/',
  'functions/audit-query/',
  'functions/notifier/',
];
const notOfCore = CORE_TESTS.map((path) => `--exclude=${path.endsWith('/') ? `${path}**` : path}`);

/**
 * A suite that mostly waits goes before those that compute: it takes little, and the run lasts as long as its longest suite.
 * Those that compute fill what is left of the processors, from the start on.
 */
const COMPUTES = 10;

/**
 * The suites, in the order in which they begin: first those that mostly wait. `share` is how much of a processor a suite
 * keeps busy, its processor time by its time alone on the machine, as the table at the end of a run shows them. What
 * `needs` names has ended before a suite begins; all wait for the build, so that they begin in their order. `niceness` is how
 * far a suite stands back behind the others (nice(1)).
 *
 * @param options.lacks why a need of this machine is not met, by need
 */
export const suitesOf = ({ env, scratch, isDeep, lacks }) => {
  const computing = { env, niceness: COMPUTES };
  const check = (command, words) => () => single(command, words, computing);
  const lint = (need, command, words) => () =>
    lacks[need] === undefined ? single(command, words, computing) : notRun(lacks[need]);
  const vitest =
    (name, { project = name, words = [], niceness = 0 } = {}) =>
    async () => {
      const file = join(scratch, `${name}.json`);
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${file}`];
      const { ok, ...costs } = await measure('vitest', ['run', '--project', project, ...reporters, ...words], {
        env,
        niceness,
      });
      if (!existsSync(file)) return { passed: 0, failed: 1, ...costs };
      return { ...resultOf(JSON.parse(readFileSync(file, 'utf8')), ok, root), ...costs };
    };
  const compute = (name, more = {}) => vitest(name, { niceness: COMPUTES, ...more });
  return [
    { name: 'build', share: 1, run: check('node', ['infra/build.ts']) },
    // A scene waits for its functions: three of them keep one processor busy.
    { name: 'lab', share: 1, needs: 'build', run: vitest('lab', { words: ['--maxWorkers=3'] }) },
    { name: 'matrix', share: 0.6, needs: 'build', run: vitest('matrix') },
    { name: 'nodes', share: 0.7, needs: 'build', run: vitest('nodes') },
    { name: 'docs', share: 0.5, needs: 'build', run: vitest('docs') },
    { name: 'unit', share: 1, needs: 'build', run: compute('unit', { words: [...notOfCore, '--maxWorkers=2'] }) },
    // One process after the other: stepping back, it would end last by far.
    { name: 'deploy', share: 0.5, needs: 'build', run: vitest('deploy') },
    {
      name: 'core',
      share: 1,
      needs: 'build',
      run: compute('core', { project: 'unit', words: ['--coverage', '--maxWorkers=1', ...CORE_TESTS] }),
    },
    { name: 'bats', share: 0.5, needs: 'build', run: () => bats(computing) },
    { name: 'types', share: 1, needs: 'build', run: check('tsc', ['-p', '.']) },
    { name: 'shell', share: 1, needs: 'build', run: lint('shell lint', 'bash', ['test/lint-shell.sh']) },
    { name: 'lint', share: 1, needs: 'build', run: check('biome', ['ci', '--error-on-warnings', '.']) },
    { name: 'synth', share: 1, needs: 'build', run: check('node', ['infra/app.ts']) },
    { name: 'unused', share: 1, needs: 'build', run: check('knip', []) },
    // After the unit suite, which searches the tree that Stryker copies.
    ...(isDeep
      ? [
          {
            name: 'mutation',
            share: 1,
            after: 'unit',
            run: check('stryker', ['run']),
          },
        ]
      : []),
  ];
};
