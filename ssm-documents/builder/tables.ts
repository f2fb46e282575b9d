import type { Remediation } from '../../core/model/remediation.ts';
import { catalogueOf } from '../catalogue.ts';
import { titleOf } from './titles.ts';

/**
 * A function of the shell that is written from the registry. It is offered to every document with the remediations that
 * the document is about; like every function, it stays out of a document in which nothing calls it.
 */
export type Table = {
  /** The function's name. */
  readonly name: string;
  /** Its text, in the form that shfmt gives it. */
  readonly render: (remediations: readonly Remediation[]) => string;
};

const severityOf = (remediations: readonly Remediation[]): string => {
  const reasons = [...catalogueOf(remediations).values()];
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
