import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderRemediations } from '../../ssm-documents/builder/remediations-page.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/adding-a-remediation.md'), 'utf8');

describe('docs/remediations.md', () => {
  it('is up to date with the registry (node ssm-documents/builder/render-docs.ts writes it)', () => {
    expect(readFileSync(join(root, 'docs/remediations.md'), 'utf8')).toBe(renderRemediations());
  });

  it('has every reason, and every table row in one line with all its cells', () => {
    const text = renderRemediations();
    for (const { reasons } of remediations)
      for (const name of Object.keys(reasons)) expect(text).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
    const rows =
      text
        .split('\n## Reasons\n')[1]
        ?.split('\n## ')[0]
        ?.split('\n')
        .filter((line) => line.startsWith('|')) ?? [];
    const cells = rows.map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(cells)).toEqual(new Set([8]));
  });
});

describe('docs/adding-a-remediation.md', () => {
  it('names every shared part, and no other', () => {
    const named = [...guide.matchAll(/^\| `([a-z/-]+)` +\|/gm)].map((m) => m[1]).sort();
    const shared = globSync('*/*.sh', { cwd: join(root, 'ssm-documents/lib'), exclude: ['testing/**'] })
      .map((file) => file.replace('.sh', ''))
      .filter((name) => !['base/prelude', 'base/result', 'base/single'].includes(name));
    expect(named).toEqual(shared.sort());
  });
});
