import { spawn } from 'node:child_process';
import type { AgentReply, DeliveredDocument } from '../node.ts';
import { exitCodeOf, killGroup } from './process.ts';

/** The part of a node that the agent uses. */
export type AgentHost = {
  readonly instanceId: string;
  readonly region: string;
  readonly platformName: string;
  readonly platformVersion: string;
  /** Program and arguments that start a command line on the node, from outside. */
  readonly enter: (command: readonly string[]) => string[];
  readonly writeFile: (path: string, content: string, mode: number) => Promise<void>;
};

/** The limits of the agent, in bytes (SSM API: StandardOutputContent, StandardErrorContent of GetCommandInvocation). */
const MAX_STDOUT_BYTES = 24_000;
const MAX_STDERR_BYTES = 8_000;
/** The agent takes a timeout outside of 5..172800 s as 3600 s. */
const TIMEOUT_SECONDS = { least: 5, most: 172_800, otherwise: 3_600 };
/** Exit codes with a special meaning to the agent. */
const EXIT = { killed: 137, rebootRequested: 194, succeedAndSkipRest: 168 };
/** How long the output of a killed script may stay open: a child of it may hold it. */
const KILL_GRACE_MILLISECONDS = 2_000;

const AGENT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type StepEnd = {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly end: 'exited' | 'timed-out' | 'cancelled';
};

/**
 * Runs a document as amazon-ssm-agent does: the lines of `runCommand` joined into `_script.sh`, run as
 * `sh -c <path>` by root with the agent's bare environment (no HOME), the whole process group killed at
 * `timeoutSeconds` or on cancel, and the output cut to the agent's limits.
 */
export async function runDocument(
  host: AgentHost,
  document: DeliveredDocument,
  signal: AbortSignal,
  options: { traceTo?: string } = {},
): Promise<AgentReply> {
  let reply: AgentReply = { statusDetails: 'Success', exitCode: 0, stdout: '', stderr: '' };
  for (const step of document.content.mainSteps) {
    if (step.action !== 'aws:runShellScript') {
      throw new Error(`running ${document.documentName}: the lab's agent has no plugin ${step.action}`);
    }
    const folder = `/var/lib/amazon/ssm/${host.instanceId}/document/orchestration/${document.commandId}/${step.name}`;
    const script = `${folder}/_script.sh`;
    await host.writeFile(script, step.inputs.runCommand.join('\n'), 0o700);
    const command = host.enter(['env', '-i', ...environmentOf(host, document), 'sh', '-c', script]);
    const end = await runStep(
      options.traceTo === undefined ? command : [...strace(options.traceTo), ...command],
      timeoutSecondsOf(step.inputs.timeoutSeconds) * 1000,
      signal,
    );
    reply = replyOf(end);
    if (reply.statusDetails !== 'Success') break;
  }
  return reply;
}

/** The start of a command line that writes every execve below it to a file, arguments and environment in full. */
export function strace(file: string): string[] {
  return ['strace', '-f', '-v', '-s', '65536', '-qq', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-o', file];
}

function environmentOf(host: AgentHost, document: DeliveredDocument): string[] {
  return Object.entries({
    PATH: AGENT_PATH,
    AWS_SSM_INSTANCE_ID: host.instanceId,
    AWS_SSM_REGION_NAME: host.region,
    AWS_SSM_PLATFORM_NAME: host.platformName,
    AWS_SSM_PLATFORM_VERSION: host.platformVersion,
    SSM_COMMAND_ID: document.commandId,
  }).map(([name, value]) => `${name}=${value}`);
}

function timeoutSecondsOf(text: string | undefined): number {
  const seconds = Number(text ?? Number.NaN);
  const { least, most, otherwise } = TIMEOUT_SECONDS;
  return seconds >= least && seconds <= most ? seconds : otherwise;
}

async function runStep(command: readonly string[], timeoutMilliseconds: number, signal: AbortSignal): Promise<StepEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<StepEnd>();
  const [program = '', ...args] = command;
  // A session of its own: the group can be killed as a whole, and Ctrl-C does not reach it.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { PATH: AGENT_PATH } });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let end: StepEnd['end'] = 'exited';
  const finish = (code: number) => {
    resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), end });
  };
  const kill = (why: 'timed-out' | 'cancelled') => {
    if (child.pid === undefined || end !== 'exited') return;
    end = why;
    killGroup(child.pid);
    setTimeout(() => finish(EXIT.killed), KILL_GRACE_MILLISECONDS).unref();
  };
  const timer = setTimeout(() => kill('timed-out'), timeoutMilliseconds);
  const onAbort = () => kill('cancelled');
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();

  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.on('error', (cause) => reject(new Error(`starting ${program}: ${cause.message}`, { cause })));
  // Like the agent, wait for the output's end: a child in the background that holds it delays the reply.
  child.on('close', (code, by) => finish(end === 'exited' ? exitCodeOf(code, by) : EXIT.killed));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function replyOf(end: StepEnd): AgentReply {
  return {
    statusDetails: statusOf(end),
    exitCode: end.code,
    // Bytes are cut, so a character may be cut too.
    stdout: end.stdout.subarray(0, MAX_STDOUT_BYTES).toString(),
    stderr: end.stderr.subarray(0, MAX_STDERR_BYTES).toString(),
  };
}

function statusOf({ code, end }: StepEnd): string {
  if (end === 'cancelled') return 'Cancelled';
  // The agent reports exit code 137 as timed out, whoever killed the script.
  if (end === 'timed-out' || code === EXIT.killed) return 'ExecutionTimedOut';
  if (code === EXIT.rebootRequested)
    throw new Error('running a document: its script asked for a reboot (exit code 194)');
  return code === 0 || code === EXIT.succeedAndSkipRest ? 'Success' : 'Failed';
}
