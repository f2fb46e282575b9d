import { classify } from '../../ssm-documents/classify.ts';
import { type CorpusLine, PARTS, type Part, readCorpus } from './corpus.ts';

/** The result for one reason. */
export type Row = {
  readonly reason: string;
  /** Lines that are labelled with it. */
  readonly lines: number;
  readonly found: number;
  /** Lines that were classified with it and are labelled otherwise, or not at all. */
  readonly falsely: number;
};

/** The result for a list of lines. */
export type Score = {
  /** By name of the reason. */
  readonly rows: readonly Row[];
  readonly lookAlikes: number;
  /** Look-alikes that were classified with any reason. */
  readonly actedUpon: number;
  /** Lines with the right reason and a missing or wrong image. */
  readonly wrongImages: number;
};

/** Classifies every line and compares the answer with its label. */
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
  blind: 'First blind part, after improving',
  'blind-2': 'Second blind part, after improving',
  'blind-3': 'Third blind part, after improving',
  'blind-4': 'Fourth blind part, after improving',
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

/** A document with fresh tables between its markers. Throws where it has no markers. */
export const withTables = (document: string): string => {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`writing the tables: the document lacks ${BEGIN} and ${END}`);
  return `${document.slice(0, from)}${BEGIN}\n\n${renderTables()}\n\n${document.slice(to)}`;
};
