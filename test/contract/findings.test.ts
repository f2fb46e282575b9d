import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFaults } from '../matrix/run-matrix.ts';
import { findingRows, namedTest, numbered, numberOf, textsIn } from '../support/findings.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const rowsIn = (page: string) =>
  findingRows(readFileSync(`${root}${page}`, 'utf8')).map(([finding = '', held = '', tests = '']) => ({
    finding: finding.trim(),
    held,
    tests: textsIn(tests, '`'),
  }));

const expectTests = (tests: readonly string[]): void => {
  expect(tests.length).toBeGreaterThan(0);
  for (const test of tests) {
    // A title or a text of a line, as it is written in the file.
    const { title, content } = namedTest(root, test);
    expect(title.length, test).toBeGreaterThan(0);
    expect(content, test).toContain(title);
  }
};

describe('the findings on nodes', async () => {
  const rows = rowsIn('docs/decisions/2026-11-30-node-findings.md');
  const faults = new Set((await readFaults()).map(({ name }) => name));

  it('are all there', () => {
    const cost = ['F1', 'F2', 'F3', 'F4', 'F7'];
    expect(rows.map(({ finding }) => numberOf(finding))).toEqual([
      ...numbered('P', 9),
      ...numbered('R', 14),
      ...['C2', 'M7', 'M8', 'M10'],
      ...cost,
      ...numbered('B', 11),
    ]);
  });

  it.each(rows)('$finding', ({ held, tests }) => {
    for (const cell of textsIn(held, '"')) expect(faults, cell).toContain(cell);
    expectTests(tests);
  });
});

describe('the findings on the way from a signal to a result', () => {
  const rows = rowsIn('docs/reliability.md');

  it('are all there', () => {
    expect(rows.map(({ finding }) => numberOf(finding))).toEqual([
      ...numbered('S', 24),
      ...numbered('L', 8),
      ...numbered('B', 10),
    ]);
  });

  it.each(rows)('$finding', ({ held, tests }) => {
    expect(held.trim()).not.toBe('');
    expectTests(tests);
  });
});

/** What the page says is missing needs no test; whatever else it says does. */
const expectHeld = ({ held, tests }: ReturnType<typeof rowsIn>[number]): void => {
  expect(held.trim()).not.toBe('');
  if (tests.length > 0 || !held.trim().startsWith('**Not held**')) expectTests(tests);
};

describe('the findings of users', () => {
  const rows = rowsIn('docs/decisions/2026-11-30-operators-findings.md');

  it('are all there', () => {
    expect(rows.map(({ finding }) => numberOf(finding))).toEqual(numbered('O', 36));
  });

  it.each(rows)('$finding', expectHeld);
});

describe('the findings of the other reviews', () => {
  const rows = rowsIn('docs/decisions/2026-11-30-review-findings.md');

  it('are all there', () => {
    expect(rows.map(({ finding }) => numberOf(finding))).toEqual([
      ...['C1', 'C2'],
      ...numbered('M', 13),
      ...numbered('N', 10),
      ...numbered('F', 10),
      ...numbered('T', 17),
      'A0',
      ...numbered('A', 15),
    ]);
  });

  it.each(rows)('$finding', expectHeld);
});
