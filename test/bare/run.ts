/** Proves that a fresh clone works on a Debian 12 that has Node 20, npm and git, and nothing else. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWords, stopForWords } from '../../infra/words.mjs';
import { mustRun } from '../../lab/real/process.ts';
import { installMissing, isDebian } from '../machine/debian.ts';
import { type BareMachine, type MachineUser, makeMachine, openLog } from './machine.ts';
import { readRegistries } from './registries.ts';
import { cloneOf, cloneOn, type Step, stepsOf } from './steps.ts';

const root = join(import.meta.dirname, '../..');
const TAIL_LINES = 40;
const BUNDLE = '/srv/fleetmend.bundle';

const USAGE = `usage: npm run test:bare [-- STEP... [--suites A,B] [--keep]]
Makes a minimal Debian 12 with Node 20 and git, clones the commit that is checked out, and runs in it:
${stepsOf([])
  .map(({ name, title }) => `  ${name.padEnd(10)} ${title}`)
  .join('\n')}
  --suites A,B  the suites of npm test to run (all)
  --keep        leave the machines in /var/tmp to look at`;

const { values, positionals } = readWords(
  USAGE,
  { suites: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
  { allowPositionals: true },
);
const steps = stepsOf(values.suites.split(',').filter(Boolean));
const unknown = positionals.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) stopForWords(`npm run test:bare has no step ${unknown.join(', ')}`, USAGE);
if (process.getuid?.() !== 0 || !isDebian()) {
  console.error('npm run test:bare needs root on Debian: it makes another Debian with debootstrap and enters it.');
  process.exit(2);
}

const seconds = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;
const scratch = mkdtempSync(join(tmpdir(), 'fleetmend-bare-'));
const logFile = join(scratch, 'log');
const log = openLog(logFile);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupted.abort());
const machines = new Map<MachineUser, BareMachine>();
console.log(`The whole output is written to ${logFile}`);

await installMissing(['bare machine']);
const changed = (await mustRun('git', ['-C', root, 'status', '--porcelain'])).trim();
if (changed !== '') console.log('The working tree has changes that are not committed: they are not tested.');
await mustRun('git', ['-C', root, 'bundle', 'create', '--quiet', join(scratch, 'bundle'), 'HEAD']);
const registries = await readRegistries();

/** Root and the ordinary user each get a machine of their own: the user has none of the programs that root installs. */
const machineOf = async (user: MachineUser): Promise<BareMachine> => {
  const known = machines.get(user);
  if (known !== undefined) return known;
  const since = Date.now();
  const machine = await makeMachine(registries, log, interrupted.signal);
  machines.set(user, machine);
  mkdirSync(join(machine.root, 'srv'), { recursive: true });
  copyFileSync(join(scratch, 'bundle'), join(machine.root, BUNDLE));
  await cloneOn(machine, user, BUNDLE);
  console.log(`     made a machine for ${user === 'root' ? 'root' : 'an ordinary user'} (${seconds(since)})`);
  return machine;
};

const runStep = async (step: Step): Promise<{ readonly line: string; readonly passed: boolean }> => {
  const machine = await machineOf(step.user);
  const since = Date.now();
  console.log(`...  ${step.title}`);
  log(`\n==== ${step.title}\n`);
  const { code, output } = await machine.run(`cd ${cloneOf(step.user)}\n${step.script}`, step);
  const passed = code === 0;
  const line = `${passed ? 'ok  ' : 'FAIL'} ${step.name.padEnd(10)} ${step.title} (${seconds(since)})`;
  if (!passed) console.log(output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'));
  console.log(line);
  return { line, passed };
};

const results: { line: string; passed: boolean }[] = [];
try {
  for (const step of steps.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    results.push(await runStep(step));
  }
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  console.log('interrupted');
  process.exitCode = 130;
} finally {
  for (const { root: folder, remove } of machines.values()) {
    if (values.keep) console.log(`The machine is kept in ${folder}`);
    else remove();
  }
  rmSync(join(scratch, 'bundle'), { force: true });
}
console.log(`\n== summary (the whole output: ${logFile})`);
for (const { line } of results) console.log(line);
const failed = results.filter(({ passed }) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode ??= failed === 0 ? 0 : 1;
