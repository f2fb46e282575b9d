import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderRemediations } from '../../ssm-documents/builder/remediations-page.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/adding-a-remediation.md'), 'utf8');

const names = [...new Set(remediations.flatMap(({ reasons }) => Object.keys(reasons)))];
const guides = remediations.flatMap((remediation) =>
  Object.entries(remediation.guide).map(([name, guide]) => ({
    remediation: remediation.name,
    name,
    guide,
    reason: remediation.reasons[name],
    readme: readFileSync(join(root, 'ssm-documents', remediation.name, 'README.md'), 'utf8'),
  })),
);

describe('docs/remediations.md', () => {
  it('is up to date with the registry (node ssm-documents/builder/render-docs.ts writes it)', () => {
    expect(readFileSync(join(root, 'docs/remediations.md'), 'utf8')).toBe(renderRemediations());
  });

  const text = renderRemediations();
  const reasons = text.split('\n## Reasons\n')[1]?.split('\n## ')[0] ?? '';

  it('has every reason in its table, and every table row in one line with all its cells', () => {
    const rows = reasons.split('\n').filter((line) => line.startsWith('|'));
    for (const name of names) expect(reasons).toContain(`\n| [\`${name}\`](#${name.toLowerCase()}) `);
    expect(rows).toHaveLength(names.length + 2);
    const cells = rows.map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(cells)).toEqual(new Set([7]));
  });

  it.each(names)('shows for %s what is wrong, where, why, what to do next, and how to undo it', (name) => {
    const section = reasons.split(`\n### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
    const lines = section.trim().split('\n');
    const labels = ['What', 'Where', 'Why', 'Next step', 'How to undo it'];
    expect(lines.map((line) => line.split(':**')[0])).toEqual(labels.map((label) => `- **${label}`));
    for (const line of lines) expect(line.split(':** ')[1], line).toMatch(/^.{15,}\.$/);
  });
});

describe('the guide of each reason', () => {
  it.each(remediations.map((r) => [r.name, r] as const))('of %s is there, and none of another', (_, remediation) => {
    expect(Object.keys(remediation.guide).toSorted()).toEqual(Object.keys(remediation.reasons).toSorted());
  });

  it.each(guides)('$remediation, $name: names the place, and a way back or that there is nothing to undo', (one) => {
    const { guide, reason, readme } = one;
    expect(guide.where).toMatch(/^.*`[^`]+`.*\.$/);
    const spans = guide.undo.split('`').filter((_, at) => at % 2 === 1);
    const commands = spans.filter((text) => text.includes(' '));
    if (/^(?:Nothing: |No step is necessary: )/.test(guide.undo)) expect(commands).toEqual([]);
    else if (!guide.undo.startsWith('Run the repair again: ')) expect(commands.length).toBeGreaterThan(0);
    // What no repair can change has nothing to undo.
    if (reason?.repairable === false) expect(guide.undo).toMatch(/^Nothing: /);
    const undone = readme.split('\n## How to undo it\n')[1]?.split('\n## ')[0] ?? '';
    for (const command of commands) expect(undone, command).toContain(`\`${command}\``);
  });

  it('has a way back for every reason that a repair of the matrix repaired', () => {
    const sections = readFileSync(join(root, 'docs/matrix.md'), 'utf8').split('\n## ').slice(1);
    const repaired = sections.flatMap((section) => {
      const [remediation, ...rows] = section.split('\n');
      return rows
        .filter((row) => row.includes('| repaired, '))
        .flatMap((row) => row.match(/^\|[^|]+\| +`([A-Za-z]+)` +\|/)?.[1] ?? [])
        .map((reason) => `${remediation} ${reason}`);
    });
    expect(new Set(repaired).size).toBeGreaterThan(10);
    for (const { remediation, name, guide } of guides)
      if (repaired.includes(`${remediation} ${name}`)) expect(guide.undo, name).not.toMatch(/^Nothing: /);
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
