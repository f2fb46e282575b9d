import { spawnSync } from 'node:child_process';
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
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readResult } from '../../core/model/document-result.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { isDeep } from '../deep.ts';
import { sampleOf } from '../support/sample.ts';

const root = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'fleetmend-new-remediation-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const TIMEOUT_MS = 900_000;
const page = readFileSync(join(root, 'docs/adding-a-remediation.md'), 'utf8');
/** The commands below each numbered heading of the page. */
const commands = new Map(
  page
    .split(/^## \d+\. /m)
    .map((section) => [section.split('\n', 1)[0] ?? '', /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? '']),
);

/** The contract tests that read something of a remediation: the others would say the same again. Deep runs have them all. */
const contractTests = ((): string => {
  if (isDeep) return 'test/contract';
  const files = globSync('test/contract/*.test.ts', { cwd: root })
    .filter((file) => /ssm-documents|remediations/.test(readFileSync(join(root, file), 'utf8')))
    // Events of all kinds, a copy of the tree, the words of scripts, the wrapper of bats: none asks about one more remediation.
    .filter((file) => !/(?:fuzz|new-entries|words|bats-failures)\.test\.ts$/.test(file));
  // The unit suite runs all of them over the remediations that there are.
  return sampleOf('contract tests of a new remediation', files.toSorted(), 7).join(' ');
})();

/** Runs the commands below a heading of the page, as they are written there, in the copy of the tree. */
const follow = (heading: string): string => {
  const text = commands.get(heading) ?? '';
  expect(text, heading).not.toBe('');
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-euo', 'pipefail', '-c', text.replace(' test/contract\n', ` ${contractTests}\n`)],
    {
      cwd: copy,
      encoding: 'utf8',
      // One process loads what the tests have in common once.
      env: {
        ...process.env,
        VITEST_MAX_WORKERS: '1',
        PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      },
    },
  );
  expect({ heading, status, output: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({
    heading,
    status: 0,
    output: '',
  });
  return stdout;
};

const filesOf = (folder: string): ReadonlyMap<string, string> => {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const paths = stdout.split('\0').filter((path) => path !== '' && path !== 'node_modules');
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
};

describe('a remediation that is added by docs/adding-a-remediation.md', () => {
  let before: ReadonlyMap<string, string>;

  beforeAll(() => {
    before = filesOf(root);
    for (const path of before.keys()) {
      mkdirSync(join(copy, dirname(path)), { recursive: true });
      cpSync(join(root, path), join(copy, path));
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    spawnSync('git', ['init', '--quiet'], { cwd: copy });
    follow('Copy the template');
    follow('Register it');
  }, TIMEOUT_MS);

  it('is a folder, a line, and the pages that are rendered', () => {
    const after = filesOf(copy);
    const changed = [...after].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
    expect(changed.filter((path) => !path.startsWith('ssm-documents/node-clock/'))).toEqual([
      'docs/permissions.md',
      'docs/remediations.md',
      'ssm-documents/registry.ts',
    ]);
    expect(after.get('ssm-documents/registry.ts')).toBe(
      `${before.get('ssm-documents/registry.ts')}export { remediation as nodeClock } from './node-clock/remediation.ts';\n`,
    );
  });

  it(
    'passes the contract tests and its shell tests',
    () => {
      const output = follow('Run the tests');
      expect(output).toMatch(/Tests .*\d{3,} passed/);
      expect(output).toMatch(/^ok 1 /m);
    },
    TIMEOUT_MS,
  );

  it('fails the build with the names of the largest files if it is too large', () => {
    const script = join(copy, 'ssm-documents/node-clock/script.sh');
    const text = readFileSync(script, 'utf8');
    writeFileSync(
      script,
      text.replace('  take_lock shared\n', `  take_lock shared\n${'  log "a line"\n'.repeat(4000)}`),
    );
    const build = "import('./ssm-documents/builder/build.ts').then(({ buildDocuments }) => buildDocuments())";
    const { status, stderr } = spawnSync(process.execPath, ['-e', build], { cwd: copy, encoding: 'utf8' });
    writeFileSync(script, text);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /building the document node-clock-check: it has \d{5,} bytes, \d+ more than the 60000 .* largest parts, in bytes: node-clock\/script\.sh \d{5,}, lib\/base\/prelude\.sh \d+/,
    );
  });

  it('builds documents that find, repair and find repaired, and leave nothing behind', () => {
    const build =
      "import('./ssm-documents/builder/build.ts').then(({ buildDocuments }) => console.log(JSON.stringify(buildDocuments())))";
    const { stdout } = spawnSync(process.execPath, ['-e', build], {
      cwd: copy,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const documents: readonly { key: string; json: string; checks: readonly string[] }[] = JSON.parse(stdout);
    expect(
      documents.find(({ key, checks }) => key.startsWith('node-check') && checks.includes('node-clock')),
    ).toBeDefined();
    const run = (key: string) => {
      const document = JSON.parse(documents.find((each) => each.key === key)?.json ?? '{}');
      const file = join(copy, `${key}.sh`);
      writeFileSync(file, document.mainSteps[0].inputs.runCommand.join('\n'), { mode: 0o755 });
      const env = { FLEETMEND_RUN_DIR: join(copy, 'run'), FLEETMEND_NODE_CLOCK_FILE: join(copy, 'etc/example') };
      const reading = readResult(spawnSync(file, { env, encoding: 'utf8' }).stdout);
      return reading.ok ? [reading.value.outcome, reading.value.reason] : [reading.error];
    };
    mkdirSync(join(copy, 'etc'));
    expect(run('node-clock-check')).toEqual(['Broken', 'NodeClockFileMissing']);
    expect(run('node-clock-repair')).toEqual(['Repaired', 'NodeClockFileMissing']);
    expect(run('node-clock-check')).toEqual(['Healthy', undefined]);
    expect(readdirSync(join(copy, 'etc'))).toEqual(['example']);
    expect(readdirSync(join(copy, 'run'))).toEqual(['lock']);
  });
});

await describeWithRealNodes('the last step of docs/adding-a-remediation.md', () => {
  it(
    'checks and repairs a real node',
    () => {
      const output = follow('Run it on a node');
      expect(output).toContain('"outcome":"Broken","reason":"NodeClockFileMissing"');
      expect(output).toContain('"outcome":"Repaired","reason":"NodeClockFileMissing"');
    },
    TIMEOUT_MS,
  );
});
