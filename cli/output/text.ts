import { stripVTControlCharacters, styleText } from 'node:util';

/** Control characters, and those that hide, reorder or break lines. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Text from a stack as a terminal may show it: in one line, without a character that a terminal would obey. */
export const shown = (text: string): string => text.replace(UNSAFE, '\u{FFFD}');

/** JSON that a terminal may show: characters that it would obey are escaped, and the value stays the same. */
export const safeJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, undefined, indent) ?? 'null').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (found) =>
    found === '\n' ? found : escaped(found),
  );

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');

/** The styles of the screens. None carries a meaning that the text lacks. */
export type Style = 'green' | 'red' | 'yellow' | 'bold' | 'dim';
export type Paint = (style: Style, text: string) => string;

/** Colours text where `isColoured`, and otherwise leaves it as it is. */
export const painter =
  (isColoured: boolean): Paint =>
  (style, text) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;

/** Whether a stream gets colours: a terminal where NO_COLOR is empty. Source: no-color.org. */
export const isColoured = (isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean =>
  isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';

const INDENT = 4;
/** A command to copy stays in one line: the terminal breaks it where it must. */
const COMMAND = /^\s*(?:or: )?(?:fleetmend|aws|kubectl) /;

/** A line for a terminal of this width, broken between words where it is too long. */
export const folded = (line: string, width: number): readonly string[] => {
  const lengthOf = (text: string): number => stripVTControlCharacters(text).length;
  if (lengthOf(line) <= width || COMMAND.test(line)) return [line];
  const [margin = ''] = /^\s*/.exec(line) ?? [];
  const lines: string[] = [];
  let last = margin;
  for (const word of line.slice(margin.length).split(' ')) {
    const longer = last.trim() === '' ? `${last}${word}` : `${last} ${word}`;
    if (lengthOf(longer) <= width || last.trim() === '') last = longer;
    else {
      lines.push(last.trimEnd());
      last = `${margin}${' '.repeat(INDENT)}${word}`;
    }
  }
  return [...lines, last];
};
