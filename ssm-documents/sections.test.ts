import { describe, expect, it } from 'vitest';
import { sectionsOf, withoutComments } from './sections.ts';

describe('sectionsOf', () => {
  it('cuts a script at its section lines', () => {
    const sections = sectionsOf('# head\n#@ section check\na\n#@ section repair\nb\nc\n');
    expect([...sections]).toEqual([
      ['', '# head'],
      ['check', 'a'],
      ['repair', 'b\nc\n'],
    ]);
  });

  it.each([
    ['the same section twice', '#@ section check\n#@ section check'],
    ['a mark that it does not know', '#@ sektion check'],
    ['a name with capitals', '#@ section Check'],
  ])('refuses %s', (_, script) => {
    expect(() => sectionsOf(script)).toThrow(/reading a script/);
  });
});

describe('withoutComments', () => {
  it('takes comment lines and empty lines away, and leaves a # inside a line', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
    expect(withoutComments('# why\n\n  # why\na=${b#x} # kept\n')).toBe('a=${b#x} # kept');
  });
});
