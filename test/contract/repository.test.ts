import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts, version } = z
  .object({ scripts: z.record(z.string(), z.string()), version: z.string() })
  .parse(JSON.parse(read('package.json')));

const Step = z.object({ name: z.string().optional(), run: z.string().optional(), uses: z.string().optional() });
const Workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({ 'runs-on': z.string(), 'timeout-minutes': z.number(), steps: z.array(Step).min(1) }),
  ),
});

/** The suites that test/run.mjs takes as words. */
const SUITES = [...read('test/suites.mjs').matchAll(/\bname: '(\w+)',\s+share:/g)]
  .map(([, name = '']) => name)
  .concat('programs');

/** The scripts, files and suites that a command of a workflow calls and the repository lacks. */
const lackedBy = (command: string): string[] => [
  ...[...command.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => scripts[name] === undefined)
    .map((name) => `script ${name}`),
  ...[...command.matchAll(/\b(?:node|bash|sh) ([\w./-]+\.\w+)/g)]
    .map(([, path = '']) => path)
    .filter((path) => !existsSync(join(root, path))),
  ...(/\bnpm test -- ([\w ]+)/.exec(command)?.[1] ?? '')
    .split(' ')
    .filter((suite) => suite !== '' && !SUITES.includes(suite))
    .map((suite) => `suite ${suite}`),
];

it('finds a missing script, file or suite in a command of a workflow', () => {
  expect(lackedBy('npm run demo && npm run -s nothing')).toEqual(['script nothing']);
  expect(lackedBy('bash test/nothing.sh; node test/run.mjs')).toEqual(['test/nothing.sh']);
  expect(lackedBy('npm test -- lint nothing')).toEqual(['suite nothing']);
});

const workflows = globSync('.github/workflows/*.yml', { cwd: root });
it('has workflows', () => {
  expect(workflows.length).toBeGreaterThan(1);
});

describe.each(workflows)('%s', (path) => {
  const text = read(path);
  const { permissions, jobs } = Workflow.parse(parse(text));
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('calls only scripts, files and suites that exist', () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(commands.some((command) => command.includes('npm '))).toBe(true);
    expect(commands.flatMap(lackedBy)).toEqual([]);
  });

  it('reads the repository and has no other permission', () => {
    expect(permissions).toEqual({ contents: 'read' });
    expect(text).not.toContain('secrets.');
    expect(text).not.toContain('pull_request_target');
  });

  it('names each action by its commit, with the version in a comment', () => {
    const lines = text.split('\n').filter((line) => /\buses:/.test(line));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });
});

it.each(globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: root }))('%s is YAML', (path) => {
  expect(parse(read(path))).toEqual(expect.any(Object));
});

it('pins Node.js to 24 everywhere', () => {
  expect(read('.node-version').trim()).toBe('24');
  const { packageRules } = z
    .object({
      packageRules: z.array(
        z.object({ matchPackageNames: z.array(z.string()).default([]), allowedVersions: z.string().optional() }),
      ),
    })
    .parse(JSON.parse(read('renovate.json')));
  const rule = packageRules.find(({ matchPackageNames }) => matchPackageNames.includes('node'));
  const nodePackages = Object.keys(JSON.parse(read('package.json')).optionalDependencies);
  expect(rule?.matchPackageNames).toEqual(expect.arrayContaining(['@types/node', ...nodePackages]));
  const allowed = new RegExp(rule?.allowedVersions?.slice(1, -1) ?? 'none');
  expect(['24', '24.22.3', '25.0.0', '240.0.0'].filter((name) => allowed.test(name))).toEqual(['24', '24.22.3']);
});

it('has an entry for its version in CHANGELOG.md', () => {
  expect(read('CHANGELOG.md')).toMatch(
    new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - 20\\d\\d-\\d\\d-\\d\\d$`, 'm'),
  );
});

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const withoutCode = (text: string): string =>
  text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, (code) => code.replaceAll('](', ''));
const anchors = (path: string): readonly string[] =>
  [...withoutCode(read(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

const pages = globSync(['*.md', '.github/**/*.md', '{docs,lab,events,functions,ssm-documents}/**/*.md'], { cwd: root });

describe.each(pages)('the links of %s', (page) => {
  it('lead to a page, a file or a heading', () => {
    const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links
      .filter((link) => !/^https:\/\/[\w.-]+(?:\/|$)/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#');
        const path = file === '' ? page : join(dirname(page), file);
        if (!existsSync(join(root, path))) return true;
        return anchor !== undefined && !anchors(path).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});
