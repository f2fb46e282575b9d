import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readResult } from '../../core/model/document-result.ts';
import type { Remediation } from '../../core/model/remediation.ts';
import { type BuiltDocument, buildDocuments, NODE_CHECK } from '../../ssm-documents/builder/build.ts';
import { validateDocument } from '../../ssm-documents/builder/document.ts';
import { renderRemediations } from '../../ssm-documents/builder/remediations-page.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/adding-a-remediation.md'), 'utf8');

describe('docs/remediations.md', () => {
  it('is what the registry says now (node ssm-documents/builder/render-docs.ts writes it)', () => {
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
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-adding-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let mine: Remediation;
  let documents: readonly BuiltDocument[];

  beforeAll(async () => {
    // A tree of its own, so that the page's commands can be run as they stand there.
    cpSync(join(root, 'ssm-documents'), join(folder, 'ssm-documents'), { recursive: true });
    for (const name of ['core', 'node_modules']) symlinkSync(join(root, name), join(folder, name));
    const commands = /```sh\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
    expect(commands).toContain('cp -r ssm-documents/_template');
    execFileSync('bash', ['-euc', commands], { cwd: folder });
    const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, 'ssm-documents', path)).href);
    mine = (await load('node-clock/remediation.ts')).remediation;
    documents = (await load('builder/build.ts')).buildDocuments([...remediations, mine]);
  });

  it('makes a remediation that builds valid documents', () => {
    expect(mine).toMatchObject({ name: 'node-clock', disruptive: false });
    expect(Object.keys(mine.reasons)).toContain('NodeClockFileMissing');
    const keys = documents.map((d) => d.key);
    expect(keys).toEqual(expect.arrayContaining(['node-clock-check', 'node-clock-repair', 'node-check']));
    for (const document of documents) expect(validateDocument(document.content), document.key).toEqual([]);
    expect(documents.at(-1)?.json).toContain(
      `NODE_CHECKS=(${[...remediations, mine].map(({ name }) => name).join(' ')})`,
    );
  });

  it('leaves the documents of the others as they were', () => {
    const others = buildDocuments().filter((d) => d.key !== NODE_CHECK);
    expect(others.length).toBeGreaterThan(0);
    expect(documents.map((d) => d.json)).toEqual(expect.arrayContaining(others.map((d) => d.json)));
  });

  it('makes documents that find, repair and find repaired, and leave nothing behind', () => {
    const run = (key: string) => {
      const document = documents.find((d) => d.key === key);
      const file = join(folder, `${key}.sh`);
      writeFileSync(file, document?.content.mainSteps[0]?.inputs.runCommand.join('\n') ?? '', { mode: 0o755 });
      const env = { FLEETMEND_RUN_DIR: join(folder, 'run'), FLEETMEND_NODE_CLOCK_FILE: join(folder, 'etc/example') };
      const output = execFileSync('bash', ['-c', `"${file}" 2>/dev/null || true`], { env, encoding: 'utf8' });
      const reading = readResult(output);
      return reading.kind === 'result' ? [reading.result.outcome, reading.result.reason] : [reading.message];
    };
    mkdirSync(join(folder, 'etc'));
    expect(run('node-clock-check')).toEqual(['Broken', 'NodeClockFileMissing']);
    expect(run('node-clock-repair')).toEqual(['Repaired', 'NodeClockFileMissing']);
    expect(run('node-clock-check')).toEqual(['Healthy', undefined]);
    expect(readdirSync(join(folder, 'etc'))).toEqual(['example']);
    expect(readdirSync(join(folder, 'run'))).toEqual(['lock']);
  });

  it('makes shell tests that pass', () => {
    const tests = join(folder, 'ssm-documents/node-clock');
    const output = execFileSync('bash', [join(root, 'node_modules/bats/bin/bats'), '--tap', tests], {
      encoding: 'utf8',
    });
    expect(output).toMatch(/^ok 1 /m);
  });

  it('names every shared part, and no other', () => {
    const named = [...guide.matchAll(/^\| `([a-z/-]+)` +\|/gm)].map((m) => m[1]).sort();
    const shared = globSync('*/*.sh', { cwd: join(root, 'ssm-documents/lib'), exclude: ['testing/**'] })
      .map((file) => file.replace('.sh', ''))
      .filter((name) => !['base/prelude', 'base/result', 'base/single'].includes(name));
    expect(named).toEqual(shared.sort());
  });
});
