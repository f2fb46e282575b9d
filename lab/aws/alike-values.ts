import { globOf } from './glob.ts';

type Statement = {
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

/** Under these operators two values lead to the same decision where they match the same patterns. */
const COMPARES_TEXT = /^(?:for(?:all|any)values?:)?string(?:not)?(?:like|equals)$/i;

/**
 * Finds, for the values of a condition key, one value that stands for all to which the statements give the same decision.
 * Requests name thousands of rows, and policies a few families of them: each family needs to be decided once.
 *
 * @param key in lower case
 */
export const createAlike = (statements: readonly unknown[], key: string): ((value: string) => string) => {
  const uses = (statements as readonly Statement[]).flatMap(({ Condition = {} }) =>
    Object.entries(Condition).flatMap(([operator, keys]) =>
      Object.entries(keys).flatMap(([name, patterns]) =>
        name.toLowerCase() === key ? [{ operator, patterns: [patterns].flat() }] : [],
      ),
    ),
  );
  const patterns = [...new Set(uses.flatMap((use) => use.patterns))];
  const isComparable = uses.every(({ operator }) => COMPARES_TEXT.test(operator)) && !patterns.join().includes('${');
  if (!isComparable) return (value) => value;
  const globs = patterns.map(globOf);
  const first = new Map<string, string>();
  return (value) => {
    const matched = [patterns.map((pattern) => pattern === value), globs.map((glob) => glob.test(value))];
    const known = first.get(String(matched)) ?? value;
    first.set(String(matched), known);
    return known;
  };
};
