// Runs every suite, from a fresh clone on a bare machine. Plain JavaScript, because at its start there may be neither
// the packages nor a Node that reads TypeScript.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages, installPackages, isRoot, root, env as setupEnv } from './setup.mjs';

const isDeep = process.argv.includes('--deep');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const env = { ...setupEnv, ...(isDeep ? { FLEETMEND_DEEP: '1' } : {}) };
const scratch = mkdtempSync(join(tmpdir(), 'fleetmend-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const say = (text) => console.log(`\n== ${text}`);

installPackages();
if (isRoot && existsSync('/etc/debian_version')) installDebianPackages();

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

const vitest = async (project, { silent = false } = {}) => {
  const file = join(scratch, `${project}.json`);
  const words = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile=${file}`];
  const { ok, output } = await run('vitest', words, { silent });
  if (silent) {
    say(project);
    process.stdout.write(output);
  }
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const complaints = report.testResults.flatMap(complaintsOf);
  const failed = complaints.length;
  // A suite that ran nothing, or an error outside of any test, is a failure too.
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && (!ok || report.numPassedTests === 0) ? 1 : failed,
    left: report.numPendingTests,
    complaints,
  };
};

const firstLine = (text) => (text ?? '').split('\n', 1)[0].slice(0, 300);

/** One line for each failed test of a file, or for the file itself where its setup failed. */
const complaintsOf = (result) => {
  const name = result.name.replace(`${root}/`, '');
  const tests = result.assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0 && result.status === 'failed') return [`${name}: ${firstLine(result.message)}`];
  return tests.map((test) => `${name} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
};

const bats = async () => {
  const { ok, output } = await run('bash', ['node_modules/bats/bin/bats', '--tap', '-r', 'ssm-documents'], {
    silent: true,
  });
  say('bats');
  process.stdout.write(output);
  const passed = [...output.matchAll(/^ok /gm)].length;
  const failed = [...output.matchAll(/^not ok /gm)].length;
  return { passed, failed: failed === 0 && (!ok || passed === 0) ? 1 : failed };
};

const suites = {
  lint: () => single('biome', ['ci', '--error-on-warnings', '.']),
  types: () => single('tsc', ['-p', '.']),
  unused: () => single('knip', []),
  shell: () => single('bash', ['test/lint-shell.sh']),
  build: () => single('node', ['infra/build.ts']),
  synth: () => single('node', ['infra/app.ts']),
  unit: () => vitest('unit'),
};

const isWanted = (name) => only.length === 0 || only.includes(name);
const timed = async (name, suite) => {
  const started = Date.now();
  return { name, ...(await suite()), seconds: Math.round((Date.now() - started) / 1000) };
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

say('summary');
for (const { name, passed, failed, left = 0, seconds } of results) {
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${passed} passed, ${failed} failed${left > 0 ? `, ${left} not run` : ''} (${seconds} s)`,
  );
}
for (const complaint of results.flatMap(({ complaints = [] }) => complaints)) console.log(`FAIL ${complaint}`);
const total = (field) => results.reduce((sum, r) => sum + (r[field] ?? 0), 0);
const left = total('left');
// What could not run here is named above; in CI that is a failure.
const failed = total('failed') + (process.env.CI !== undefined && left > 0 ? left : 0);
console.log(`${total('passed')} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
