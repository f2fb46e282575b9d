import { CommandError, usageError } from './exit.ts';
import type { Session } from './session.ts';

/** The reason of an action: from its option, or from the person at the terminal. @throws CommandError where there is none */
export const reasonFor = async ({ io }: Pick<Session, 'io'>, option: string | undefined): Promise<string> => {
  const reason = option ?? (await io.ask('Reason (for the audit table): '))?.trim();
  if (reason !== undefined && reason !== '') return reason;
  throw usageError('--reason', 'say why: the audit table keeps it', { next: 'give --reason TEXT' });
};

/**
 * Asks a yes-or-no question; everything but `y` and `yes` is a no.
 *
 * @throws CommandError for a no, and where there is neither `--yes` nor a terminal
 */
export const confirm = async ({ io }: Pick<Session, 'io'>, question: string, isAgreed: boolean): Promise<void> => {
  if (isAgreed) return;
  const answer = await io.ask(`${question} [y/N] `);
  if (answer === undefined)
    throw usageError('--yes', `there is no terminal to ask at: ${question}`, { next: 'add --yes' });
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new CommandError('Refused', { message: 'you did not agree: nothing was changed' });
};
