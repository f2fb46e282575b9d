import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mayReport, meaningOf, Outcome, SCRIPT_OUTCOMES } from '../../core/model/outcome.ts';
import { PRODUCT_FILES, read, root } from '../support/repository.ts';

// SSM has statuses of these two names, so they count only beside the word outcome.
const AMBIGUOUS = new Set(['TimedOut', 'Unknown']);
const names = Outcome.options.filter((name) => !AMBIGUOUS.has(name)).join('|');
const all = Outcome.options.join('|');

/** Ways to decide by the name of an outcome. Writing an outcome into a result is not among them. */
const DECISIONS = [
  new RegExp(`[!=]==\\s*'(?:${names})'`),
  new RegExp(`'(?:${names})'\\s*[!=]==`),
  new RegExp(`outcome\\)?\\s*[!=]==\\s*'(?:${all})'`),
  new RegExp(`case '(?:${names})'`),
  new RegExp(`\\[(?:\\s*'(?:${all})',?){2,}\\s*\\]`),
  new RegExp(`new Set(?:<\\w+>)?\\(\\[\\s*'(?:${names})'`),
  new RegExp(`[cC]ounts\\??\\.(?:${all})\\b`),
];

const decisionsIn = (text: string): readonly string[] =>
  text.split('\n').filter((line) => DECISIONS.some((decision) => decision.test(line)));

const work = mkdtempSync(join(tmpdir(), 'fleetmend-outcome-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('the meaning of an outcome', () => {
  it.each([
    "if (row.outcome !== 'Repaired') return row;",
    "const FAILED = new Set<Outcome>(['NotRepaired', 'Relapsed']);",
    "return ['Healthy', 'Repaired'].includes(x) ? 0 : 1;",
    "case 'Broken':",
    'run.commands.some((c) => (c.counts?.Healthy ?? 0) > 0)',
    "outcome === 'TimedOut'",
  ])('is not decided by its name: %s', (line) => {
    expect(decisionsIn(line)).toEqual([line]);
  });

  it.each(["status === 'TimedOut'", "{ outcome: 'Repaired', message }", 'withCounts(counts, { Unknown: 1 })'])(
    'may be written: %s',
    (line) => {
      expect(decisionsIn(line)).toEqual([]);
    },
  );

  it('is read from the table by every file', () => {
    const others = PRODUCT_FILES.filter((file) => file !== 'core/model/outcome.ts');
    expect(others.length).toBeGreaterThan(200);
    expect(others.flatMap((file) => decisionsIn(read(file)).map((line) => `${file}: ${line}`))).toEqual([]);
  });

  it('is one row: an outcome that is added to the table alone compiles, and is known everywhere', () => {
    for (const folder of ['core', 'events']) cpSync(join(root, folder), join(work, folder), { recursive: true });
    for (const link of ['node_modules', 'package.json', 'tsconfig.json'])
      symlinkSync(join(root, link), join(work, link));
    const table = join(work, 'core/model/outcome.ts');
    const row = "  Rebooted: { ...NEITHER, meaning: 'the node was restarted as a whole', isRepaired: true },\n";
    writeFileSync(table, readFileSync(table, 'utf8').replace(/^ {2}Healthy: \{$/m, `${row}  Healthy: {`));
    const probe = `import { endOf } from '${work}/core/guards/trust.ts';
      import { isAttributable } from '${work}/core/guards/attributable.ts';
      import { Outcome } from '${work}/core/model/outcome.ts';
      console.log(JSON.stringify([Outcome.parse('Rebooted'), endOf({ outcome: 'Rebooted' }, new Set()), isAttributable({ outcome: 'Rebooted' }, new Set())]));`;
    writeFileSync(join(work, 'probe.mjs'), probe);
    const printed = execFileSync(process.execPath, [join(work, 'probe.mjs')], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual(['Rebooted', 'repaired', false]);
    const config = { extends: './tsconfig.json', include: ['core/**/*.ts'], exclude: ['**/*.test.ts'] };
    writeFileSync(join(work, 'tsconfig.core.json'), JSON.stringify(config));
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(work, 'tsconfig.core.json')], { stdio: 'pipe' });
  });
});

/** Runs a function of the shell library with each pair of arguments, and returns the value of REPLY after each. */
const replies = (file: string, name: string, calls: readonly (readonly string[])[]): readonly string[] => {
  const body = read(file).match(new RegExp(`^${name}\\(\\) \\{$.*?^\\}$`, 'ms'))?.[0] ?? `no function ${name}`;
  const lines = calls.map((args) => `${name} ${args.join(' ')}; printf '%s\\n' "$REPLY"`);
  return execFileSync('bash', ['-euc', [body, ...lines].join('\n')], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
};

describe('the scripts', () => {
  it('end with the exit code of the table', () => {
    const codes = replies(
      'ssm-documents/lib/base/result.sh',
      'exit_code',
      SCRIPT_OUTCOMES.map((o) => [o]),
    );
    expect(codes).toEqual(SCRIPT_OUTCOMES.map((o) => String(meaningOf(o).script?.exitCode)));
  });

  it('report the more severe of two outcomes, in the order of the table', () => {
    const checks = SCRIPT_OUTCOMES.filter((outcome) => mayReport('check', outcome));
    const pairs = checks.flatMap((a) => checks.map((b) => [a, b]));
    expect(replies('ssm-documents/lib/node-check.sh', 'worse_outcome', pairs)).toEqual(
      pairs.map((pair) => checks.find((outcome) => pair.includes(outcome))),
    );
  });

  it('finish with outcomes that a script may report', () => {
    const scripts = PRODUCT_FILES.filter((file) => file.startsWith('ssm-documents/') && file.endsWith('.sh'));
    const said = scripts.flatMap((file) => [...read(file).matchAll(/\bfinish ([A-Z][a-z]\w+)/g)].map((m) => m[1]));
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter((name) => !SCRIPT_OUTCOMES.some((outcome) => outcome === name))).toEqual([]);
  });
});
