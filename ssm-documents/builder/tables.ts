import type { CatalogueEntry } from '../catalogue.ts';
import { titleOf } from './titles.ts';

/**
 * A function of the shell that is written from the catalogue. Every document that calls it has it, with the reasons that the
 * document can report.
 */
export type Table = {
  /** The function's name. */
  readonly name: string;
  /** Its text, in the form that shfmt gives it. */
  readonly render: (reasons: readonly CatalogueEntry[]) => string;
};

const severityOf = (reasons: readonly CatalogueEntry[]): string => {
  const cases = (['Fatal', 'Info'] as const).flatMap((severity) => {
    const names = reasons.filter((reason) => reason.severity === severity).map(({ name }) => name);
    return names.length === 0 ? [] : [`    ${names.join(' | ')}) REPLY=${severity} ;;`];
  });
  return ['severity_of() {', '  case $1 in', ...cases, '    *) REPLY=Warning ;;', '  esac', '}'].join('\n');
};

/** Every table, in the order in which a document holds them. */
export const TABLES: readonly Table[] = [
  { name: 'severity_of', render: severityOf },
  { name: 'title_of', render: titleOf },
];
