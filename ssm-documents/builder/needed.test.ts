import { describe, expect, it } from 'vitest';
import { functionsOf, withoutUncalled } from './needed.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
const LIBRARY = `LIMIT=1
used() {
  deep "$1"
}
deep() { say "\${1}_word"; }
say() {
  printf '%s' "$1"
}
only_repairs() {
  also_unused
}
also_unused() {
  only_repairs
}
method_one() {
  :
}
yaml_run() {
  :
}
`;
const ACTION = `check() {
  used
  "method_$which"
  "\${format}_run"
}
check
`;
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell

const SPARE = 'spare() {\n  :\n}';
const keeps = (script: string): boolean => withoutUncalled({ shared: [SPARE, script], own: [] }).shared[0] === SPARE;

describe('withoutUncalled', () => {
  it('keeps every function that is called, and leaves out the others', () => {
    const [library = '', action = ''] = withoutUncalled({ shared: [LIBRARY, ACTION], own: [] }).shared;
    expect(functionsOf(library)).toEqual(['used', 'deep', 'say', 'method_one', 'yaml_run']);
    expect(library).toContain('LIMIT=1\nused() {\n  deep "$1"\n}\ndeep() { say');
    expect(action).toBe(ACTION);
  });

  it.each([
    ['a trap', "trap 'spare' EXIT"],
    ['at_exit', 'main() { at_exit spare; }\nmain'],
    ['a variable', 'CHOSEN=spare\n"$CHOSEN"'],
    ['a list', 'for f in other spare; do "$f"; done'],
    ['declare -F', '! declare -F spare > /dev/null || run'],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
    ['the pattern of a variable', 'run "${list[@]/#/spare}"'],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell
  ])('keeps a function that is reached by %s alone', (_, script) => {
    expect(keeps(script)).toBe(true);
  });

  it.each([
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell
    ['"method_$which"', 'method_one'],
    ['"method_${which}"', 'method_one'],
    ['"method_$1"', 'method_one'],
    ['printf -v name "method_%s" "$1"', 'method_one'],
    ['"${format}_run"', 'yaml_run'],
    ['"$1_run"', 'yaml_run'],
    ['"${list[i]}_run"', 'yaml_run'],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell
  ])('keeps what %s may call', (script, name) => {
    expect(functionsOf(withoutUncalled({ shared: [LIBRARY, script], own: [] }).shared[0] ?? '')).toContain(name);
  });

  it('leaves out a function that only another word contains', () => {
    expect(keeps('respare; spare_one; SPARE=1')).toBe(false);
  });

  it('keeps a shared function that one process calls, and looks for own functions in their process alone', () => {
    const own = [['check() { say; }', SPARE], [`check() { spare; }\n${SPARE}`]];
    const { shared, own: kept } = withoutUncalled({ shared: [LIBRARY, 'check'], own });
    expect(functionsOf(shared[0] ?? '')).toEqual(['say']);
    expect(kept).toEqual([['check() { say; }', ''], [`check() { spare; }\n${SPARE}`]]);
  });
});
