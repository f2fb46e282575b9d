import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNSUPPORTED } from '../../core/model/unsupported.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/deploying.md'), 'utf8');
const section = page.split('\n## Kinds of nodes\n')[1]?.split('\n## ')[0] ?? '';
const [kinds = '', documents = ''] = section.split('On Linux, a document itself');
const reasonsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^\|[^|]+\| `([A-Za-z]+)` +\|/gm)].map(([, reason = '']) => reason).toSorted();

/** The reasons with which scripts end as `Unsupported`. */
const finished = (text: string): readonly string[] =>
  [...text.matchAll(/\bfinish Unsupported ([A-Za-z]+)/g)].map(([, reason = '']) => reason);

describe('the kinds of nodes in docs/deploying.md', () => {
  it('are those that fleetmend sends nothing to', () => {
    expect(reasonsIn(kinds)).toEqual(Object.keys(UNSUPPORTED).toSorted());
  });

  it.each(Object.entries(UNSUPPORTED))('%s has the advice that the audit table gets', (reason, { advice }) => {
    const row = kinds.split('\n').find((line) => line.includes(`| \`${reason}\` `)) ?? '';
    expect(row.replace('([remediations.md](remediations.md))', '(docs/remediations.md)')).toContain(`| ${advice} `);
  });

  it('have the reasons with which a document says that it does not apply', () => {
    const scripts = globSync('ssm-documents/**/*.sh', { cwd: root, exclude: ['**/_template/**'] });
    const said = scripts.flatMap((file) => finished(readFileSync(join(root, file), 'utf8')));
    expect(said.length).toBeGreaterThan(5);
    expect(reasonsIn(documents)).toEqual([...new Set(said)].toSorted());
  });

  it('cites files that are there', () => {
    const files = [...section.matchAll(/`(core\/[^`]+)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
