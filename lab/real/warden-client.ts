import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordingVariables } from '../../test/machine/recording.ts';
import { cleanWhileStarting, LAB_PREFIX, LABS_FOLDER, whileStarting } from './leftovers.ts';
import type { LabSite, WardenAnswer, WardenMethods } from './protocol.ts';

/** A running warden: its methods, and the access to the lab from outside. */
export type Warden = WardenMethods & {
  readonly labId: string;
  readonly site: LabSite;
  /** This machine's process id for a process id of the warden's namespace. */
  readonly hostPid: (pid: number) => number;
  /** The warden's mounts, seen from outside. */
  readonly rootPath: () => string;
  /** Ends the lab and resolves when nothing of it is left. */
  readonly stop: () => Promise<void>;
};

const LOG_CHARACTERS = 8_000;

/** Removes the leftovers of earlier labs, then starts a warden in its own namespaces and opens the lab in it. */
export async function startWarden(site: Omit<LabSite, 'labId' | 'folder'>): Promise<Warden> {
  return await whileStarting(async () => {
    await cleanWhileStarting();
    return await openLab(site);
  });
}

async function openLab(site: Omit<LabSite, 'labId' | 'folder'>): Promise<Warden> {
  const labId = `${LAB_PREFIX}${randomBytes(4).toString('hex')}`;
  const folder = join(LABS_FOLDER, labId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const guard = spawn('sh', [localFile('guard.sh'), labId, LABS_FOLDER, process.execPath, localFile('warden.ts')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...recordingVariables() },
  });
  let log = '';
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_CHARACTERS);
  };
  guard.stdout?.on('data', keep);
  guard.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  const ask = createCaller(guard, () => log);

  const warden: Warden = {
    labId,
    site: { ...site, labId, folder },
    open: ask('open'),
    startNode: ask('startNode'),
    stopNode: ask('stopNode'),
    setFault: ask('setFault'),
    setRole: ask('setRole'),
    expireTokens: ask('expireTokens'),
    calls: ask('calls'),
    secrets: ask('secrets'),
    hostPid: (pid) => firstOfNamespace(guard.pid ?? 0, (ids) => ids.at(-2) === pid),
    rootPath: () =>
      `/proc/${firstOfNamespace(guard.pid ?? 0, (ids) => ids.length === namespaceIds(guard.pid ?? 0).length + 1)}/root`,
    stop: async () => {
      if (guard.connected) guard.disconnect();
      await ended;
    },
  };
  try {
    await warden.open(warden.site);
  } catch (error) {
    await warden.stop();
    throw error;
  }
  return warden;
}

type Pending = { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void };

function createCaller(guard: ChildProcess, log: () => string) {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  guard.on('message', (message) => {
    const answer = message as WardenAnswer; // the warden alone writes to the channel
    const waiting = pending.get(answer.id);
    pending.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer.result as never);
    else waiting?.reject(new Error(answer.error));
  });
  guard.on('exit', () => {
    for (const { reject } of pending.values()) reject(new Error(`asking the lab's warden: it has ended: ${log()}`));
    pending.clear();
  });
  return <Method extends keyof WardenMethods>(method: Method) =>
    ((params: unknown) => {
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      lastId += 1;
      const id = lastId;
      pending.set(id, { resolve, reject });
      guard.send({ id, method, params }, (error) => {
        if (error === null) return;
        pending.delete(id);
        reject(new Error(`asking the lab's warden for ${method}: ${error.message}: ${log()}`, { cause: error }));
      });
      return promise;
    }) as WardenMethods[Method];
}

/** Finds the first process of a process namespace, by its ids in the nested namespaces, below the guard. */
function firstOfNamespace(guardPid: number, isIt: (ids: readonly number[]) => boolean): number {
  const found = descendantsOf(guardPid).find((pid) => {
    const ids = namespaceIds(pid);
    return ids.at(-1) === 1 && isIt(ids);
  });
  if (found === undefined) throw new Error('finding a process of the lab: it has ended');
  return found;
}

function descendantsOf(pid: number): number[] {
  const children = readProcFile(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** A process's id in each of its namespaces, the outermost first. */
function namespaceIds(pid: number): number[] {
  const line = /^NSpid:\s+([\d\s]+)$/m.exec(readProcFile(`/proc/${pid}/status`))?.[1] ?? '';
  return line.trim().split(/\s+/).map(Number);
}

function readProcFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The process has ended.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}

function localFile(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
