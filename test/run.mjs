// Runs every suite, from a fresh clone on a bare machine. Plain JavaScript, because at its start there may be neither
// the packages nor a Node that reads TypeScript.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWords, stopForWords } from '../infra/words.mjs';
import { costsOf } from './costs.mjs';
import { runSuites, timed } from './schedule.mjs';
import { installPackages, prepareMachine, root, env as setupEnv } from './setup.mjs';
import { notRun, single, suitesOf } from './suites.mjs';

/** The names of the suites; `npm test` lacks those that only test:deep has. */
const namesOf = (isDeep) => [
  ...suitesOf({ env: {}, scratch: '', isDeep, lacks: {} }).map(({ name }) => name),
  'programs',
];
const USAGE = `usage: npm test [-- SUITE...]
       npm run test:deep [-- SUITE...]
Installs what the suites need and runs all of them, or those that are named:
  ${namesOf(false).join(', ')}
test:deep alone has ${namesOf(true)
  .filter((name) => !namesOf(false).includes(name))
  .join(', ')}.
docs/testing.md says what each proves. test:deep runs the searches in full.`;
const { values, positionals: only } = readWords(USAGE, { deep: { type: 'boolean' } }, { allowPositionals: true });
const isDeep = values.deep === true;
const strange = only.filter((name) => !namesOf(isDeep).includes(name));
if (strange.length > 0)
  stopForWords(`npm ${isDeep ? 'run test:deep' : 'test'} has no suite ${strange.join(', ')}`, USAGE);
const scratch = mkdtempSync(join(tmpdir(), 'fleetmend-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
/** Programs that the run starts are recorded there, by other users' processes too: an ordinary user runs the demo. */
const started = join(scratch, 'started');
for (const file of [started, `${started}.failed`]) {
  writeFileSync(file, '');
  chmodSync(file, 0o666);
}
chmodSync(scratch, 0o711);
/** As /tmp, and gone with the run: a program that is stopped leaves what it has made. */
const temporary = join(scratch, 'tmp');
mkdirSync(temporary);
chmodSync(temporary, 0o1777);
const recorder = join(root, 'test/machine/recorder.cjs');
process.env.FLEETMEND_STARTED = started;
createRequire(import.meta.url)(recorder);
const env = {
  ...setupEnv,
  FLEETMEND_STARTED: started,
  TMPDIR: temporary,
  // Most of the processes load the CDK, the AWS SDK or vitest: what one has compiled the others need not compile again.
  NODE_COMPILE_CACHE: join(scratch, 'compiled'),
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require=${JSON.stringify(recorder)}`.trim(),
  ...(isDeep ? { FLEETMEND_DEEP: '1' } : {}),
};
const say = (text) => console.log(`\n== ${text}`);

installPackages();
/** Why this machine can't do something, by the need of test/machine/programs.ts. */
const lacks = prepareMachine(['shell lint', 'real nodes'], join(scratch, 'lacks.json'));

const suites = suitesOf({ env, scratch, isDeep, lacks });
const isChosen = ({ name }) => only.length === 0 || only.includes(name);
const chosen = suites.filter(isChosen);
// The labs boot the output of the build, and some unit tests read it.
const wanted = suites.filter((suite) => isChosen(suite) || chosen.some(({ needs }) => needs === suite.name));

/**
 * The largest sum of the shares of running suites: more than twice the processors, because every suite waits at times, and
 * those that compute stand back. Then neither processor is idle before the last suites end.
 */
const CAPACITY = availableParallelism() * 2.25;
const startedAt = Date.now();
const results = await runSuites(wanted, {
  capacity: CAPACITY,
  begins: ({ name }) => console.log(`-- running ${name}`),
  ends: ({ name, passed, failed, seconds, output }) => {
    say(`${name}: ${passed} passed, ${failed} failed (${Math.round(seconds)} s)`);
    process.stdout.write(output ?? '');
  },
});

/** The suites that start every program of the list together. */
const STARTERS = ['shell', 'unit', 'core', 'bats', 'lab', 'deploy', 'nodes', 'docs', 'matrix'];

/** Compares the started programs with the list; those that nothing starts are known only where everything was run. */
const holdPrograms = async () => {
  if (!existsSync('/var/lib/dpkg')) return notRun('needs Debian, whose packages the list names');
  if (lacks['shell lint'] !== undefined) return notRun(lacks['shell lint']);
  const whole = results.filter(({ name, failed, left = 0 }) => STARTERS.includes(name) && failed === 0 && left === 0);
  const words = whole.length === STARTERS.length ? ['--whole'] : [];
  return await single('node', ['test/machine/hold.ts', started, ...words], { env });
};
const programs = await timed('programs', holdPrograms);
say('programs');
process.stdout.write(programs.output ?? '');
results.push(programs);

say('summary');
for (const { name, passed, failed, left = 0, seconds } of results) {
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${passed} passed, ${failed} failed${left > 0 ? `, ${left} not run` : ''} (${Math.round(seconds)} s)`,
  );
}
for (const { name, notRun: parts = [] } of results) {
  for (const { what, reason } of parts) console.log(`not run: ${[name, what, reason].filter(Boolean).join(': ')}`);
}
for (const complaint of results.flatMap(({ complaints = [] }) => complaints)) console.log(`FAIL ${complaint}`);
say('costs');
for (const line of costsOf(results, { seconds: (Date.now() - startedAt) / 1000, processors: availableParallelism() }))
  console.log(line);
const total = (field) => results.reduce((sum, r) => sum + (r[field] ?? 0), 0);
const left = total('left');
// Tests that could not be run are named above; in CI, where nobody reads the names, they are failures.
const isCi = process.env.CI !== undefined && process.env.CI !== '';
const failed = total('failed') + (isCi ? left : 0);
if (left > 0)
  console.log(`${isCi ? 'FAIL ' : ''}${left} not run${isCi ? ': CI is set, and there everything must run' : ''}`);
console.log(`${total('passed')} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
