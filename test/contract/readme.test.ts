import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMOS, EXCERPTS, excerpt, sectionOf, transcript } from '../docs/transcripts.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('README.md', () => {
  it('has at most 120 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
  });

  it.each(EXCERPTS)('shows "$section" of the transcript of $command', (shown) => {
    expect(excerpt(shown)).toBe(sectionOf(transcript(shown.command), shown.section));
    expect(excerpt(shown).split('\n').length).toBeGreaterThan(5);
  });

  it.each(EXCERPTS)('names the command of its excerpt: $command', ({ command }) => {
    expect(readme).toContain(`\`${command}\``);
  });
});

describe('docs/demo.md', () => {
  it.each(DEMOS)('shows the output of $command in at most 80 columns', ({ command }) => {
    const lines = transcript(command).split('\n');
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  });
});
