import type { Io, Screen } from '../io.ts';
import type { Kind } from '../schemas/kinds.ts';
import { writeCsv } from './csv.ts';
import { type Column, markdownLines, tableLines } from './table.ts';
import { folded, isColoured, type Paint, painter, safeJson, shown } from './text.ts';
import { type Clock, createClockView } from './times.ts';

/** The forms of output that `-o` selects. */
export type Format = 'table' | 'wide' | 'markdown' | 'json' | 'jsonl' | 'csv' | 'name';

/** The version of the JSON forms. A field may be added within a version; none is removed or changed. */
export const JSON_VERSION = 1;

/** A list of items. */
export type Listing<Item> = {
  readonly kind: Kind;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  /** The cursor of the items that follow. */
  readonly next?: string | undefined;
  /** The text that names an item, for `-o name`. */
  readonly nameOf: (item: Item) => string;
  /** Fields of the JSON form besides the items. */
  readonly rest?: Readonly<Record<string, unknown>>;
  /** Lines for a person, before and after the table. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** The sentences in place of an empty table. */
  readonly empty: string;
};

/** One answer that is no list. */
export type Answer = {
  readonly kind: Kind;
  readonly value: Readonly<Record<string, unknown>>;
  /** The lines for a person. They are shown as they are: texts of a stack must be cleaned. */
  readonly lines: readonly string[];
  readonly name: string;
};

/** Writes the output of one command: data to the standard output, and everything else to the standard error. */
export type Output = {
  readonly format: Format;
  /** Whether a person reads it: `table` or `wide`. */
  readonly isText: boolean;
  readonly paint: Paint;
  readonly clock: Clock;
  /** The width that lines should keep; undefined where nothing is cut. */
  readonly width: number | undefined;
  readonly list: <Item extends object>(listing: Listing<Item>) => Promise<void>;
  /** A list of any length, written while it is read: CSV, JSONL or one JSON document. */
  readonly stream: <Item extends object>(
    listing: Pick<Listing<Item>, 'kind' | 'columns' | 'nameOf'> & { readonly items: AsyncIterable<Item> },
  ) => Promise<void>;
  readonly answer: (answer: Answer) => Promise<void>;
  /** Lines for a person, on the standard output, where the format is a text. */
  readonly lines: (...lines: readonly string[]) => Promise<void>;
  /** Lines as the standard error shows them, for a screen that is shown again and again there. */
  readonly live: (lines: readonly string[]) => readonly string[];
  /** A line about the progress, on the standard error. */
  readonly note: (text: string) => Promise<void>;
};

const isData = (format: Format): boolean => format !== 'table' && format !== 'wide' && format !== 'markdown';

/** The output of one command. */
export const createOutput = (
  { stdout, stderr, env, now }: Pick<Io, 'stdout' | 'stderr' | 'env' | 'now'>,
  { format, isUtc }: { readonly format: Format; readonly isUtc: boolean },
): Output => {
  const paint = painter(isColoured(stdout.isTerminal, env));
  const width = format === 'wide' ? undefined : Math.max(40, stdout.columns);
  const writeLines = async (screen: Screen, lines: readonly string[]): Promise<void> => {
    if (lines.length > 0) await screen.write(`${lines.join('\n')}\n`);
  };
  const clock = createClockView(now(), isUtc);
  /** Sentences are broken between words on a terminal, and left as they are in a pipe. Their times are of one form. */
  const prose = (screen: Screen, texts: readonly string[]): readonly string[] => {
    const lines = texts.map(clock.within);
    return screen.isTerminal && format !== 'wide'
      ? lines.flatMap((line) => folded(line, Math.max(40, screen.columns)))
      : lines;
  };
  const list: Output['list'] = async ({ kind, columns, items, next, nameOf, rest, before, after, empty }) => {
    switch (format) {
      case 'json':
        return await writeLines(stdout, [safeJson({ v: JSON_VERSION, kind, ...rest, items, next: next ?? null }, 2)]);
      case 'jsonl':
        return await writeLines(
          stdout,
          items.map((item) => safeJson(item)),
        );
      case 'csv':
        return await writeCsv(
          columns.filter(({ isNarrow }) => isNarrow !== true),
          items,
          (text) => stdout.write(text),
        );
      case 'name':
        return await writeLines(
          stdout,
          items.map((item) => shown(nameOf(item))),
        );
      case 'markdown':
        return await writeLines(stdout, [
          ...(before ?? []),
          ...(items.length === 0
            ? [empty]
            : markdownLines(
                columns.filter(({ isWide }) => isWide !== true),
                items,
              )),
          ...(after ?? []).map((line) => (line === '' ? '' : `- ${line}`)),
        ]);
      case 'table':
      case 'wide': {
        const visible = columns.filter(({ isWide, isNarrow }) =>
          format === 'wide' ? isNarrow !== true : isWide !== true,
        );
        const table = items.length === 0 ? prose(stdout, [empty]) : tableLines(visible, items, { width, paint });
        return await writeLines(stdout, [...prose(stdout, before ?? []), ...table, ...prose(stdout, after ?? [])]);
      }
    }
  };
  const stream: Output['stream'] = async ({ kind, columns, items, nameOf }) => {
    if (format === 'csv')
      return await writeCsv(
        columns.filter(({ isNarrow }) => isNarrow !== true),
        items,
        stdout.write,
      );
    if (format !== 'json') {
      for await (const item of items)
        await stdout.write(`${format === 'name' ? shown(nameOf(item)) : safeJson(item)}\n`);
      return;
    }
    let before = `{"v":${JSON_VERSION},"kind":${JSON.stringify(kind)},"items":[`;
    for await (const item of items) {
      await stdout.write(`${before}\n${safeJson(item)}`);
      before = ',';
    }
    await stdout.write(`${before === ',' ? '' : before}],"next":null}\n`);
  };
  return {
    format,
    isText: !isData(format),
    paint,
    clock,
    width,
    list,
    stream,
    answer: async ({ kind, value, lines, name }) => {
      const document = { v: JSON_VERSION, kind, ...value };
      if (format === 'json') await writeLines(stdout, [safeJson(document, 2)]);
      else if (format === 'jsonl') await writeLines(stdout, [safeJson(document)]);
      else if (format === 'name') await writeLines(stdout, [shown(name)]);
      else await writeLines(stdout, prose(stdout, lines));
    },
    lines: async (...lines) => {
      if (!isData(format)) await writeLines(stdout, prose(stdout, lines));
    },
    live: (lines) => prose(stderr, lines),
    note: (text) => writeLines(stderr, prose(stderr, [text])),
  };
};
