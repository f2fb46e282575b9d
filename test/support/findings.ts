import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands between marks. */
export const textsIn = (text: string, mark: string): readonly string[] =>
  text.split(mark).filter((_, at) => at % 2 === 1);

/** The rows of a page's tables of findings, each as its cells: the first begins with the finding's number. */
export const findingRows = (page: string): readonly (readonly string[])[] =>
  page
    .split('\n')
    .filter((line) => /^\| [A-Z]\d+: /.test(line))
    .map((line) => line.split('|').slice(1, -1));

/** The number of a finding, such as P1. */
export const numberOf = (finding: string): string => finding.trim().split(':')[0] ?? '';

/** The numbers of so many findings. */
export const numbered = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);

/** The text that a named test must have, and that of its file, where quotation marks may be escaped. */
export const namedTest = (root: string, test: string): { readonly title: string; readonly content: string } => {
  const [path = '', ...title] = test.split(': ');
  return { title: title.join(': '), content: readFileSync(join(root, path), 'utf8').replaceAll('\\', '') };
};
