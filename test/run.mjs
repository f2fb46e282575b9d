// Runs every suite, from a fresh clone on a bare machine. Plain JavaScript, because at its start there may be neither
// the packages nor a Node that reads TypeScript.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages, prepareMachine, root, env as setupEnv } from './setup.mjs';
import { resultOf } from './vitest-report.mjs';

const isDeep = process.argv.includes('--deep');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const scratch = mkdtempSync(join(tmpdir(), 'fleetmend-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
/** Programs that the run starts are recorded there, by other users' processes too: an ordinary user runs the demo. */
const started = join(scratch, 'started');
for (const file of [started, `${started}.failed`]) {
  writeFileSync(file, '');
  chmodSync(file, 0o666);
}
chmodSync(scratch, 0o711);
const recorder = join(root, 'test/machine/recorder.cjs');
process.env.FLEETMEND_STARTED = started;
createRequire(import.meta.url)(recorder);
const env = {
  ...setupEnv,
  FLEETMEND_STARTED: started,
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require=${JSON.stringify(recorder)}`.trim(),
  ...(isDeep ? { FLEETMEND_DEEP: '1' } : {}),
};
const say = (text) => console.log(`\n== ${text}`);

installPackages();
/** Why this machine can't do something, by the need of test/machine/programs.ts. */
const lacks = prepareMachine(['shell lint', 'real nodes'], join(scratch, 'lacks.json'));

/** Runs a command and returns its output: suites run in parallel, and the output of each is printed at its end. */
const run = (command, words, more = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, words, { cwd: root, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });

const single = async (command, words, more) => {
  const { ok, output } = await run(command, words, more);
  return ok ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output };
};

/** A check that needs programs; where the machine lacks them it is named as not run. */
const lint = async (need, command, words) =>
  lacks[need] === undefined ? await single(command, words) : notRun(lacks[need]);

const notRun = (reason) => ({ passed: 0, failed: 0, left: 1, notRun: [{ reason }] });

const vitest = async (project, name = project, more = []) => {
  const file = join(scratch, `${name}.json`);
  const words = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile=${file}`];
  const { ok, output } = await run('vitest', [...words, ...more]);
  if (!existsSync(file)) return { passed: 0, failed: 1, output };
  return { ...resultOf(JSON.parse(readFileSync(file, 'utf8')), ok, root), output };
};

const bats = async () => {
  const { ok, output } = await run('bash', ['node_modules/bats/bin/bats', '--tap', '-r', 'ssm-documents']);
  const skipped = [...output.matchAll(/^ok .* # skip\b\s*(.*)$/gm)].map(([, reason]) => reason || 'does not say why');
  const passed = [...output.matchAll(/^ok /gm)].length - skipped.length;
  const failed = [...output.matchAll(/^not ok /gm)].length;
  return {
    passed,
    failed: failed === 0 && (!ok || passed === 0) ? 1 : failed,
    left: skipped.length,
    notRun: skipped.map((reason) => ({ what: '1 test', reason })),
    output,
  };
};

/**
 * The tests of core, and those that exercise the rest of it: the log lines of the documents, and the two functions that
 * serve its folder `api`. They run apart from the unit suite, because coverage doubles the time of what it measures. Each
 * file has a process of its own: V8 counts a function that it has optimized no more once its counts have been read.
 */
const CORE_TESTS = ['core/', 'ssm-documents/classify.test.ts', 'functions/operator-api/', 'functions/audit-query/'];
const notOfCore = CORE_TESTS.map((path) => `--exclude=${path.endsWith('/') ? `${path}**` : path}`);

/**
 * The suites, in the order in which they begin: first those that mostly wait, and so leave the others room. `share` is how
 * much of a processor a suite keeps busy, its processor time by its time alone on the machine. What `needs` names has ended
 * before a suite begins.
 */
const suites = [
  { name: 'build', share: 1, run: () => single('node', ['infra/build.ts']) },
  { name: 'bats', share: 1, run: bats },
  { name: 'nodes', share: 0.5, needs: 'build', run: () => vitest('nodes') },
  // A scene waits for its functions: two of them keep one processor busy.
  { name: 'lab', share: 1, needs: 'build', run: () => vitest('lab', 'lab', ['--maxWorkers=2']) },
  { name: 'matrix', share: 0.5, needs: 'build', run: () => vitest('matrix') },
  { name: 'unit', share: 1, needs: 'build', run: () => vitest('unit', 'unit', notOfCore) },
  { name: 'deploy', share: 1, needs: 'build', run: () => vitest('deploy') },
  {
    name: 'core',
    share: 1,
    needs: 'build',
    run: () => vitest('unit', 'core', ['--coverage', '--isolate', ...CORE_TESTS]),
  },
  { name: 'types', share: 1, run: () => single('tsc', ['-p', '.']) },
  { name: 'shell', share: 1, run: () => lint('shell lint', 'bash', ['test/lint-shell.sh']) },
  { name: 'lint', share: 1, run: () => single('biome', ['ci', '--error-on-warnings', '.']) },
  { name: 'synth', share: 1, needs: 'build', run: () => single('node', ['infra/app.ts']) },
  { name: 'unused', share: 1, run: () => single('knip', []) },
  // After the unit suite, which searches the tree that Stryker copies. Samples with fixed seeds: a mutant that only some
  // seeds kill would make the score differ between runs.
  ...(isDeep
    ? [{ name: 'mutation', share: 1, needs: 'unit', run: () => single('stryker', ['run'], { FLEETMEND_DEEP: '' }) }]
    : []),
];

const NAMES = [...suites.map(({ name }) => name), 'programs'];
const strange = only.filter((name) => !NAMES.includes(name));
if (strange.length > 0) {
  console.error(`npm test has no suite ${strange.join(', ')}: its suites are ${NAMES.join(', ')}`);
  process.exit(2);
}
const isChosen = ({ name }) => only.length === 0 || only.includes(name);
const chosen = suites.filter(isChosen);
// The labs boot the output of the build, and some unit tests read it.
const wanted = suites.filter((suite) => isChosen(suite) || chosen.some(({ needs }) => needs === suite.name));

const timed = async (name, suite) => {
  const since = Date.now();
  return { name, ...(await suite()), seconds: Math.round((Date.now() - since) / 1000) };
};

/** The largest sum of the shares of running suites: a little more than the processors, because every suite waits at times. */
const CAPACITY = availableParallelism() + 0.5;

/** Runs suites in parallel as far as the processors allow, each as early as possible. */
const runSuites = async () => {
  const waiting = [...wanted];
  const running = new Map();
  const results = [];
  const mayBegin = ({ needs, share }) => {
    const busy = [...running.keys()].reduce((sum, suite) => sum + suite.share, 0);
    const isReady = needs === undefined || results.some(({ name }) => name === needs);
    return isReady && (running.size === 0 || busy + share <= CAPACITY);
  };
  while (waiting.length + running.size > 0) {
    for (let next = waiting.find(mayBegin); next !== undefined; next = waiting.find(mayBegin)) {
      const suite = next;
      waiting.splice(waiting.indexOf(suite), 1);
      console.log(`-- running ${suite.name}`);
      running.set(
        suite,
        timed(suite.name, suite.run).then((result) => ({ suite, result })),
      );
    }
    const { suite, result } = await Promise.race(running.values());
    running.delete(suite);
    results.push(result);
    say(`${suite.name}: ${result.passed} passed, ${result.failed} failed (${result.seconds} s)`);
    process.stdout.write(result.output ?? '');
  }
  return results;
};
const startedAt = Date.now();
const results = await runSuites();

/** The suites that start every program of the list together. */
const STARTERS = ['shell', 'unit', 'core', 'bats', 'lab', 'deploy', 'nodes', 'matrix'];

/** Compares the started programs with the list; those that nothing starts are known only where everything was run. */
const holdPrograms = async () => {
  if (!existsSync('/var/lib/dpkg')) return notRun('needs Debian, whose packages the list names');
  if (lacks['shell lint'] !== undefined) return notRun(lacks['shell lint']);
  const whole = results.filter(({ name, failed, left = 0 }) => STARTERS.includes(name) && failed === 0 && left === 0);
  const words = whole.length === STARTERS.length ? ['--whole'] : [];
  return await single('node', ['test/machine/hold.ts', started, ...words]);
};
const programs = await timed('programs', holdPrograms);
say('programs');
process.stdout.write(programs.output ?? '');
results.push(programs);

say('summary');
for (const { name, passed, failed, left = 0, seconds } of results) {
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${passed} passed, ${failed} failed${left > 0 ? `, ${left} not run` : ''} (${seconds} s)`,
  );
}
for (const { name, notRun: parts = [] } of results) {
  for (const { what, reason } of parts) console.log(`not run: ${[name, what, reason].filter(Boolean).join(': ')}`);
}
for (const complaint of results.flatMap(({ complaints = [] }) => complaints)) console.log(`FAIL ${complaint}`);
console.log(`in all ${Math.round((Date.now() - startedAt) / 1000)} s on ${availableParallelism()} processors`);
const total = (field) => results.reduce((sum, r) => sum + (r[field] ?? 0), 0);
const left = total('left');
// Tests that could not be run are named above; in CI, where nobody reads the names, they are failures.
const isCi = process.env.CI !== undefined && process.env.CI !== '';
const failed = total('failed') + (isCi ? left : 0);
if (left > 0)
  console.log(`${isCi ? 'FAIL ' : ''}${left} not run${isCi ? ': CI is set, and there everything must run' : ''}`);
console.log(`${total('passed')} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
