import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { packed } from './pack.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
const SCRIPT = `export LC_ALL=C
export OUR_SETTING=1
readonly MAX_COUNT=\${FLEETMEND_MAX_COUNT:-2}
LAST_WORD=''
say_it() {
  LAST_WORD+="$1;"
  if ((MAX_COUNT > 1)); then
    printf '%s %s\\n' "$LAST_WORD" "\${#LAST_WORD}"
  fi
}
method_one() { say_it "method_one"; }
own_method() { say_it own; }
for step in say_it other_words; do
  ! declare -F "$step" > /dev/null || "$step" 'by_name'
done
COUNTER=(1 2)
HARBOUR=3
readonly PLACES=4
case \${#COUNTER[@]} in
  2) printf 'HARBOUR %s %s\\n' "$HARBOUR" "\${PLACES}" ;;
esac
printf '%s\\n' "\${COUNTER[1]}" > /dev/null
which=one
"method_$which"
which=own
"\${which}_method"
awk 'function add_up(a, b) { return a + b } BEGIN { print add_up(1, 2) }'
env | grep OUR_SETTING
`;
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell

// With a socket for its stdin bash may take itself for a remote shell, and read the machine's bashrc.
const run = (script: string) =>
  spawnSync('/bin/bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe('a packed script', () => {
  it('does and says the same', () => {
    const { stdout, stderr, status } = run(packed(SCRIPT));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(run(SCRIPT).stdout);
    expect(stdout).toContain('by_name; 8');
  });

  it('has its own names shortened, and no indentation', () => {
    const text = packed(SCRIPT);
    for (const name of ['say_it', 'LAST_WORD', 'MAX_COUNT', 'COUNTER', 'PLACES'])
      expect(text).not.toMatch(new RegExp(`\\b${name}\\b`));
    expect(text).not.toMatch(/^\s/m);
    expect(text.length).toBeLessThan(SCRIPT.length * 0.9);
  });

  it.each([
    'LC_ALL',
    'OUR_SETTING',
    'HARBOUR',
    'FLEETMEND_MAX_COUNT',
    'method_one',
    'own_method',
    'other_words',
    'add_up',
  ])('keeps %s, which is not its own, or is put together when it runs', (name) => {
    expect(packed(SCRIPT)).toContain(name);
  });

  it('keeps what it is told to keep', () => {
    expect(packed(SCRIPT, ['say_it'])).toContain('say_it');
  });

  it('is refused where the short names are taken', () => {
    expect(() => packed('long_name() {\n  f0_=1\n}\n')).toThrow(/short ones: f0_/);
  });
});
