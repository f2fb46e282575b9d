import { createInterface } from 'node:readline/promises';
import { EXIT, UserError } from '../user-error.ts';

/** How a deployment may ask. */
export type Asking = {
  /** The person agreed to everything beforehand: `--yes`. */
  readonly yes: boolean;
  readonly isTerminal: boolean;
};

/**
 * Asks a yes-or-no question on the terminal; everything but `y` and `yes` is a no.
 *
 * @param otherwise says what has not happened where the answer is no
 * @throws UserError where the answer is no, or where there is nobody to ask
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
