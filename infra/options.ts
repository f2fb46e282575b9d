import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { firstLine, UserError } from './user-error.ts';

/**
 * Parses the options of a command line without arguments.
 *
 * @param hint the place of the description, as the end of a sentence
 * @throws UserError that names the unknown word
 */
export const readOptions = <const Options extends ParseArgsOptionsConfig>(options: Options, hint: string) => {
  try {
    return parseArgs({ options }).values;
  } catch (cause) {
    throw new UserError(`${firstLine(cause)}; ${hint}`, undefined, cause);
  }
};
