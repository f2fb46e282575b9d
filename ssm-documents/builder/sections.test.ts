import { describe, expect, it } from 'vitest';
import { sectionsOf, withoutComments } from './sections.ts';

describe('sectionsOf', () => {
  it('cuts a script at its section lines, and takes the names of parts out of it', () => {
    const sections = sectionsOf(
      '# head\n#@ section check\n#@ use ./state\n#@ sets A B_2\na\n#@ use ecr\n#@ section repair\nb\nc\n',
    );
    expect([...sections]).toEqual([
      ['', { uses: [], text: '# head' }],
      ['check', { uses: ['./state', 'ecr'], text: 'a' }],
      ['repair', { uses: [], text: 'b\nc\n' }],
    ]);
  });

  it.each([
    ['the same section twice', '#@ section check\n#@ section check'],
    ['a part that is named twice', '#@ section check\n#@ use ecr\n#@ use ecr'],
    ['a mark that it does not know', '#@ sektion check'],
    ['a mark that is not at the start of its line', '  #@ use ecr'],
    ['a name with capitals', '#@ section Check'],
    ['a part outside of the two folders', '#@ use ../ecr'],
    ['two parts in a line', '#@ use ecr disk'],
    ['a variable that is no global one', '#@ sets name'],
    ['no variable', '#@ sets '],
  ])('refuses %s', (_, script) => {
    expect(() => sectionsOf(script)).toThrow(/reading a script/);
  });
});

describe('withoutComments', () => {
  it('removes comment lines, and leaves blank lines and a # inside a line', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
    expect(withoutComments('# why\n\n  # why\na=${b#x} # kept\n')).toBe('\na=${b#x} # kept\n');
  });
});
