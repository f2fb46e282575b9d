/** Exit codes of the commands. Source: docs/deploying.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, aws: 4 } as const;

/** How a command ends: one of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that the user can correct: it is printed as its lines, without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Each names an error, its place and a remedy. */
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;

  constructor(lines: string | readonly string[], exitCode: ExitCode = EXIT.usage, cause?: unknown) {
    const all = typeof lines === 'string' ? [lines] : lines;
    super(all.join('\n'), { cause });
    this.lines = all;
    this.exitCode = exitCode;
  }
}

/** The first line of an error: a program's errors may bring code frames and stack traces in their messages. */
export const firstLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message || thrown.name : String(thrown)).split('\n', 1)[0] ?? '';

/**
 * Runs a command and shows its errors as lines on standard error. Sets the exit code. The stack trace of an
 * unexpected error is shown where `FLEETMEND_DEBUG` is set.
 *
 * @param command starts every line, for example `deploy`
 */
export const runCommand = async (command: string, work: () => Promise<ExitCode>): Promise<void> => {
  try {
    process.exitCode = await work();
  } catch (thrown) {
    if (thrown instanceof UserError) {
      for (const line of thrown.lines) console.error(`${command}: ${line}`);
      process.exitCode = thrown.exitCode;
      return;
    }
    console.error(`${command}: unexpected error: ${firstLine(thrown)} (FLEETMEND_DEBUG=1 shows where)`);
    if (process.env.FLEETMEND_DEBUG !== undefined) console.error(thrown);
    process.exitCode = EXIT.failed;
  }
};
