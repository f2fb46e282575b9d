import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { sampleOf } from '../../test/support/sample.ts';
import { startRealFleet } from './fleet.ts';
import {
  cleanLeftovers,
  cleanWhileStarting,
  LABS_FOLDER,
  labControlGroups,
  lockOf,
  whileStarting,
} from './leftovers.ts';
import { runProgram } from './process.ts';
import { describeWithRealNodes } from './suite.ts';

const END_TIMEOUT_MILLISECONDS = 20_000;

/** The remains of a lab on the machine: its folder, lock, groups, mounts and processes. */
async function remainsOf(labId: string): Promise<string[]> {
  const processes = (await runProgram('ps', ['-eo', 'pid=,args='])).stdout
    .split('\n')
    .filter((line) => line.includes(labId) && !line.includes('ps -eo'));
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(labId));
  const files = [join(LABS_FOLDER, labId), lockOf(labId)].filter((path) => existsSync(path));
  return [...processes, ...mounts, ...files, ...labControlGroups(labId)];
}

async function waitForEnd(labId: string): Promise<void> {
  const deadline = Date.now() + END_TIMEOUT_MILLISECONDS;
  while ((await remainsOf(labId)).length > 0 && Date.now() < deadline) await delay(100);
}

/** The network namespaces of a lab's processes: the warden's and one for each node. */
function namespacesOf(labId: string): string[] {
  const groups = labControlGroups(labId).flatMap((root) => [
    root,
    ...readdirSync(root, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name)),
  ]);
  const pids = groups.flatMap((group) => readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean));
  return [...new Set(pids.map((pid) => readlinkSync(`/proc/${pid}/ns/net`).replace(/\D/g, '')))];
}

/** Those of the namespaces that live on. Another program may get the number of one that has ended: its processes are younger. */
async function livingOf(namespaces: readonly string[], endingSince: number): Promise<string[]> {
  const listed = await runProgram('lsns', ['--type', 'net', '--noheadings', '--output', 'NS,PID']);
  const living: string[] = [];
  for (const [, namespace = '', pid = ''] of listed.stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)) {
    if (!namespaces.includes(namespace)) continue;
    const { stdout } = await runProgram('ps', ['-o', 'etimes=', '-p', pid]);
    if (stdout.trim() !== '' && Number(stdout) * 1000 >= Date.now() - endingSince) living.push(namespace);
  }
  return living;
}

async function interfacesOfMachine(): Promise<string> {
  return (await runProgram('ip', ['-oneline', 'link'])).stdout;
}

/** A program that boots a node, starts a sandbox, prints the id of the lab, and then waits for ever. */
async function startProgram(): Promise<{ program: ChildProcess; labId: string }> {
  const source = `
    const { startRealFleet } = await import(${JSON.stringify(new URL('./fleet.ts', import.meta.url).href)});
    const fleet = await startRealFleet({ nodes: [{}] });
    await fleet.nodes[0].runPodSandbox();
    console.log(fleet.labId);
    setInterval(() => undefined, 1000);`;
  const program = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [labId] = await once(createInterface({ input: program.stdout }), 'line');
  return { program, labId: String(labId) };
}

await describeWithRealNodes('the end of a fleet', () => {
  it('leaves nothing on the machine, twice in a row', async () => {
    const interfaces = await interfacesOfMachine();
    for (const _round of [1, 2]) {
      const fleet = await startRealFleet({ nodes: [{}, { style: 'al2023' }] });
      expect(await remainsOf(fleet.labId)).not.toEqual([]);
      expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(fleet.labId);
      await Promise.all(fleet.nodes.map((node) => node.runPodSandbox({ network: 'POD' })));
      const namespaces = namespacesOf(fleet.labId);
      expect(namespaces.length).toBeGreaterThan(fleet.nodes.length);
      expect(await interfacesOfMachine()).toBe(interfaces);
      const endingSince = Date.now();
      await fleet.stop();
      expect(await remainsOf(fleet.labId)).toEqual([]);
      expect(await livingOf(namespaces, endingSince)).toEqual([]);
    }
    expect(await interfacesOfMachine()).toBe(interfaces);
  });

  const signals = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
  it.each(sampleOf('signals that end a program', signals, 2))(
    'comes with the end of its program by %s',
    async (signal) => {
      const { program, labId } = await startProgram();
      const namespaces = namespacesOf(labId);
      const endingSince = Date.now();
      program.kill(signal);
      await once(program, 'exit');
      await waitForEnd(labId);
      expect(await remainsOf(labId)).toEqual([]);
      expect(await livingOf(namespaces, endingSince)).toEqual([]);
    },
  );

  it('happens at the next start if its guard was killed too, without a change to a running fleet', async () => {
    const living = await startRealFleet({ nodes: [{}] });
    const { program, labId } = await startProgram();
    // Every start cleans up: other test files start fleets too, and wait for this one.
    await whileStarting(async () => {
      const guards = await runProgram('pgrep', ['-f', `guard.sh ${labId}`]);
      for (const pid of guards.stdout.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
      program.kill('SIGKILL');
      await once(program, 'exit');
      const lock = lockOf(labId);
      while ((await runProgram('flock', ['--nonblock', lock, 'true'])).code !== 0) await delay(50);
      expect(await remainsOf(labId)).not.toEqual([]);
      expect(await cleanWhileStarting()).toContain(labId);
    });
    await waitForEnd(labId);
    expect(await remainsOf(labId)).toEqual([]);
    expect(await living.nodes[0]?.runPodSandbox()).toMatchObject({ ok: true });
    await living.stop();
  });

  it('ignores folders that are not a lab', async () => {
    const other = join(LABS_FOLDER, 'something-else');
    mkdirSync(other, { recursive: true });
    expect(await cleanLeftovers()).not.toContain('something-else');
    expect(existsSync(other)).toBe(true);
    await runProgram('rmdir', [other]);
  });
});
