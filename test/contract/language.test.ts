import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WORDINGS } from './language/wordings.ts';

const root = join(import.meta.dirname, '../..');

/** Folders and pages that still use a wording, by its replacement. The list only gets shorter. */
const UNFINISHED: Readonly<Record<string, readonly string[]>> = {};

/** Pages that quote what was written earlier, and the list of the wordings itself. */
const EXCLUDED = /^(?:docs\/decisions\/|CHANGELOG\.md$|test\/contract\/language)/;

const files = globSync(
  [
    '*.md',
    '.github/**/*.{md,yml}',
    '{core,events,functions,ssm-documents,infra,cli,lab,test,docs}/**/*.{ts,mjs,cjs,sh,bats,md}',
  ],
  { cwd: root },
)
  .filter((path) => !EXCLUDED.test(path))
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n') }));

it('reads the files of the repository', () => {
  expect(files.length).toBeGreaterThan(500);
});

describe.each(WORDINGS)('$pattern', ({ pattern, instead, reason, hit, miss }) => {
  it('matches its sample, and not the other', () => {
    expect(hit).toMatch(pattern);
    expect(miss).not.toMatch(pattern);
    expect(instead).not.toBe('');
    expect(reason).not.toBe('');
  });

  const unfinished = UNFINISHED[instead] ?? [];
  const found = files.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => (pattern.test(line) ? [{ path, place: `${path}:${i + 1}: ${line.trim()}` }] : [])),
  );

  it(`is not used; use: ${instead}`, () => {
    const places = found.filter(({ path }) => !unfinished.some((folder) => path.startsWith(folder)));
    expect(places.map(({ place }) => place)).toEqual([]);
  });
});
