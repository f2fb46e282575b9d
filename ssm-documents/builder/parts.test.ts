import { describe, expect, it } from 'vitest';
import { partsOf } from './parts.ts';

const FILES: Readonly<Record<string, string>> = {
  'lib/base/prelude.sh': '',
  'lib/node-check.sh': '',
  'lib/a.sh': '#@ use b\n#@ use c\na',
  'lib/b.sh': '#@ use c\nb',
  'lib/c.sh': 'c',
  'lib/round.sh': '#@ use trip\n',
  'lib/trip.sh': '#@ use round\n',
  'lib/lost.sh': '#@ use nothing\n',
  'lib/homeless.sh': '#@ use ./c\n',
  'lib/cut.sh': '#@ section check\n',
  'mine/own.sh': '#@ use b\n#@ use ./other\nown',
  'mine/other.sh': 'other',
};
const read = (path: string): string | undefined => FILES[path];
const paths = (...uses: string[]) => partsOf(uses, 'mine', read).map((part) => part.path);

describe('partsOf', () => {
  it('gives each part once, after what it needs itself', () => {
    expect(paths('a', 'c', 'b')).toEqual(['lib/c.sh', 'lib/b.sh', 'lib/a.sh']);
  });

  it('finds ./names in the folder of the script that uses them', () => {
    expect(paths('./own')).toEqual(['lib/c.sh', 'lib/b.sh', 'mine/other.sh', 'mine/own.sh']);
  });

  it('gives the text without the lines that name parts', () => {
    expect(partsOf(['b'], 'mine', read).map((part) => part.text)).toEqual(['c', 'b']);
  });

  it.each([
    [
      'a part that does not exist',
      ['nothing'],
      /mine\/script\.sh says "#@ use nothing", but lib\/nothing\.sh is no part/,
    ],
    ['a part of a part that does not exist', ['lost'], /lib\/lost\.sh says "#@ use nothing"/],
    ['an own part that does not exist', ['./c'], /mine\/c\.sh is no part/],
    ['parts that need each other', ['round'], /lib\/round\.sh needs lib\/trip\.sh needs lib\/round\.sh/],
    ['a shared part that wants one beside it', ['homeless'], /has no folder/],
    ['a part with sections', ['cut'], /lib\/cut\.sh has sections/],
    ['the prelude, which is there anyway', ['base/prelude'], /lib\/base\/prelude\.sh is no part/],
    ['the frame of node-check', ['node-check'], /lib\/node-check\.sh is no part/],
  ])('refuses %s', (_, uses, message) => {
    expect(() => partsOf(uses, 'mine', read)).toThrow(message);
  });
});
