// What every entry point needs first, on a fresh clone and with whatever Node the machine has: the npm packages, among
// them the Node that runs everything else. Plain JavaScript for that reason.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
export const isRoot = process.getuid?.() === 0;

/** The environment of every command: the packages' programs first on PATH, the right Node among them. */
export const env = {
  ...process.env,
  // cdk-nag uses a property that aws-cdk-lib calls deprecated; nothing that a reader could do about it.
  JSII_DEPRECATED: 'quiet',
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
};

/** Runs a command with its output shown; on failure says which step failed, and ends. */
export const must = (what, command, words, extra = {}) => {
  const { status, signal, error } = spawnSync(command, words, {
    cwd: root,
    env: { ...env, ...extra },
    stdio: 'inherit',
  });
  if (status === 0) return;
  console.error(`${what} failed (${error?.message ?? signal ?? `exit code ${status}`}): see above`);
  process.exit(status ?? 1);
};

/** Installs the npm packages where they are missing or older than the lockfile. */
export const installPackages = () => {
  // npm writes this file at the end of an install.
  const done = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  console.log('installing the npm packages of package-lock.json (about half a minute)');
  // Not `npm ci`: it refuses a lockfile that lacks optional packages of other platforms, as this one may. With --no-save
  // the versions of the lockfile are installed and the lockfile is left as it is.
  must('npm install', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
};

/** Installs the Debian packages of the real nodes: as root on Debian, without removing any or starting their services. */
export const installDebianPackages = () =>
  must('installing Debian packages', 'node', [join(root, 'test', 'lab', 'real', 'install.ts')]);
