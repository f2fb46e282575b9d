import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** The two ways to run the demo, with the options of `lab/demo.ts`. */
export const DEMOS = [
  { command: 'npm run demo', options: [] },
  { command: 'npm run demo -- --real', options: ['--real'] },
] as const;

type Block = { readonly before: string; readonly output: string; readonly after: string };

/** Splits a page at the code block that follows the marker. */
const blockOf = (file: string, marker: string): Block => {
  const page = readFileSync(join(root, file), 'utf8');
  const start = `<!-- ${marker} -->\n\`\`\`\n`;
  const at = page.indexOf(start);
  const end = page.indexOf('```\n<!-- end -->', at);
  if (at < 0 || end < 0) throw new Error(`reading ${file}: it has no block "${marker}"`);
  const from = at + start.length;
  return { before: page.slice(0, from), output: page.slice(from, end), after: page.slice(end) };
};

const replaceBlock = (file: string, marker: string, output: string): void => {
  const { before, after } = blockOf(file, marker);
  writeFileSync(join(root, file), `${before}${output}${after}`);
};

/** The transcript of a command in docs/demo.md. */
export const transcript = (command: string): string => blockOf('docs/demo.md', `output of: ${command}`).output;

/** The sections of the transcripts that README.md shows. */
export const EXCERPTS = [{ command: 'npm run demo', section: 'Timeline of the first repair' }] as const;

/** The lines of a transcript from the heading to the next empty line. */
export const sectionOf = (text: string, heading: string): string => {
  const at = text.indexOf(`\n${heading}`);
  if (at < 0) throw new Error(`reading a transcript: it has no section "${heading}"`);
  return `${text
    .slice(at + 1)
    .split('\n\n')[0]
    ?.trimEnd()}\n`;
};

/** The excerpt that README.md shows. */
export const excerpt = ({ command, section }: (typeof EXCERPTS)[number]): string =>
  blockOf('README.md', `excerpt of: ${command}, ${section}`).output;

/** Writes the output of a command into docs/demo.md, and its excerpts into README.md. */
export const writeTranscript = (command: string, output: string): void => {
  replaceBlock('docs/demo.md', `output of: ${command}`, output);
  for (const { section } of EXCERPTS.filter((e) => e.command === command))
    replaceBlock('README.md', `excerpt of: ${command}, ${section}`, sectionOf(output, section));
};

/** A line without the parts that differ between runs: times, ids, ports, widths of table cells, lengths of bars. */
export const normalized = (line: string): string =>
  line
    .replace(/i-0[0-9a-f]{16}/g, 'i-…')
    .replace(/sha256:[0-9a-f]+/g, 'sha256:…')
    .replace(/\d+(\.\d+)?/g, '#')
    .replace(/[█─┌┐├┤└┘┬┴┼]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** The distinct lines of a text, normalized, without empty ones. Two runs with the same events have the same lines. */
export const story = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .map(normalized)
      .filter((line) => line !== '' && line !== '│'),
  );
