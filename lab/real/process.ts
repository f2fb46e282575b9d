import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { startProgram } from './starter.ts';

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
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { input?: string | Buffer; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<ProgramResult> {
  const { signal, env, input = '' } = options;
  const started = startProgram(program, args, { env, input });
  const failed = (cause: unknown) => new Error(`starting ${program}: ${(cause as Error).message}`, { cause });
  const onAbort = () => void started.pid.then((pid) => pid !== undefined && process.kill(pid));
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    const { code, signal: by, stdout, stderr } = await started.closed;
    if (signal?.aborted === true) throw signal.reason;
    return { code: exitCodeOf(code, by), stdout: stdout.toString(), stderr: stderr.toString() };
  } catch (cause) {
    throw failed(cause);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
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
