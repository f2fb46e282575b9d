import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFaults } from '../matrix/run-matrix.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/decisions/2026-11-30-node-findings.md`, 'utf8');
const faults = new Set((await readFaults()).map(({ name }) => name));

const rows = page
  .split('\n')
  .filter((line) => /^\| [A-Z]\d+: /.test(line))
  .map((line) => {
    const [, finding = '', cells = '', tests = ''] = line.split('|');
    return { finding: finding.trim(), cells: texts(cells, '"'), tests: texts(tests, '`') };
  });

/** What stands between marks. */
function texts(text: string, mark: string): readonly string[] {
  return text.split(mark).filter((_, at) => at % 2 === 1);
}

describe('the findings on nodes', () => {
  it('are all there', () => {
    const numbers = rows.map(({ finding }) => finding.split(':')[0]);
    const range = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
    const cost = ['F1', 'F2', 'F3', 'F4', 'F7'];
    expect(numbers).toEqual([...range('P', 9), ...range('R', 14), 'C2', 'M7', 'M8', 'M10', ...cost]);
  });

  it.each(rows)('$finding', ({ cells, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const cell of cells) expect(faults, cell).toContain(cell);
    for (const test of tests) {
      const [path = '', ...title] = test.split(': ');
      // A title or a text of a line, as it is written in the file, where quotation marks may be escaped.
      const content = readFileSync(`${root}${path}`, 'utf8').replaceAll('\\', '');
      expect(content, test).toContain(title.join(': '));
    }
  });
});
