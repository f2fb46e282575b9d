import { packed } from './pack.ts';

/** Without what is said of a node that a check is not for: that is in no finding of node-check. */
const wordless = (script: string): string =>
  script.replace(/\b(finish Unsupported [A-Za-z]+) (?:'[^'\n]*'|"[^"\n]*")$/gm, "$1 ''");

/** Without the titles of reasons, for which there is no room: `title_of` answers the reason's name. */
const withoutTitles = (script: string): string => script.replace(/^ {4}\w+\) REPLY="[^"\n]*" ;;\n/gm, '');

/** Without the places that only tests of the scripts set. */
const withoutOverrides = (script: string): string => script.replace(/\$\{FLEETMEND_\w+:-([^}]*)\}/g, '$1');

/** For as long as the run controller sends one document for all checks: a script of all of them in SSM's 64 KB. */
export const inOneDocument = (script: string): string => {
  const lines = script.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  return packed(withoutOverrides(wordless(withoutTitles(lines.join('\n')))), ['BUDGET_SECONDS', 'NODE_CHECKS']);
};
