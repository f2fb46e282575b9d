import { styleText } from 'node:util';
import Table from 'cli-table3';
import { HOPS, type Timeline } from './timeline.ts';

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
/** Colours text on a terminal; returns it unchanged elsewhere. */
export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  isTerminal ? styleText(style, text, { validateStream: false }) : text;

/** The width of tables and wrapped text, in characters. */
export const WIDTH = 80;

/** A text in lines of at most 80 characters, each with the indent. A longer word stays whole, on a line of its own. */
export const wrapped = (text: string, indent: string): string =>
  text
    .split(' ')
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(`${indent}${word}`);
      else lines[lines.length - 1] = `${last} ${word}`;
      return lines;
    }, [])
    .join('\n');

/** A table of at most 80 characters a line; cells wrap on words. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widest = (i: number) => Math.max(...[head, ...rows].map((row) => (row[i] ?? '').length)) + 2;
  const widths = head.map((_, i) => widest(i));
  const excess = widths.reduce((a, b) => a + b, 0) + head.length + 1 - WIDTH;
  const longest = widths.indexOf(Math.max(...widths));
  if (excess > 0) widths[longest] = Math.max(20, (widths[longest] ?? 20) - excess);
  const made = new Table({
    head: [...head],
    colWidths: widths,
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** The longest bar: with times of minutes, the longest step still has its line. */
const BAR_WIDTH = 10;

/** The timeline of a node as a table, with a bar for the share of each step. */
export const timelineTable = (timeline: Timeline): string => {
  const reached = HOPS.flatMap(([hop, what]) => {
    const at = timeline[hop];
    return at === undefined ? [] : [{ what, at }];
  }).sort((a, b) => a.at - b.at);
  const first = reached[0]?.at ?? 0;
  const whole = Math.max(1, (reached.at(-1)?.at ?? first) - first);
  const rows = reached.map(({ what, at }, i) => {
    const took = at - (reached[i - 1]?.at ?? at);
    return [
      what,
      seconds(at - first),
      i === 0 ? '' : `+${seconds(took)}`,
      '█'.repeat(Math.round((took / whole) * BAR_WIDTH)),
    ];
  });
  return table(['step', 'at', 'took', ''], rows);
};
