import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of the scripts for claims that only a real account can prove. */
export const FOLDER = join(import.meta.dirname, '../../../docs/unproven');

/** The shell functions that the scripts share. */
const SHARED: readonly string[] = ['shared.sh', 'resources.sh'];

/** The scripts, without the shared files. */
export const SCRIPTS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sh') && !SHARED.includes(file))
  .sort();

/** The traces of a run of a script. */
export type Run = {
  readonly code: number | null;
  /** Its standard output: the verdict alone. */
  readonly stdout: string;
  readonly stderr: string;
  /** The calls of the AWS CLI in their order, with all their words. */
  readonly calls: readonly string[];
  /** The last template that it gave to CloudFormation. */
  readonly template: string | undefined;
  /** Files that it left in the folder for temporary files. */
  readonly leftovers: readonly string[];
};

/** How to run a script. */
export type RunOptions = {
  /** Bash: how the stand-in for the AWS CLI answers. */
  readonly answers?: string;
  readonly words?: readonly string[];
  /** A signal for the whole process group, as Ctrl-C sends it, once the stand-in has made the file `reached`. */
  readonly signal?: NodeJS.Signals;
};

const untilThere = async (file: string): Promise<void> => {
  for (let i = 0; i < 500 && !existsSync(file); i++) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Runs a script with the stand-in for the AWS CLI first on PATH, without a terminal. */
export const runScript = async (script: string, options: RunOptions = {}): Promise<Run> => {
  const { answers = '', words = ['--yes', '--region', 'eu-west-1'], signal } = options;
  const state = mkdtempSync(join(tmpdir(), 'fleetmend-aws-stub-'));
  const temporary = join(state, 'tmp');
  mkdirSync(temporary);
  copyFileSync(join(import.meta.dirname, 'aws-stub.sh'), join(state, 'aws'));
  chmodSync(join(state, 'aws'), 0o755);
  writeFileSync(join(state, 'answers.sh'), answers);
  try {
    const child = spawn('bash', [join(FOLDER, script), ...words], {
      // No region of the machine's own, and none of its credentials.
      env: { PATH: `${state}:${process.env.PATH}`, STATE: state, TMPDIR: temporary, FLEETMEND_UNPROVEN_PAUSE: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (signal !== undefined && child.pid !== undefined) {
      await untilThere(join(state, 'reached'));
      process.kill(-child.pid, signal);
    }
    const code = await ended;
    const text = (name: string): string | undefined =>
      existsSync(join(state, name)) ? readFileSync(join(state, name), 'utf8') : undefined;
    return {
      code,
      stdout,
      stderr,
      calls: (text('calls') ?? '').split('\n').filter((line) => line !== ''),
      template: text('template'),
      leftovers: readdirSync(temporary),
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
};
