import Table from 'cli-table3';
import { type Paint, shown } from './text.ts';

/** A column of a list. `wide` columns are in `-o wide` and in CSV alone. */
export type Column<Item> = {
  readonly title: string;
  readonly value: (item: Item) => string | number | undefined;
  readonly isWide?: boolean;
  /** In `-o table` alone, such as an age in place of a time. */
  readonly isNarrow?: boolean;
  /** Cut first where the lines are longer than the terminal. */
  readonly isFlexible?: boolean;
  readonly isNumber?: boolean;
  /** Never cut: an id, which people copy. A line may be longer than the terminal because of it. */
  readonly isWhole?: boolean;
};

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};
const GAP = 2;
/** A flexible column keeps at least so many characters, and any other one where that is not enough. */
const MIN_FLEXIBLE = 8;
const MIN_RIGID = 3;

const cellOf = (value: string | number | undefined): string =>
  value === undefined || value === '' ? '-' : shown(String(value));

type Give = { readonly canGive: (column: number) => boolean; readonly least: number };

/** Takes from the widest columns that can give, one character at a time, until the line fits or none can give more. */
const cutTo = (widths: readonly number[], width: number, { canGive, least }: Give): readonly number[] => {
  const cut = [...widths];
  let over = cut.reduce((sum, n) => sum + n, 0) + GAP * (cut.length - 1) - width;
  while (over > 0) {
    const widest = cut.reduce((best, n, i) => (canGive(i) && n > least && n > (cut[best] ?? 0) ? i : best), -1);
    if (widest === -1) return cut;
    cut[widest] = (cut[widest] ?? 0) - 1;
    over--;
  }
  return cut;
};

/** The widths of columns that together fit into `width`: flexible ones give way first, and the first column last. */
const widthsOf = (
  natural: readonly number[],
  columns: readonly Pick<Column<never>, 'isFlexible' | 'isWhole'>[],
  width: number,
): readonly number[] => {
  const isCut = (i: number): boolean => columns[i]?.isWhole !== true;
  const ways: readonly Give[] = [
    { canGive: (i) => columns[i]?.isFlexible === true, least: MIN_FLEXIBLE },
    { canGive: (i) => i > 0 && isCut(i), least: MIN_RIGID },
    { canGive: isCut, least: MIN_RIGID },
  ];
  return ways.reduce((widths, way) => cutTo(widths, width, way), natural);
};

/**
 * A table without borders: titles, then a line for each item. Columns are cut where the lines would be longer than `width`,
 * the flexible ones first; without a width nothing is cut.
 */
export const tableLines = <Item>(
  columns: readonly Column<Item>[],
  items: readonly Item[],
  { width, paint }: { readonly width: number | undefined; readonly paint: Paint },
): readonly string[] => {
  const cells = items.map((item) => columns.map(({ value }) => cellOf(value(item))));
  const natural = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => [...(row[i] ?? '')].length)),
  );
  const widths = width === undefined ? natural : widthsOf(natural, columns, width);
  const table = new Table({
    head: columns.map(({ title }) => paint('dim', title)),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: [...widths],
    colAligns: columns.map(({ isNumber }) => (isNumber === true ? 'right' : 'left')),
  });
  table.push(...cells);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
};

/** Characters that Markdown or the HTML within it would read. */
const MARKDOWN = /[\\`*_{}[\]<>|#!~&]/g;

/** A table in Markdown. Text of a stack stays text: it makes no link, no emphasis and no HTML. */
export const markdownLines = <Item>(columns: readonly Column<Item>[], items: readonly Item[]): readonly string[] => {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(columns.map(({ title }) => title)),
    row(columns.map(({ isNumber }) => (isNumber === true ? '--:' : '---'))),
    ...items.map((item) => row(columns.map(({ value }) => cellOf(value(item)).replace(MARKDOWN, '\\$&')))),
  ];
};
