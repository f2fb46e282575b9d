import { WIDTH } from '../../lab/demo/show.ts';

/** A table of a section: its head, its rows, and a line on what is measured. */
export type FiguresTable = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** One part of the bench as it is printed and as the page shows it. */
export type Section = {
  readonly title: string;
  /** The measurement and its method. */
  readonly about: string;
  readonly table: FiguresTable;
  /** The aims, and whether each was reached. */
  readonly aims: readonly Aim[];
  readonly notes: readonly string[];
};

/** One thing to reach, with what was reached. */
export type Aim = { readonly what: string; readonly reached: boolean; readonly got: string };

/** Whether a figure is at most a limit, as an aim. */
export const atMost = (what: string, value: number, limit: number, show: (value: number) => string): Aim => ({
  what: `${what}: at most ${show(limit)}`,
  reached: value <= limit,
  got: show(value),
});

const aimLine = ({ what, reached, got }: Aim): string => `${what} — ${got}${reached ? '' : ', **missed**'}`;

/** A section as Markdown. */
export const toMarkdown = ({ title, about, table, aims, notes }: Section): string => {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = table.head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [
    `## ${title}`,
    '',
    about,
    '',
    ...(table.rows.length === 0 ? [] : [row(table.head), row(rule), ...table.rows.map(row), '']),
    ...aims.map((aim) => `- Aim: ${aimLine(aim)}`),
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
};

/**
 * The page: the sections that were measured, by name, and those that an earlier run wrote, in the order of their names.
 * `measured` is that run's page; each of its sections has its name in a comment below the title. `load` is the machine's.
 */
export const pageOf = (
  intro: string,
  order: readonly string[],
  sections: ReadonlyMap<string, Section>,
  measured: string,
  { date, load }: { readonly date: string; readonly load: number },
): string => {
  const written = new Map(
    measured.split(/\n(?=## )/).map((text) => [/^<!-- ([a-z-]+), /m.exec(text)?.[1] ?? '', text.trimEnd()]),
  );
  const texts = order.flatMap((name) => {
    const section = sections.get(name);
    if (section === undefined) return written.get(name) ?? [];
    const [title = '', ...rest] = toMarkdown(section).trimEnd().split('\n');
    return [
      title,
      '',
      `<!-- ${name}, ${date} -->`,
      '',
      `Measured on ${date}, with a load of ${load.toFixed(1)} on the machine.`,
      ...rest,
    ].join('\n');
  });
  return `${[intro.trimEnd(), ...texts].join('\n\n')}\n`;
};

const wrap = (text: string, width: number): string => {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
};

/** A section for a terminal, with numbers aligned to the right. */
export const toText = ({ title, about, table, aims, notes }: Section): string => {
  const widths = table.head.map((_, i) =>
    Math.max(...[table.head, ...table.rows].map((cells) => (cells[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    title,
    '',
    wrap(about, WIDTH),
    '',
    ...(table.rows.length === 0 ? [] : [line(table.head), ...table.rows.map(line), '']),
    ...aims.map(({ what, reached, got }) => `${reached ? 'reached' : 'MISSED '}  ${what}: ${got}`),
    ...notes.map((note) => wrap(note, WIDTH)),
    '',
  ].join('\n');
};
