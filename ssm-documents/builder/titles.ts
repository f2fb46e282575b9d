import type { CatalogueEntry } from '../catalogue.ts';

/** The largest title, in bytes of ASCII. */
export const MAX_TITLE_BYTES = 80;

/**
 * The shell function `title_of REASON`, which puts the title of each of some reasons into REPLY: the console
 * shows it beside the name. Throws for a title that is too long or not plain ASCII.
 */
export const titleOf = (reasons: readonly CatalogueEntry[]): string => {
  const rows = reasons.map(({ name, title }) => {
    if (title.length > MAX_TITLE_BYTES || !/^[A-Za-z0-9 .,:/'()-]+$/.test(title))
      throw new Error(
        `writing titles: the title of ${name} has other characters than ASCII letters, digits and .,:/'()-, or more than ${MAX_TITLE_BYTES}`,
      );
    return `${name}=${title}`;
  });
  // One text: a branch for each title would take 20 bytes more in every document.
  return `title_of() {
  local titles="
${rows.join('\n')}
"
  REPLY=\${titles#*$'\\n'"$1="}
  [[ $REPLY != "$titles" ]] || REPLY=$1
  REPLY=\${REPLY%%$'\\n'*}
}`;
};
