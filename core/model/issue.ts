import type * as z from 'zod';
import { plainText } from './because.ts';

/** An input may have any name, and as many as it likes: an issue repeats so much of them. */
const MAX_FIELD = 200;
const MAX_MESSAGE = 500;

const cut = (text: string, length: number): string =>
  plainText(text.length > length ? `${text.slice(0, length)}…` : text, length + 1);

type Issue = Pick<z.core.$ZodIssue, 'path' | 'message'>;

const fieldOf = ({ path }: Pick<Issue, 'path'>, whole: string): string =>
  cut(path.map(String).join('.'), MAX_FIELD) || whole;
const messageOf = ({ message }: Pick<Issue, 'message'>): string => cut(message, MAX_MESSAGE);

const textOf = (issue: Issue, whole: string): string => `field ${fieldOf(issue, whole)}: ${messageOf(issue)}`;

/**
 * The first issue of a failed parse: the field and the problem. `whole` names the input if the input itself is invalid;
 * `prefix` is the path of the parsed part.
 */
export const firstIssue = (
  error: z.ZodError,
  whole: string,
  prefix: readonly PropertyKey[] = [],
): { readonly field: string; readonly message: string } => {
  const [issue = { path: [], message: 'invalid' }] = error.issues;
  return { field: fieldOf({ ...issue, path: [...prefix, ...issue.path] }, whole), message: messageOf(issue) };
};

/** The first issue of a failed parse, as `field detail.node: …`; `whole` names the input if it is invalid itself. */
export const describeIssue = (error: z.ZodError, whole: string): string => {
  const { field, message } = firstIssue(error, whole);
  return `field ${field}: ${message}`;
};

/** Every issue of a failed parse: the field and the problem. `whole` names the input if the input itself is invalid. */
export const everyIssue = (
  error: z.ZodError,
  whole: string,
): readonly { readonly field: string; readonly message: string }[] =>
  error.issues.map((issue) => ({ field: fieldOf(issue, whole), message: messageOf(issue) }));

/** The first three issues of a failed parse, and how many more there are. */
export const describeIssues = (error: z.ZodError, whole: string): string => {
  const more = error.issues.length - 3;
  const texts = error.issues.slice(0, 3).map((issue) => textOf(issue, whole));
  return `${texts.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
};
