import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { firstLine, UserError } from './user-error.ts';

/**
 * Reads the options of a command line that takes nothing else.
 *
 * @param hint where the options are described, as the end of a sentence
 * @throws UserError naming the word that is none of them
 */
export const readOptions = <const Options extends ParseArgsOptionsConfig>(options: Options, hint: string) => {
  try {
    return parseArgs({ options }).values;
  } catch (cause) {
    throw new UserError(`${firstLine(cause)}; ${hint}`, undefined, cause);
  }
};
