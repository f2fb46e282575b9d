import { describe, expect, it } from 'vitest';
import { withoutFunction, withoutUnneeded } from './needed.ts';

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

const functionsIn = (script: string): string[] => [...script.matchAll(/^(\w+)\(\)/gm)].map((match) => match[1] ?? '');

describe('scripts without what nothing needs', () => {
  it('keep what is called, by its name or by one that is put together, and lose the rest', () => {
    const [library = '', action = ''] = withoutUnneeded([LIBRARY, ACTION]);
    expect(functionsIn(library)).toEqual(['used', 'deep', 'say', 'method_one', 'yaml_run']);
    expect(library).toContain('LIMIT=1\nused() {\n  deep "$1"\n}\ndeep() { say');
    expect(action).toBe(ACTION);
  });

  it('keep a function that only a text names', () => {
    expect(withoutUnneeded(['spare() {\n  :\n}', "trap 'spare' EXIT"])[0]).toBe('spare() {\n  :\n}');
  });
});

it('takes one function out of a script', () => {
  expect(withoutFunction('one() {\n  :\n}\nA=1\ntwo() { one; }', 'one')).toBe('A=1\ntwo() { one; }');
});
