import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../ssm-documents/', import.meta.url));
const scripts = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sh'))
  .sort();

/** What bash 4.2 (Amazon Linux 2) lacks, or does otherwise than later versions; and what no script here may do. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['local -n (4.3)', /\b(?:local|declare|typeset)\s+-[a-zA-Z]*n/],
  ['wait -n (4.3)', /\bwait\s+-n/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
  ['${x@Q} (4.4)', /\$\{[A-Za-z_]\w*(?:\[[@*]\])?@[A-Za-z]\}/],
  ['mapfile -d (4.4)', /\b(?:mapfile|readarray)\b.*\s-d/],
  ['EPOCHSECONDS, EPOCHREALTIME, SRANDOM (5.0)', /\b(?:EPOCHSECONDS|EPOCHREALTIME|SRANDOM)\b/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
  ['${ command; } (5.3)', /\$\{[ |]/],
  ['negative array index (4.3)', /\$\{\w+\[-\d/],
  ['inherit_errexit, localvar_inherit (4.4)', /\b(?:inherit_errexit|localvar_inherit)\b/],
  ['here-document or here-string: a file in /tmp before 5.1', /<<<|<<-?\s*["'A-Za-z_]/],
  ['set -x: it would log secrets', /\bset\s+-(?:\w*x|o\s+xtrace)/],
  ['sudo: it logs its arguments', /\bsudo\b/],
  ['eval', /\beval\b/],
  ['double braces: SSM would interpolate them', /\{\{/],
];

const codeOf = (text: string): string[] => text.split('\n').map((line) => (/^\s*#/.test(line) ? '' : line));

describe.each(scripts)('%s', (path) => {
  const code = codeOf(readFileSync(`${root}${path}`, 'utf8'));

  it.each(REFUSED)('has no %s', (_, pattern) => {
    expect(code.filter((line) => pattern.test(line))).toEqual([]);
  });

  it('expands no array that may be empty, which nounset refuses before bash 4.4', () => {
    const text = code.join('\n');
    const empties = [...text.matchAll(/\b(\w+)=\(\)/g)].map((m) => m[1] ?? '');
    for (const name of new Set(empties)) {
      if (!text.includes(`"\${${name}[@]}"`)) continue;
      expect(text, `${name} is expanded without a look at its length`).toMatch(
        new RegExp(`\\(\\(\\$\\{#${name}\\[@\\]\\} (?:> 0|== 0)\\)\\)`),
      );
    }
  });

  it('passes shellcheck and shfmt', () => {
    for (const [tool, args] of [
      ['shellcheck', ['--shell=bash', '--severity=warning']],
      ['shfmt', ['-i', '2', '-bn', '-ci', '-sr', '-d']],
    ] as const) {
      const result = spawnSync(tool, [...args, `${root}${path}`], { encoding: 'utf8' });
      expect(result.error, `${tool} could not be started; install it`).toBeUndefined();
      expect(`${result.stdout}${result.stderr}`).toBe('');
    }
  });

  it('is text that bash can read', () => {
    execFileSync('bash', ['-n', `${root}${path}`]);
  });
});

describe('the refusals', () => {
  it.each([
    ['local -n', 'local -n ref=$1'],
    ['wait -n', 'wait -n'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
    ['${x@Q}', 'echo "${name@Q}"'],
    ['mapfile -d', "mapfile -t -d '' list"],
    ['EPOCHSECONDS', 'now=$EPOCHSECONDS'],
    ['a here-string', 'cat <<< "$secret"'],
    ['a here-document', 'cat << EOF'],
    ['set -x', 'set -x'],
    ['set -o xtrace', 'set -o xtrace'],
  ])('hit %s', (_, line) => {
    expect(REFUSED.some(([, pattern]) => pattern.test(line))).toBe(true);
  });

  it('spare what bash 4.2 has', () => {
    for (const line of [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
      'name=${x,,}',
      'x=$((1 << 2))',
      'read -r a < <(cmd)',
      'set -o errexit',
      'local name=x',
      'declare -F f',
    ]) {
      expect(REFUSED.filter(([, pattern]) => pattern.test(line))).toEqual([]);
    }
  });
});
