/** A rule for the scripts of the documents: what it refuses, and how a line shows it. */
type Rule = readonly [what: string, pattern: RegExp];

/**
 * What bash 4.2 (Amazon Linux 2) lacks or does otherwise than later versions, by the version that brought it (bash's
 * NEWS and CHANGES files); and what no script of a document may do.
 */
const RULES: readonly Rule[] = [
  ['local -n, declare -n: a name reference (4.3)', /\b(?:local|declare|typeset|unset)\s+(?:-\w+\s+)*-[a-zA-Z]*n/],
  ['local -I, declare -I (5.1)', /\b(?:local|declare|typeset)\s+(?:-\w+\s+)*-[a-zA-Z]*I/],
  ['local - (4.4)', /\blocal\s+(?:-\w+\s+)*-(?:\s|;|$)/],
  ['wait -n (4.3), -f (5.0), -p (5.1)', /\bwait\s+(?:-\w+\s+)*-[a-zA-Z]*[nfp]/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
  ['${x@Q} and the other @ operators (4.4)', /\$\{!?(?:\w+|[@*])(?:\[[^\]]*\])?@[A-Za-z]\}/],
  ['mapfile -d, readarray -d (4.4)', /\b(?:mapfile|readarray)\b[^|;&]*\s-\w*d/],
  [
    'EPOCHSECONDS, EPOCHREALTIME, BASH_ARGV0 (5.0), SRANDOM (5.1)',
    /\b(?:EPOCH(?:SECONDS|REALTIME)|BASH_ARGV0|SRANDOM)\b/,
  ],
  [
    'a shell option that came later',
    /\b(?:inherit_errexit|localvar_(?:inherit|unset)|assoc_expand_once|patsub_replacement|globskipdots|varredir_close|noexpand_translation)\b/,
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
  ['${ command; } (5.3)', /\$\{[ |]/],
  // Reading one is 4.2's, setting and unsetting one is 4.3's; and an empty array has none.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: shell
  ['a negative array index (4.3): ${a[${#a[@]}-1]} has it', /\w\[\s*-\d+\s*\](?:\+?=|\}|['"]?\s*$)/],
  ['[[ -v a[0] ]] (4.3) and [[ -R x ]] (4.3)', /\[\[?\s(?:.*\s)?(?:-v\s+\S*\[|-R\s)/],
  // Before 4.3 the quotes stay in the text.
  ['quotes in a replacement inside of quotes (4.3)', /"[^"]*\$\{\w+\/[^}"]*\/"/],
  // Before 4.3 it needs an argument: without one it prints the start of 1970.
  ["printf '%(…)T' without a time (4.3)", /\bprintf\s+(?:-v\s+\S+\s+)?(["'])[^"']*%\([^)]*\)T[^"']*\1\s*(?:$|[;&|>)])/],
  ['here-document or here-string: a file in /tmp before 5.1', /<<<|<<-?\s*["'A-Za-z_]/],
  ['set -x: it would log secrets', /\bset\s+(?:-\w+\s+)*-(?:\w*x|o\s+xtrace)/],
  ['sudo: it logs its arguments', /\bsudo\b/],
  ['eval', /\beval\b/],
  ['double braces: SSM would interpolate them', /\{\{/],
];

const codeOf = (text: string): string[] => text.split('\n').map((line) => (/^\s*#/.test(line) ? '' : line));

// `a=()`, `local -a a`, `mapfile -t a`, `read -a a`: arrays that may be empty.
const MAYBE_EMPTY = [
  /\b(\w+)=\(\s*\)/g,
  /\b(?:local|declare|typeset|readonly)\s+(?:-\w+\s+)*-\w*[aA]\w*\s+(\w+)\s*(?:;|$)/gm,
  /\b(?:mapfile|readarray)\s+(?:-\w+\s+)*(\w+)/g,
  /\bread\s+(?:-\w+\s+)*-\w*a\s+(\w+)/g,
];

/** Arrays that may be empty and are expanded without a look at their length: nounset refuses that before bash 4.4. */
const emptyArrays = (code: readonly string[]): string[] => {
  const text = code.join('\n');
  const names = MAYBE_EMPTY.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(names)].filter((name) => {
    // A slice or a replacement of all of it counts too; its keys and its length do not.
    const expands = new RegExp(`\\$\\{${name}\\[[@*]\\](?!\\+)`).test(
      text.replaceAll(`\${${name}[@]+"\${${name}[@]}"}`, ''),
    );
    return expands && !new RegExp(`\\(\\(\\$\\{#${name}\\[@\\]\\} (?:> 0|== 0)\\)\\)`).test(text);
  });
};

/** What the rules have against a script, one sentence each with the line; empty if nothing. Comments do not count. */
export const problemsOf = (script: string): string[] => {
  const code = codeOf(script);
  return [
    ...code.flatMap((line, i) =>
      RULES.filter(([, pattern]) => pattern.test(line)).map(([what]) => `line ${i + 1}: ${what}: ${line.trim()}`),
    ),
    ...emptyArrays(code).map((name) => `the array ${name} may be empty, and is expanded without a look at its length`),
  ];
};
