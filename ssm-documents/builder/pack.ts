// Names that mean something outside of the script: bash's own, and what other programs read from the environment.
const EXTERNAL = /^(?:LC|BASH|AWS|FLEETMEND|SSM|HTTPS?|NO|DOCKER_(?:HOST|CONFIG|CONTEXT)|CONTAINERD_ADDRESS)(?:_|$)/;
const FUNCTION = /^\s*([A-Za-z]\w*)\(\) \{/gm;
const VARIABLE = /(?:^|[\s;(])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\+?=/gm;
const WORD = /(?:^|[\s;(])([A-Z][A-Z0-9]{5,})(?:\[[^\]\n]*\])?\+?=/gm;
// `method_$method` or `${kind}_image`: a name that is put together when the script runs.
const COMPOSED_START = /([A-Za-z]\w*_)\$/g;
const COMPOSED_END = /\$\{[^}]*\}(_\w+)/g;

const captures = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** 0, 1, …, z, 10: short, and all different. */
const shortName = (index: number, name: string): string => `${/^[A-Z]/.test(name) ? 'V' : 'f'}${index.toString(36)}_`;

// In JSON a line end is two bytes, and after these words a blank does as well.
const OPEN = /(?<=(?:^|[\s;&|])(?:then|do|else|\(\) \{|\{))\n(?!#)/gm;

// The blank of a redirection, the end of a last case, and what only keeps a script from changing a constant.
const SPARE = /(?<=[^<>=][<>]) (?=["$/&\w])| ;;(?=\nesac$)|^readonly (?=\w+=)/gm;

/**
 * A script in fewer bytes: without indentation, some line ends and blanks, and with short names in the place of its own long ones (functions and
 * global variables with an underscore in their name, or that are nothing else). Every occurrence of a name is replaced, in texts too, so a script
 * that calls a function by its name still does; names that are put together at run time, exported ones and those that
 * mean something outside of the script stay, and so does what `kept` names. A line's indentation must not matter, as it would inside of a text.
 */
export const packed = (script: string, kept: readonly string[] = []): string => {
  const text = script
    .split('\n')
    .map((line) => line.trimStart())
    .join('\n');
  const starts = captures(text, COMPOSED_START);
  const ends = captures(text, COMPOSED_END);
  const exported = new Set(
    text
      .split('\n')
      .filter((line) => /\b(?:export|env)\b/.test(line))
      .flatMap((line) => line.match(/\w+/g) ?? []),
  );
  const isOwn = (name: string): boolean =>
    name.includes('_') &&
    !EXTERNAL.test(name) &&
    !exported.has(name) &&
    !kept.includes(name) &&
    !starts.some((start) => name.startsWith(start)) &&
    !ends.some((end) => name.endsWith(end));
  const names = [...new Set([...captures(text, FUNCTION), ...captures(text, VARIABLE)])].filter(isOwn);
  // A word could stand in a text as well: only one that is a variable wherever it stands.
  const isVariable = (name: string): boolean =>
    text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ===
    text.match(new RegExp(`\\$\\{?[#!]?${name}\\b|(?<=^|[\\s;(])${name}(?=(?:\\[[^\\]\\n]*\\])?\\+?=)`, 'gm'))?.length;
  const words = [...new Set(captures(text, WORD))].filter(
    (name) => !EXTERNAL.test(name) && !exported.has(name) && !kept.includes(name) && isVariable(name),
  );
  const uses = (name: string): number => text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;
  // The names that are used most get the shortest ones.
  const ranked = [...names, ...words]
    .map((name) => [name, uses(name)] as const)
    .sort(([a, i], [b, j]) => j - i || (a < b ? -1 : 1));
  const short = new Map(ranked.map(([name], index) => [name, shortName(index, name)]));
  const taken = [...short.values()].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  if (taken.length > 0) throw new Error(`packing a script: it has names like the short ones: ${taken.join(', ')}`);
  return text
    .replace(/\w+/g, (word) => short.get(word) ?? word)
    .replace(OPEN, ' ')
    .replace(SPARE, '');
};
