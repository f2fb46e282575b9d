import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../shell-rules.ts';

const root = fileURLToPath(new URL('../../ssm-documents/', import.meta.url));
const scripts = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sh'))
  .sort();

// Suite `shell` of npm test runs shellcheck and shfmt on them.
describe.each(scripts)('%s', (path) => {
  it('has nothing that bash 4.2 lacks or that no document may do', () => {
    expect(problemsOf(readFileSync(`${root}${path}`, 'utf8'))).toEqual([]);
  });

  it('is text that bash can read', () => {
    execFileSync('bash', ['-n', `${root}${path}`]);
  });
});

describe('the lint', () => {
  it.each([
    ['local -n ref=$1', 'name reference'],
    ['declare -n ref=$1', 'name reference'],
    ['local -r -n ref=$1', 'name reference'],
    ['unset -n ref', 'name reference'],
    ['local -I name', 'local -I'],
    ['local -', 'local -'],
    ['local -; set +o errexit', 'local -'],
    ['wait -n', 'wait -n'],
    ['wait -f "$pid"', 'wait -n'],
    ['wait -p done "$pid"', 'wait -n'],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
    ['echo "${name@Q}"', '@ operators'],
    ['echo "${list[@]@Q}"', '@ operators'],
    ['echo "${list[0]@A}"', '@ operators'],
    ['echo "${@@Q}"', '@ operators'],
    ['echo "${!name@a}"', '@ operators'],
    ['echo "${name@U}"', '@ operators'],
    ["mapfile -t -d '' list", 'mapfile -d'],
    ["readarray -d '' list", 'mapfile -d'],
    ['now=$EPOCHSECONDS', 'EPOCHSECONDS'],
    ['now=${EPOCHREALTIME%.*}', 'EPOCHSECONDS'],
    ['BASH_ARGV0=fleetmend', 'BASH_ARGV0'],
    ['id=$SRANDOM', 'SRANDOM'],
    ['shopt -s inherit_errexit', 'shell option'],
    ['shopt -s localvar_inherit', 'shell option'],
    ['x=${ date; }', '${ command; }'],
    ['x=${| REPLY=1; }', '${ command; }'],
    ['list[-1]=last', 'negative array index'],
    ["unset 'list[-1]'", 'negative array index'],
    ['x=${list[-1]}', 'negative array index'],
    ['[[ -v list[0] ]]', '-v a[0]'],
    ['[[ -R ref ]]', '-R x'],
    ['x="${name//a/"$b"}"', 'quotes in a replacement'],
    ["printf '%(%s)T'", 'without a time'],
    ["printf -v now '%(%F)T\\n'; echo", 'without a time'],
    ['list=()\nuse "${list[@]}"', 'array list'],
    ['list=()\nuse "${list[*]}"', 'array list'],
    ['list=()\nuse "${list[@]:1}"', 'array list'],
    ['list=()\nuse "${list[@]/#/x}"', 'array list'],
    ['f() {\n  local -a list\n  use "${list[@]}"\n}', 'array list'],
    ['mapfile -t list < <(cmd)\nuse "${list[@]}"', 'array list'],
    ['read -r -a list < file\nuse "${list[@]}"', 'array list'],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell
    ['cat <<< "$secret"', 'here-string'],
    ['cat << EOF', 'here-document'],
    ['cat <<-"EOF"', 'here-document'],
    ['set -x', 'set -x'],
    ['set -eux', 'set -x'],
    ['set -o xtrace', 'set -x'],
    ['sudo ctr images ls', 'sudo'],
    ['eval "$text"', 'eval'],
    ['x={{ parameter }}', 'double braces'],
  ])('refuses %j', (script, what) => {
    expect(problemsOf(script).join('\n')).toContain(what);
  });

  it.each([
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
    'name=${x,,}',
    'x=$((1 << 2))',
    'read -r a < <(cmd)',
    'set -o errexit',
    'local name=x',
    'local -r name=x',
    'declare -F f',
    'wait "$pid"',
    'wait "$nfp"',
    "printf '%(%s)T' -1",
    "printf -v now '%(%F)T' -1",
    'cmd |& tee log',
    'text=${text:0:-3}',
    'exec {fd}> file',
    'f "$@"',
    '[[ -v name ]]',
    'x=${list[i - 1]}',
    'x=${name//a/"$b"}',
    'list=()\n((${#list[@]} > 0)) || return 0\nuse "${list[@]}"',
    'list=()\nuse ${list[@]+"${list[@]}"}',
    'list=()\nfor i in "${!list[@]}"; do use "$i"; done\n((${#list[@]} == 3))',
    'list=(a b)\nuse "${list[@]}"',
    '# local -n in a comment',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell
  ])('lets %j through', (script) => {
    expect(problemsOf(script)).toEqual([]);
  });

  it('is part of the shell lint of the repository, and fails on a bad line', () => {
    expect(readFileSync(new URL('../lint-shell.sh', import.meta.url), 'utf8')).toContain(
      'node test/check-shell-rules.ts',
    );
    const rules = fileURLToPath(new URL('../check-shell-rules.ts', import.meta.url));
    const bad = fileURLToPath(new URL('samples/not-bash-4.2.sh.txt', import.meta.url));
    const result = spawnSync(process.execPath, [rules, bad], { encoding: 'utf8' });
    expect([result.status, result.stderr]).toEqual([1, expect.stringContaining('line 3: local -n')]);
  });
});

/** Lines of a bats file outside of its functions and tests: bats runs them once more when it gathers the tests. */
const topLevel = (text: string): string[] =>
  text
    .replaceAll(/^(?:@test .*|\w+\(\)) \{\n[\s\S]*?^\}$/gm, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'));

describe('the bats files', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.bats'));

  it('use the folder of a test in functions and tests only: elsewhere its name is empty, and what is below it is /', () => {
    expect(files.length).toBeGreaterThan(30);
    const found = files.flatMap((path) =>
      topLevel(readFileSync(`${root}${path}`, 'utf8')).flatMap((line) =>
        line.includes('BATS_TEST_TMPDIR') ? [`${path}: ${line}`] : [],
      ),
    );
    expect(found).toEqual([]);
  });

  it.each([
    ['FILE=$BATS_TEST_TMPDIR/x', 1],
    ['setup() {\n  FILE=$BATS_TEST_TMPDIR/x\n}', 0],
    ['@test "a" {\n  FILE=$BATS_TEST_TMPDIR/x\n}\n: > $BATS_TEST_TMPDIR/y', 1],
  ])('of %j has %i line at the top with such a folder', (text, count) => {
    expect(topLevel(text).filter((line) => line.includes('BATS_TEST_TMPDIR'))).toHaveLength(count);
  });
});
