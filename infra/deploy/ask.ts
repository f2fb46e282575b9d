import { createInterface } from 'node:readline/promises';
import { EXIT, UserError } from '../user-error.ts';

/** The ways to get an answer from a person. */
export type Asking = {
  /** The person agreed to everything beforehand: `--yes`. */
  readonly yes: boolean;
  readonly isTerminal: boolean;
};

/**
 * Asks a yes-or-no question on the terminal; everything but `y` and `yes` is a no.
 *
 * @param otherwise the error for a negative answer
 * @throws UserError if the answer is no, or if there is no terminal
 */
export const agree = async (question: string, otherwise: string, { yes, isTerminal }: Asking): Promise<void> => {
  if (yes) return;
  if (!isTerminal) throw new UserError(`${question} There is no terminal to ask at: add --yes to agree`, EXIT.refused);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input (Ctrl-D) is a no.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
  lines.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new UserError(otherwise, EXIT.refused);
};
