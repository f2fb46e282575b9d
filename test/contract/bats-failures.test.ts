import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'fleetmend-bats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How bats reports a test whose lines begin with line 6 of its file. */
const reported = (...lines: readonly string[]): string => {
  const testing = join(root, 'ssm-documents/lib/testing');
  const file = join(folder, 'some.bats');
  const setup = `setup() { source ${testing}/load.sh; load_script ${testing}/../images/references.sh; }`;
  const helper = ['helper() {', '  [ "$1" = right ]', '}'];
  writeFileSync(file, `${[setup, ...helper, '@test "some" {', ...lines, '}'].join('\n')}\n`);
  const { stdout } = spawnSync('bash', [join(root, 'node_modules/bats/bin/bats'), '--tap', file], { encoding: 'utf8' });
  return stdout;
};

it.each([
  ['a wrong comparison', ['true', '[ 1 = 2 ]'], /in test file .*some\.bats, line 7\)\n#\s+`\[ 1 = 2 \]' failed/],
  ['a condition', ['run false', '[[ $status -eq 0 ]]', 'true'], /line 7\)\n#\s+`\[\[ \$status -eq 0 \]\]' failed/],
  ['a command that does not exist', ['true', 'true', 'gone'], /line 8\)\n#\s+`gone' failed with status 127/],
  ['a function of the test file', ['helper right', 'helper wrong'], /`helper' in file .*line 3,\n.*line 7\)/],
  ['a function of the script', ['true', 'refute true'], /line 7\)\n#\s+`refute true' failed/],
])('bats names the line of %s', (_, lines, report) => {
  expect(reported(...lines)).toMatch(report);
});

it('bats runs nothing of its own between the commands of a script', () => {
  const lines = [
    'bats_debug_trap() { calls=$((calls + 1)); }',
    `source <(printf 'of_script() { %s }' "$(printf 'true; %.0s' {1..50})")`,
    'calls=0',
    'of_script',
    '((calls < 10))',
  ];
  expect(reported(...lines)).toMatch(/^ok 1 some$/m);
});
