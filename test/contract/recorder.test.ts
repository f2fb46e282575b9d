import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { programsOf } from '../machine/command-words.ts';
import { isDebian, missingPrograms } from '../machine/debian.ts';
import { problemsOf } from '../machine/held.ts';
import { PROGRAMS } from '../machine/programs.ts';

const SOURCED = new Set(['shared.sh', 'resources.sh']);
const unproven = join(import.meta.dirname, '../../docs/unproven');
const folder = mkdtempSync(join(tmpdir(), 'fleetmend-recorder-'));
afterAll(() => rmSync(folder, { recursive: true }));
const recorder = JSON.stringify(join(import.meta.dirname, '../machine/recorder.cjs'));

const startedBy = (script: string): string[][] => {
  const file = join(folder, String(Math.random()));
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env.PATH, FLEETMEND_STARTED: file, NODE_OPTIONS: `--require=${recorder}` },
  });
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('the recorder', () => {
  it.each([
    ['spawn', "import { spawn } from 'node:child_process'; spawn('true', ['a', '42']);", ['true', 'a', '0']],
    ['execFile', "import { execFile } from 'node:child_process'; execFile('true', ['a']);", ['true', 'a']],
    ['exec', "import { exec } from 'node:child_process'; exec('true a');", ['/bin/sh', '-c', 'true a']],
    ['spawnSync', "import { spawnSync } from 'node:child_process'; spawnSync('true', ['a']);", ['true', 'a']],
    ['spawnSync without words', "import c from 'node:child_process'; c.spawnSync('true', {});", ['true']],
    [
      'execFileSync',
      "import { execFileSync, spawnSync } from 'node:child_process'; execFileSync('true', ['a']);",
      ['true', 'a'],
    ],
    ['execSync', "import { execSync } from 'node:child_process'; execSync('true a');", ['/bin/sh', '-c', 'true a']],
    [
      'a shell',
      "import { spawn } from 'node:child_process'; spawn('true a', { shell: true });",
      ['/bin/sh', '-c', 'true a'],
    ],
  ])('writes down what %s starts', (_, script, words) => {
    expect(startedBy(script)).toEqual([words]);
  });

  it('records the programs that a child Node.js process starts', () => {
    const script = `import { spawnSync } from 'node:child_process';
      const inner = "require('node:child_process').spawnSync('true', ['inner'])";
      for (let i = 0; i < 3; i++) spawnSync(process.execPath, ['--eval', inner]);`;
    expect(startedBy(script).map((words) => words.at(-1))).toContain('inner');
  });
});

describe('a recorder that cannot write', () => {
  const start = (file: string) =>
    spawnSync(process.execPath, ['--eval', "require('node:child_process').execFileSync('true', ['a'])"], {
      env: { PATH: process.env.PATH, FLEETMEND_STARTED: file, NODE_OPTIONS: `--require=${recorder}` },
      encoding: 'utf8',
    });

  it('leaves the failure beside the file, and starts the program', () => {
    const file = mkdtempSync(join(folder, 'not-a-file-'));
    expect(start(file).status).toBe(0);
    expect(readFileSync(`${file}.failed`, 'utf8')).toMatch(/^\["true","a"\]: EISDIR.*\n$/);
  });

  it('starts nothing where it cannot even leave the failure', () => {
    const { status, stderr } = start(join(folder, 'no-such-folder/started'));
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/recording \["true","a"\]: ENOENT/);
  });
});

const lacking = [...missingPrograms(['shell lint']).map(({ name }) => name), ...(isDebian() ? [] : ['Debian'])];
const notRun = lacking.length === 0 ? '' : ` (not run: needs ${lacking.join(', ')})`;
describe.runIf(lacking.length === 0)(`what was started${notRun}`, () => {
  it.each([
    [
      ['env', '--chdir', '/tmp', '-u', 'X', 'A=b', 'apt-get', 'update'],
      ['env', 'apt-get'],
    ],
    [
      ['timeout', '-k', '2', '5', 'ctr', 'images', 'ls'],
      ['timeout', 'ctr'],
    ],
    [
      ['nsenter', '--mount', '--target', '0', '--', 'pgrep', '-f', 'x'],
      ['nsenter', 'pgrep'],
    ],
    [
      ['bash', '-o', 'errexit', '-c', 'f() { :; }; f; command -v jq; $x; sed p | awk 1'],
      ['bash', ':', 'command', 'sed', 'awk'],
    ],
    [
      ['sh', '-c', 'while :; do shift; done; exec "$@"', 'sh', 'a', '--', 'strace', '-o', 'f', 'id'],
      ['sh', ':', 'shift', 'exec', 'strace', 'id'],
    ],
    [['bash', 'test/lint-shell.sh'], expect.arrayContaining(['bash', 'git', 'shfmt', 'shellcheck'])],
  ])('%j starts the programs %j', (words, programs) => {
    expect(programsOf(words)).toEqual(programs);
  });

  const lines = (...commands: string[][]): string[] => commands.map((words) => JSON.stringify(words));
  const whole = lines(...PROGRAMS.filter(({ use }) => use === 'started').map(({ name }) => [name]));

  it('is right where it is of the list, of each Debian, of the repository or of the npm packages', () => {
    expect(problemsOf([...whole, ...lines(['tar'], ['/bin/sh', '-c', 'cd /'], ['vitest'], ['node'])], true)).toEqual(
      [],
    );
  });

  it.each(readdirSync(unproven).filter((file) => file.endsWith('.sh') && !SOURCED.has(file)))(
    'reads what %s sources too: its functions are no programs',
    (file) => {
      expect(problemsOf(lines(['bash', join(unproven, file), '--region', 'eu-west-1']), false)).toEqual([]);
    },
  );

  it('is a problem where it is of another Debian package, or of none', () => {
    expect(problemsOf(lines(['apt-ftparchive', 'x'], ['no-such-program']), false)).toEqual([
      expect.stringContaining('apt-ftparchive was started (apt-ftparchive x), is in no Debian package'),
      expect.stringContaining('no-such-program was started'),
    ]);
  });

  it('is a problem where something could not be recorded, whatever else was', () => {
    const file = join(folder, 'partly-recorded');
    const hold = () =>
      spawnSync(process.execPath, [join(import.meta.dirname, '../machine/hold.ts'), file], { encoding: 'utf8' });
    writeFileSync(file, `${lines(['node'])}\n`);
    writeFileSync(`${file}.failed`, '');
    expect(hold()).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(`${file}.failed`, '["strange"]: EACCES: permission denied\n');
    expect(hold()).toMatchObject({
      status: 1,
      stderr: 'a started program could not be recorded: ["strange"]: EACCES: permission denied\n',
    });
  });

  it('is a problem in a whole run where nothing starts a program of the list', () => {
    const without = whole.filter((line) => !line.includes('strace'));
    expect(problemsOf(without, true)).toEqual([expect.stringMatching(/^strace is in .* but nothing started it/)]);
    expect(problemsOf(without, false)).toEqual([]);
  });
});
