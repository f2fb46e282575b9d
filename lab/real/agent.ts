import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AgentReply, DeliveredDocument } from '../node.ts';
import { killGroup } from './process.ts';
import { type ProgramEnd, startProgram } from './starter.ts';

/** The part of a node that the agent uses. */
export type AgentHost = {
  readonly instanceId: string;
  readonly region: string;
  readonly platformName: string;
  readonly platformVersion: string;
  /** What the agent's unit adds to its environment, such as proxies. */
  readonly environment: Readonly<Record<string, string>>;
  /** Program and arguments that start a command line on the node, from outside. */
  readonly enter: (command: readonly string[]) => string[];
  readonly writeFile: (path: string, content: string, mode: number) => Promise<void>;
};

/** The bytes of each stream that the agent keeps, and how it ends one that is longer. */
const OUTPUT_BYTES = 24_000;
const OUTPUT_TRUNCATED = '--output truncated--';
/** The agent takes a timeout outside of 5..172800 s as 3600 s. */
const TIMEOUT_SECONDS = { least: 5, most: 172_800, otherwise: 3_600 };
/** Exit codes with a special meaning to the agent, and the code that it gives a script that a signal ended. */
const EXIT = { signalled: -1, timedOut: 137, succeedAndSkipRest: 168, failAndSkipRest: 169, rebootRequested: 194 };
/** Where the agent runs, and so its scripts. */
const AGENT_FOLDER = '/usr/bin';

const AGENT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type StepEnd = {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly end: 'exited' | 'timed-out' | 'cancelled';
};

/**
 * Runs a document as amazon-ssm-agent does: the lines of `runCommand` joined into `_script.sh`, run as
 * `sh -c <path>` by root with the agent's whole environment (without HOME), the whole process group killed at
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
    const environment = environmentOf(host, document);
    const command = host.enter(['env', `--chdir=${AGENT_FOLDER}`, '-i', ...environment, 'sh', '-c', script]);
    const end = await runStep(
      options.traceTo === undefined ? command : [...strace(options.traceTo), ...command],
      timeoutSecondsOf(step.inputs.timeoutSeconds) * 1000,
      signal,
    );
    reply = replyOf(end);
    if (reply.statusDetails !== 'Success' || reply.exitCode === EXIT.succeedAndSkipRest) break;
  }
  return reply;
}

/** The start of a command line that writes every execve below it to a file, arguments and environment in full. */
export function strace(file: string): string[] {
  return ['strace', '-f', '-v', '-s', '65536', '-qq', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-o', file];
}

function environmentOf(host: AgentHost, document: DeliveredDocument): string[] {
  return Object.entries({
    // What systemd gives its unit.
    LANG: 'en_US.UTF-8',
    PATH: AGENT_PATH,
    INVOCATION_ID: randomUUID().replaceAll('-', ''),
    PWD: AGENT_FOLDER,
    ...host.environment,
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
  const [program = '', ...args] = command;
  // A session of its own: the group can be killed as a whole, and Ctrl-C does not reach it.
  const started = startProgram(program, args, { detached: true, env: { PATH: AGENT_PATH } });
  let end: StepEnd['end'] = 'exited';
  const kill = (why: 'timed-out' | 'cancelled') => {
    if (end !== 'exited') return;
    end = why;
    void started.pid.then((pid) => pid !== undefined && killGroup(pid));
  };
  const timer = setTimeout(() => kill('timed-out'), timeoutMilliseconds);
  const onAbort = () => kill('cancelled');
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  // Like the agent, wait for the output's end: a child in the background that holds it delays the reply. At a timeout the agent
  // does not wait for one that has left the group, and lives on.
  const cutShort = started.exited.then(async () => {
    if (end === 'exited') return undefined;
    await setImmediate();
    return started.written();
  });
  try {
    const ended = (await Promise.race([cutShort, started.closed])) ?? (await started.closed);
    const own = 'code' in ended ? (ended as ProgramEnd).code : EXIT.timedOut;
    const code = end === 'exited' ? (own ?? EXIT.signalled) : EXIT.timedOut;
    return { code, stdout: ended.stdout, stderr: ended.stderr, end };
  } catch (cause) {
    throw new Error(`starting ${program}: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function replyOf(end: StepEnd): AgentReply {
  const { code } = end;
  const added = ADDED_TEXT[code] ?? '';
  return {
    statusDetails: statusOf(end),
    exitCode: code,
    stdout: cut(Buffer.concat([end.stdout, Buffer.from(added)])),
    stderr: code === EXIT.succeedAndSkipRest ? '' : cut(Buffer.concat([end.stderr, Buffer.from(added)])),
  };
}

/** What the agent adds to the output of a script that ends the document. */
const ADDED_TEXT: Readonly<Record<number, string>> = {
  [EXIT.succeedAndSkipRest]:
    '\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.',
  [EXIT.failAndSkipRest]:
    '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
};

/** Bytes are cut, so a character may be cut too. */
function cut(stream: Buffer): string {
  if (stream.length < OUTPUT_BYTES) return stream.toString();
  return stream.subarray(0, OUTPUT_BYTES - OUTPUT_TRUNCATED.length).toString() + OUTPUT_TRUNCATED;
}

function statusOf({ code, end }: StepEnd): string {
  if (end === 'cancelled') return 'Cancelled';
  // The agent reports exit code 137 as timed out, whoever killed the command whose code it was.
  if (end === 'timed-out' || code === EXIT.timedOut) return 'ExecutionTimedOut';
  if (code === EXIT.rebootRequested)
    throw new Error('running a document: its script asked for a reboot (exit code 194)');
  return code === 0 || code === EXIT.succeedAndSkipRest ? 'Success' : 'Failed';
}
