// The words after an npm script. Plain JavaScript, because a starter reads them before there is a Node that reads TypeScript.
import { parseArgs } from 'node:util';

/** Ends the process for a mistake in its words: says what it is and how to use the program, with exit code 2. */
export const stopForWords = (mistake, usage) => {
  console.error(`${mistake}\n${usage}`);
  process.exit(2);
};

/** Reads the words of a command line. `--help` prints the usage and ends the process; a wrong word ends it by {@link stopForWords}. */
export const readWords = (usage, options = {}, { allowPositionals = false, words = process.argv.slice(2) } = {}) => {
  try {
    const known = { ...options, help: { type: 'boolean' } };
    const { values, positionals } = parseArgs({ args: words, options: known, allowPositionals });
    if (values.help !== true) return { values, positionals };
  } catch (thrown) {
    // What follows shows how to pass an argument that begins with a dash.
    stopForWords(thrown.message.split(/\. To specify|\n/)[0], usage);
  }
  console.log(usage);
  process.exit(0);
};

/** A positive whole number of an option; anything else ends the process by {@link stopForWords}. */
export const countOf = (option, text, usage) => {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  return stopForWords(`--${option} must be a whole number from 1 on, not ${JSON.stringify(text)}`, usage);
};
