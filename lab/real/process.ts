import { type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { defined } from '../../core/model/defined.ts';

/** How a program ended: its exit code (128 + signal where one killed it) and all that it wrote. */
export type ProgramResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** The exit code of a child as a shell reports it. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : (SIGNAL_NUMBERS[signal] ?? 0));
}

/** How long a process that entered a node has to end by itself when the process that it waits for is killed. */
const FOLLOW_MILLISECONDS = 500;

/**
 * Kills a process that was started `detached` and all of its children that are still in its group. The processes on a
 * node are killed first: the one that entered the node (nsenter) then waits for them and ends too. Killed at the same
 * time, it would leave a zombie to process 1; where that waits for no orphan (npm or Node in a container), the zombie
 * stays, and the node never ends: the kernel waits for every process of a process namespace (pid_namespaces(7)).
 */
export function killGroup(pid: number): void {
  const own = namespaceOf('self');
  const onNode = membersOf(pid).filter((member) => ![own, undefined].includes(namespaceOf(member)));
  for (const member of onNode) kill(member);
  if (onNode.length === 0) kill(-pid);
  else setTimeout(() => kill(-pid), FOLLOW_MILLISECONDS).unref();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The processes of a group, by the fifth field of proc_pid_stat(5); a name in parentheses comes before. */
function membersOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => Number(statOf(name).split(') ').at(-1)?.split(' ')[2]) === group)
    .map(Number);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}

/** The process namespace of a process; undefined where the process has ended. */
function namespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Runs a program and returns its exit code and output; throws only if it cannot be started. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { input?: string | Buffer; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<ProgramResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const settings: SpawnOptions = {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...defined({ env: options.env, signal: options.signal }),
  };
  const child = spawn(program, args, settings);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program may end without having read its input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  child.on('error', (cause) => reject(new Error(`starting ${program}: ${cause.message}`, { cause })));
  child.on('close', (code, signal) => {
    resolve({
      code: exitCodeOf(code, signal),
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    });
  });
  return promise;
}

/** Runs a program that must succeed and returns its standard output. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: { input?: string | Buffer; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const result = await runProgram(program, args, options);
  if (result.code !== 0) {
    throw new Error(`running ${[program, ...args].join(' ')}: exit code ${result.code}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}
