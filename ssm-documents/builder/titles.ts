import type { CatalogueEntry } from '../catalogue.ts';

/** The largest title, in bytes of ASCII. */
export const MAX_TITLE_BYTES = 80;

/**
 * The shell function `title_of REASON`, which puts the title of each of some reasons into REPLY: the console
 * shows it beside the name. Throws for a title that is too long or not plain ASCII.
 */
export const titleOf = (reasons: readonly CatalogueEntry[]): string => {
  const cases = reasons.map(({ name, title }) => {
    if (title.length > MAX_TITLE_BYTES || !/^[A-Za-z0-9 .,:/'()-]+$/.test(title))
      throw new Error(
        `writing titles: the title of ${name} has other characters than ASCII letters, digits and .,:/'()-, or more than ${MAX_TITLE_BYTES}`,
      );
    return `    ${name}) REPLY="${title}" ;;`;
  });
  return ['title_of() {', '  case $1 in', ...cases, '    *) REPLY=$1 ;;', '  esac', '}'].join('\n');
};
