import { failure, type Result, success } from './result.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"]+/gsu;

/** The length of a JSON text without white space, with each text and number in one spelling. */
const compactLength = (text: string): number => {
  let length = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    const spelled = token.startsWith('"')
      ? JSON.stringify(JSON.parse(token))
      : token.replace(/-?\d[\d.eE+-]*/g, (digits) => JSON.stringify(JSON.parse(digits)));
    length += spelled.length;
  }
  return length;
};

/**
 * Parses a JSON text in which no object has a key twice: readers differ in which of the two they take. `JSON.parse` drops one
 * of them, so that what it gives is shorter than the text.
 */
export const parseStrictJson = (text: string): Result<unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failure('it is not JSON');
  }
  return JSON.stringify(value).length === compactLength(text) ? success(value) : failure('an object has a key twice');
};

/** A JSON value as text, the same for every order of its keys and every indentation. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
};
