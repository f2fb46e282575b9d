// Runs every suite, from a fresh clone on a bare machine. Plain JavaScript, because at its start there may be neither
// the packages nor a Node that reads TypeScript.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
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

/** Runs a command, shows its output as it comes (or not at all), and returns it. */
const run = (command, words, { silent = false } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (stream) => (chunk) => {
      output += chunk;
      if (!silent) stream.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });

const single = async (command, words) => {
  const { ok } = await run(command, words);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
};

/** A check that needs programs; where the machine lacks them it is named as not run. */
const lint = async (need, command, words) =>
  lacks[need] === undefined ? await single(command, words) : notRun(lacks[need]);

const notRun = (reason) => ({ passed: 0, failed: 0, left: 1, notRun: [{ reason }] });

const vitest = async (project, { silent = false } = {}) => {
  const file = join(scratch, `${project}.json`);
  const words = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile=${file}`];
  const { ok, output } = await run('vitest', words, { silent });
  if (silent) {
    say(project);
    process.stdout.write(output);
  }
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  return resultOf(JSON.parse(readFileSync(file, 'utf8')), ok, root);
};

const bats = async () => {
  const { ok, output } = await run('bash', ['node_modules/bats/bin/bats', '--tap', '-r', 'ssm-documents'], {
    silent: true,
  });
  say('bats');
  process.stdout.write(output);
  const skipped = [...output.matchAll(/^ok .* # skip\b\s*(.*)$/gm)].map(([, reason]) => reason || 'does not say why');
  const passed = [...output.matchAll(/^ok /gm)].length - skipped.length;
  const failed = [...output.matchAll(/^not ok /gm)].length;
  return {
    passed,
    failed: failed === 0 && (!ok || passed === 0) ? 1 : failed,
    left: skipped.length,
    notRun: skipped.map((reason) => ({ what: '1 test', reason })),
  };
};

const suites = {
  lint: () => single('biome', ['ci', '--error-on-warnings', '.']),
  types: () => single('tsc', ['-p', '.']),
  unused: () => single('knip', []),
  shell: () => lint('shell lint', 'bash', ['test/lint-shell.sh']),
  build: () => single('node', ['infra/build.ts']),
  synth: () => single('node', ['infra/app.ts']),
  unit: () => vitest('unit'),
};

const NAMES = [...Object.keys(suites), 'bats', 'lab', 'matrix', 'programs'];
const strange = only.filter((name) => !NAMES.includes(name));
if (strange.length > 0) {
  console.error(`npm test has no suite ${strange.join(', ')}: its suites are ${NAMES.join(', ')}`);
  process.exit(2);
}
// The lab boots the output of the build.
const isWanted = (name) => only.length === 0 || only.includes(name) || (name === 'build' && only.includes('lab'));
const timed = async (name, suite) => {
  const since = Date.now();
  return { name, ...(await suite()), seconds: Math.round((Date.now() - since) / 1000) };
};

// bats keeps one of two processors busy, and so does what is run beside it. The matrix mostly waits for its nodes, and the
// lab leaves it room.
const beside = isWanted('bats') ? timed('bats', bats) : undefined;
const results = [];
for (const [name, suite] of Object.entries(suites).filter(([suiteName]) => isWanted(suiteName))) {
  say(name);
  results.push(await timed(name, suite));
}
if (beside !== undefined) results.push(await beside);
const matrix = isWanted('matrix') ? timed('matrix', () => vitest('matrix', { silent: true })) : undefined;
if (isWanted('lab')) {
  say('lab');
  results.push(await timed('lab', () => vitest('lab')));
}
if (matrix !== undefined) results.push(await matrix);

/** The suites that start every program of the list together. */
const STARTERS = ['shell', 'unit', 'bats', 'lab', 'matrix'];

/** Compares the started programs with the list; those that nothing starts are known only where everything was run. */
const holdPrograms = async () => {
  if (!existsSync('/var/lib/dpkg')) return notRun('needs Debian, whose packages the list names');
  if (lacks['shell lint'] !== undefined) return notRun(lacks['shell lint']);
  const whole = results.filter(({ name, failed, left = 0 }) => STARTERS.includes(name) && failed === 0 && left === 0);
  const words = whole.length === STARTERS.length ? ['--whole'] : [];
  return await single('node', ['test/machine/hold.ts', started, ...words]);
};
say('programs');
results.push(await timed('programs', holdPrograms));

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
const total = (field) => results.reduce((sum, r) => sum + (r[field] ?? 0), 0);
const left = total('left');
// Tests that could not be run are named above; in CI, where nobody reads the names, they are failures.
const isCi = process.env.CI !== undefined && process.env.CI !== '';
const failed = total('failed') + (isCi ? left : 0);
if (left > 0)
  console.log(`${isCi ? 'FAIL ' : ''}${left} not run${isCi ? ': CI is set, and there everything must run' : ''}`);
console.log(`${total('passed')} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
