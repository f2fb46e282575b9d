import { stringify } from 'csv-stringify';
import type { Column } from './table.ts';
import { shown } from './text.ts';

const cellOf = (value: string | number | undefined): string | number =>
  typeof value === 'string' ? shown(value) : (value ?? '');

/**
 * Comma-separated values with a line of titles (RFC 4180). Cells that a spreadsheet would calculate are escaped. Rows are
 * read as fast as `write` takes them, so that any number of them needs little memory.
 */
export const writeCsv = async <Item>(
  columns: readonly Column<Item>[],
  items: AsyncIterable<Item> | Iterable<Item>,
  write: (text: string) => Promise<void>,
): Promise<void> => {
  const rows = async function* () {
    for await (const item of items) yield columns.map(({ value }) => cellOf(value(item)));
  };
  const csv = stringify({ header: true, columns: columns.map(({ title }) => title), escape_formulas: true });
  const feed = async (): Promise<void> => {
    for await (const row of rows()) {
      if (!csv.write(row)) await new Promise<void>((resolve) => csv.once('drain', () => resolve()));
    }
    csv.end();
  };
  const failed = feed().catch((thrown: unknown) => {
    csv.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
  });
  for await (const chunk of csv) await write(String(chunk));
  await failed;
};
