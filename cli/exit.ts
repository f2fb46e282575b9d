import type { Refusal } from '../core/api/refusal.ts';

/** How a command of `fleetmend` ends. docs/cli.md explains each. */
export const EXIT = {
  /** As wished. */
  done: 0,
  /** It was done, and a node is broken or was not repaired. */
  broken: 1,
  usage: 2,
  /** The request was refused, or is held back by a pause or a circuit breaker. */
  refused: 3,
  /** AWS, its credentials or the network. */
  aws: 4,
  /** The waiting ended; the run goes on. */
  waited: 5,
  /** Ctrl-C: the waiting ended; the run goes on. */
  detached: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The codes of errors in JSON, with their exit codes. */
export const ERROR_CODES = {
  Usage: EXIT.usage,
  Refused: EXIT.refused,
  Aws: EXIT.aws,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that a person can correct: it is shown without a stack trace. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ErrorCode;
  readonly refusal: Refusal;

  constructor(code: ErrorCode, refusal: Refusal, cause?: unknown) {
    super(refusal.message, { cause });
    this.code = code;
    this.refusal = refusal;
  }
}

/** An error of usage about an option or an argument, with the values that it may have. */
export const usageError = (
  field: string,
  problem: string,
  rest: Pick<Refusal, 'allowed' | 'next'> = {},
): CommandError => new CommandError('Usage', { field, message: `${field}: ${problem}`, ...rest });
