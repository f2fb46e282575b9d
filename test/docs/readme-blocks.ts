import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, '..', '..', 'README.md');

/** The block of the README that holds a command's output: what stands before, in and after its fence. */
const split = (command: string, readme: string): readonly [string, string, string] => {
  const start = `<!-- output of: ${command} -->\n\`\`\`\n`;
  const at = readme.indexOf(start);
  const end = readme.indexOf('```\n<!-- end -->', at);
  if (at < 0 || end < 0) throw new Error(`reading the README: it has no block for ${command}`);
  return [readme.slice(0, at + start.length), readme.slice(at + start.length, end), readme.slice(end)];
};

/** The output that the README shows for a command. */
export const shown = (command: string): string => split(command, readFileSync(file, 'utf8'))[1];

/** The README with this output for the command. */
export const withOutput = (command: string, output: string): string => {
  const [before, , after] = split(command, readFileSync(file, 'utf8'));
  return `${before}${output}${after}`;
};

/**
 * A line without what differs from run to run: times, ids, ports, widths of table cells, lengths of bars. Two runs that
 * tell the same story have the same lines.
 */
export const normalized = (line: string): string =>
  line
    .replace(/i-0[0-9a-f]{16}/g, 'i-…')
    .replace(/sha256:[0-9a-f]+/g, 'sha256:…')
    .replace(/\d+(\.\d+)?/g, '#')
    .replace(/[█─┌┐├┤└┘┬┴┼]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** The different lines of a text, normalized; empty ones left out. */
export const story = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .map(normalized)
      .filter((line) => line !== '' && line !== '│'),
  );
