import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from './process.ts';

/** Where each lab has its folder and its lock; a folder stays empty on the machine, all mounts are the warden's. */
export const LABS_FOLDER = '/run/fleetmend-lab';

/** Everything of a lab that has a name outside its namespaces starts with this. */
export const LAB_PREFIX = 'fleetmend-lab-';

const CONTROL_GROUPS = '/sys/fs/cgroup';
const START_LOCK = 'start.lock';
const REMOVE_TIMEOUT_MILLISECONDS = 5_000;

/** The lock that a lab's guard holds for as long as the lab lives. */
export function lockOf(labId: string): string {
  return join(LABS_FOLDER, `${labId}.lock`);
}

/**
 * Removes what earlier labs left (after a `kill -9` of all of their processes, or a lost machine): processes in their
 * control groups, the groups, folders and locks. A lab whose lock is held is running, and is not changed.
 */
export async function cleanLeftovers(): Promise<string[]> {
  return await whileStarting(cleanWhileStarting);
}

/** {@link cleanLeftovers} for a caller that holds the lock of {@link whileStarting}. */
export async function cleanWhileStarting(): Promise<string[]> {
  const found = [...readdirSync(LABS_FOLDER), ...controlGroupRoots().flatMap((root) => readdirSync(root))]
    .filter((name) => name.startsWith(LAB_PREFIX))
    .map((name) => name.replace(/\.lock$/, ''));
  const cleaned: string[] = [];
  for (const labId of new Set(found)) {
    if (await isHeld(lockOf(labId))) continue;
    await removeLab(labId);
    cleaned.push(labId);
  }
  return cleaned;
}

/**
 * Runs `work` while no other program starts a lab or cleans up: a lab that is just starting does not hold its own lock
 * yet, and would be taken for a leftover. The lock ends with this process.
 */
export async function whileStarting<Result>(work: () => Promise<Result>): Promise<Result> {
  mkdirSync(LABS_FOLDER, { recursive: true });
  const holder = spawn('flock', [join(LABS_FOLDER, START_LOCK), 'sh', '-c', 'echo held; read _'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const released = once(holder, 'exit');
  try {
    await Promise.race([once(holder.stdout, 'data'), released]);
    return await work();
  } finally {
    holder.stdin.end();
    await released;
  }
}

/** Removes everything of one lab from the machine, and kills its processes. */
async function removeLab(labId: string): Promise<void> {
  const deadline = Date.now() + REMOVE_TIMEOUT_MILLISECONDS;
  for (;;) {
    const folders = labControlGroups(labId);
    for (const folder of folders) killMembers(folder);
    for (const folder of folders) removeEmpty(folder);
    if (labControlGroups(labId).length === 0) break;
    if (Date.now() > deadline) throw new Error(`removing the control groups of ${labId}: they are still in use`);
    await delay(50);
  }
  // The guard of the lab may do the same at this moment.
  removeEmpty(join(LABS_FOLDER, labId));
  rmSync(lockOf(labId), { force: true });
}

/** The control groups of a lab, the deepest last. */
export function labControlGroups(labId: string): string[] {
  return controlGroupRoots()
    .map((root) => join(root, labId))
    .filter((folder) => existsSync(folder));
}

function controlGroupRoots(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, root = '', type]) =>
      (type === 'cgroup' || type === 'cgroup2') && root.startsWith(CONTROL_GROUPS) ? [root] : [],
    );
}

async function isHeld(lock: string): Promise<boolean> {
  if (!existsSync(lock)) return false;
  return (await runProgram('flock', ['--nonblock', lock, 'true'])).code !== 0;
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function killMembers(folder: string): void {
  try {
    for (const child of subfolders(folder)) killMembers(child);
    const members = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    for (const pid of members.filter((member) => member > 0)) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function removeEmpty(folder: string): void {
  try {
    for (const child of subfolders(folder)) removeEmpty(child);
    rmdirSync(folder);
  } catch (error) {
    // Busy: a killed process has not ended yet; the caller retries.
    if (!isGone(error) && !(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
  }
}

function isGone(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENODEV')
  );
}
