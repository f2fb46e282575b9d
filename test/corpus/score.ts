import { classify } from '../../ssm-documents/classify.ts';
import { type CorpusLine, PARTS, type Part, readCorpus } from './corpus.ts';

/** How one reason fared. */
export type Row = {
  readonly reason: string;
  /** Lines that are labelled with it. */
  readonly lines: number;
  readonly found: number;
  /** Lines that were given it and are labelled otherwise, or not at all. */
  readonly falsely: number;
};

/** How a list of lines fared. */
export type Score = {
  /** By name of the reason. */
  readonly rows: readonly Row[];
  readonly lookAlikes: number;
  /** Look-alikes that were given any reason. */
  readonly actedUpon: number;
  /** Lines whose reason was found and whose image was not, or was another. */
  readonly wrongImages: number;
};

/** Classifies every line and compares. */
export const score = (lines: readonly CorpusLine[]): Score => {
  const results = lines.map((line) => ({ line, found: classify(line.text, line.kind) }));
  const reasons = [...new Set(results.flatMap(({ line, found }) => [line.reason ?? [], found?.reason ?? []].flat()))];
  return {
    rows: reasons.toSorted().map((reason) => ({
      reason,
      lines: results.filter(({ line }) => line.reason === reason).length,
      found: results.filter(({ line, found }) => line.reason === reason && found?.reason === reason).length,
      falsely: results.filter(({ line, found }) => line.reason !== reason && found?.reason === reason).length,
    })),
    lookAlikes: results.filter(({ line }) => line.reason === null).length,
    actedUpon: results.filter(({ line, found }) => line.reason === null && found !== null).length,
    wrongImages: results.filter(
      ({ line, found }) => found !== null && found.reason === line.reason && (found.image ?? null) !== line.image,
    ).length,
  };
};

const share = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);

const tableOf = ({ rows, lookAlikes, actedUpon, wrongImages }: Score): readonly string[] => {
  const sum = (field: 'lines' | 'found' | 'falsely'): number => rows.reduce((total, row) => total + row[field], 0);
  const cells = ({ reason, lines, found, falsely }: Row): string =>
    `| ${reason} | ${lines} | ${found} | ${falsely} | ${share(found, found + falsely)} | ${share(found, lines)} |`;
  const all: Row = { reason: '**all**', lines: sum('lines'), found: sum('found'), falsely: sum('falsely') };
  return [
    '| reason | lines | found | falsely given | precision | recall |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows.map(cells),
    cells(all),
    '',
    `Look-alikes: ${lookAlikes}, of which acted upon: ${actedUpon}. Wrong or missing images: ${wrongImages}.`,
  ];
};

const TITLES: Readonly<Record<Part, string>> = {
  development: 'Development part',
  'held-out': 'Held-out part',
  blind: 'First blind part, after repairing',
  'blind-2': 'Second blind part, after repairing',
  'blind-3': 'Third blind part, after repairing',
};

/** Precision and recall by reason, part by part, in Markdown. */
export const renderTables = (): string =>
  PARTS.flatMap((part) => {
    const lines = readCorpus(part);
    return [`### ${TITLES[part]}: ${lines.length} lines`, '', ...tableOf(score(lines)), ''];
  })
    .join('\n')
    .trimEnd();

const BEGIN = '<!-- corpus: written by `npm run -s corpus -- --write` -->';
const END = '<!-- end of corpus -->';

/** A document with new tables between its marks. Throws where it has no marks. */
export const withTables = (document: string): string => {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`writing the tables: the document lacks ${BEGIN} and ${END}`);
  return `${document.slice(0, from)}${BEGIN}\n\n${renderTables()}\n\n${document.slice(to)}`;
};
