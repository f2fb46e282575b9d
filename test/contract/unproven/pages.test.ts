import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../infra/user-error.ts';
import { FOLDER, SCRIPTS } from './run-script.ts';

const root = join(FOLDER, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const LABELS = ['Claim', 'Relied on by', 'If it is false', 'Script', 'Look for'] as const;
const RESULT = /^(?:not run|PROVEN|REFUTED|INCONCLUSIVE)$/;

/** A section of docs/unproven.md. */
type Section = { readonly title: string; readonly text: string; readonly parts: ReadonlyMap<string, string> };

const sections: readonly Section[] = (read('docs/unproven.md').split('\n## The claims\n')[1]?.split('\n## ')[0] ?? '')
  .split('\n### ')
  .slice(1)
  .map((text) => ({
    title: text.split('\n', 1)[0] ?? '',
    text,
    parts: new Map([...text.matchAll(/^- \*\*([^*]+)\*\*: (.+)$/gm)].map(([, label = '', part = '']) => [label, part])),
  }));

const scriptOf = ({ parts }: Section): string =>
  /^\[`docs\/unproven\/([a-z0-9-]+\.sh)`\]\(unproven\/\1\)$/.exec(parts.get('Script') ?? '')?.[1] ?? '';

describe('docs/unproven.md', () => {
  it('has one claim for every script, and one script for every claim', () => {
    expect(sections.map(scriptOf).sort()).toEqual(SCRIPTS);
  });

  it.each(sections)('says about "$title" all that a reader needs to know', (section) => {
    expect([...section.parts.keys()]).toEqual(LABELS);
    for (const part of section.parts.values()) expect(part).toMatch(/[A-Z`].{20,}/);
  });

  it.each(sections)('names for "$title" what relies on it', ({ parts }) => {
    const reliance = parts.get('Relied on by') ?? '';
    expect(reliance).toMatch(/\]\(\.\.\/(?:core|infra|functions|ssm-documents)\//);
  });

  it.each(sections)('has for "$title" a table of its runs', ({ text }) => {
    const rows = text.split('\n').flatMap((line) =>
      line.startsWith('|')
        ? [
            line
              .split('|')
              .slice(1, -1)
              .map((cell) => cell.trim()),
          ]
        : [],
    );
    const [header, , ...runs] = rows;
    expect(header).toEqual(['Result', 'Date', 'Partition, region', 'By']);
    expect(runs.length).toBeGreaterThan(0);
    for (const [result = '', ...about] of runs) {
      expect(result).toMatch(RESULT);
      if (result === 'not run') expect(about).toEqual(['', '', '']);
      else {
        expect(about[0]).toMatch(/^20\d\d-\d\d-\d\d$/);
        expect(about[1]).toMatch(/^aws(?:-[a-z-]+)?, [a-z]{2}(?:-[a-z]+)+-\d$/);
        expect(about[2]).not.toBe('');
      }
    }
  });
});

describe('docs/deploying.md', () => {
  const page = read('docs/deploying.md');

  it('has a policy that IAM can read, for one account and region', () => {
    const policy: unknown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    expect(policy).toMatchObject({ Version: '2012-10-17' });
    const arns = JSON.stringify(policy).match(/arn:[^"]+/g) ?? [];
    expect(arns.length).toBeGreaterThan(3);
    for (const arn of arns) expect(arn).toMatch(/^arn:aws:[a-z]+:(?:eu-west-1)?:123456789012:/);
  });

  it('has a policy that allows the calls of `npm run deploy`', () => {
    const sources = readdirSync(join(root, 'infra/deploy'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => read(`infra/deploy/${file}`))
      .join('\n');
    const called = new Set(
      [...sources.matchAll(/\bnew ([A-Z]\w+)Command\(|\bpaginate([A-Z]\w+)\(/g)].map(([, a, b]) => a ?? b ?? ''),
    );
    expect(called.size).toBeGreaterThan(4);
    // GetCallerIdentity needs no permission.
    called.delete('GetCallerIdentity');
    const policy = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect([...called].filter((operation) => !new RegExp(`"[a-z]+:${operation}"`).test(policy))).toEqual([]);
  });

  it('has every option of `npm run deploy`, and no other', () => {
    const help = execFileSync(process.execPath, [join(root, 'infra/deploy/deploy.ts'), '--help'], { encoding: 'utf8' });
    const optionsOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, option]) => option).sort();
    const wanted = optionsOf(help, /^ {2}(--[a-z-]+)/gm);
    expect(wanted.length).toBeGreaterThan(5);
    expect(optionsOf(page, /^\| `(--[a-z-]+)[^`]*` +\|/gm)).toEqual(wanted);
  });

  it('has every exit code of `npm run deploy`', () => {
    const codes = [...page.matchAll(/^\| (\d) +\| /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  it('has the cost that docs/costs.md computes', () => {
    const computed = /^\| all .*\| (\$[\d.]+) \|$/m.exec(read('docs/costs.md'))?.[1] ?? 'none';
    expect(page).toMatch(new RegExp(`^\\| 1,000 nodes +\\| ${computed.replace(/[$.]/g, '\\$&')} `, 'm'));
  });

  it('knows the alarms about fleetmend itself, and the quotas that a deployment may meet', () => {
    for (const text of ['51 alarms', '500 documents', 'reserves 5', 'log group takes [two]'])
      expect(page).toContain(text);
  });
});

it('describes a deployment in at most 45 lines of the README', () => {
  const section = /\n## Deploy\n[\s\S]*?(?=\n## )/.exec(read('README.md'))?.[0] ?? '';
  expect(section.trim().split('\n').length).toBeLessThanOrEqual(45);
  for (const word of ['AmazonSSMManagedInstanceCore', 'ssmmessages', 'cdk bootstrap', 'a month', 'NotManaged'])
    expect(section).toContain(word);
});
