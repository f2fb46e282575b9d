import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../load.ts';
import { EXIT, type ExitCode, firstLine, UserError } from '../user-error.ts';
import type { Target } from './caller.ts';

/**
 * Runs the CDK command line of the lockfile on this terminal, and passes signals on to it.
 *
 * @throws UserError where it cannot be started
 */
export const runCdk = async (words: readonly string[], { region, profile }: Target): Promise<ExitCode> => {
  const program = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  // Through this Node: the machine's own may be older.
  const child = spawn(process.execPath, [program, ...words, ...(profile === undefined ? [] : ['--profile', profile])], {
    cwd: root,
    stdio: 'inherit',
    // Telemetry is off unless the user turned it on.
    env: { CDK_DISABLE_CLI_TELEMETRY: 'true', ...process.env, AWS_REGION: region },
  });
  // Ctrl-C reaches the child by itself; this process waits for its end.
  const waiting = () => undefined;
  const passOn = () => child.kill('SIGTERM');
  process.on('SIGINT', waiting).on('SIGTERM', passOn);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.on('error', (cause) =>
        reject(new UserError(`cannot start the AWS CDK: ${firstLine(cause)}; run npm ci`, EXIT.failed, cause)),
      );
      child.on('close', (code) => resolve(code === 0 ? EXIT.done : EXIT.failed));
    });
  } finally {
    process.off('SIGINT', waiting).off('SIGTERM', passOn);
  }
};
