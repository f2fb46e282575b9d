import type { AgentReply } from './node.ts';

/** Bytes of the Output that the agent makes of stdout and stderr (SSM model, CommandPluginOutput). */
const OUTPUT_BYTES = 2500;
const SEPARATOR = '\n----------ERROR-------\n';
const STDOUT_CUT = '\n---Output truncated---';
const STDERR_CUT = '\n---Error truncated----';

const headOf = (text: Buffer, bytes: number): string => text.subarray(0, Math.max(bytes, 0)).toString('utf8');

const cutTo = (text: Buffer, bytes: number, mark: string): string =>
  text.length <= bytes ? text.toString('utf8') : headOf(text, bytes - mark.length) + mark;

/** How Go names the end of a process: by its exit code, or by the signal that ended it (the agent's code is then -1). */
const endOf = (exitCode: number): string => (exitCode < 0 ? 'signal: killed' : `exit status ${exitCode}`);

/** What the agent returns as stderr: it adds how a script that failed ended. */
export const stderrOf = (reply: Pick<AgentReply, 'statusDetails' | 'exitCode' | 'stderr'>): string =>
  reply.statusDetails === 'Failed'
    ? `${reply.stderr.replace(/\n$/, '')}\nfailed to run commands: ${endOf(reply.exitCode)}`
    : reply.stderr;

/**
 * The Output of a plugin, as amazon-ssm-agent makes it. Both streams share the bytes that the separator leaves: where they do
 * not fit, one that has at most half of them stays whole, and the other one gets the rest. It cuts bytes, so it may cut a
 * character.
 */
export const outputOf = (stdout: string, stderr: string): string => {
  const out = Buffer.from(stdout, 'utf8');
  const error = Buffer.from(stderr, 'utf8');
  if (error.length === 0) return cutTo(out, OUTPUT_BYTES, STDOUT_CUT);
  const shared = OUTPUT_BYTES - SEPARATOR.length;
  const half = Math.floor(shared / 2);
  const forStdout = shared - Math.min(error.length, half);
  const forStderr = shared - Math.min(out.length, half);
  return cutTo(out, forStdout, STDOUT_CUT) + SEPARATOR + cutTo(error, forStderr, STDERR_CUT);
};
