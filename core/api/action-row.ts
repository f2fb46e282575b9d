import * as z from 'zod';
import { cleanText } from '../model/because.ts';
import { IsoTime } from '../model/ids.ts';
import { Refusal } from './refusal.ts';
import { WAYS } from './way.ts';

/** The longest name of an author: that of `requestedBy`. */
const MAX_NAME = 200;

/** The author of an action: named by AWS (`verified`), by the caller (`claimed`), or somebody at a dashboard. */
export const Author = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('verified'),
    /** A role or a user. The name of a role's session is what the caller chose, so it is no part of it. */
    arn: z.string(),
    userId: z.string(),
    account: z.string(),
    sessionName: z.string().optional(),
  }),
  z.object({
    kind: z.literal('claimed'),
    name: z.string(),
    /** Why the caller's proof was not checked. */
    unverified: z.string().optional(),
  }),
  z.object({ kind: z.literal('dashboard') }),
]);
export type Author = Readonly<z.infer<typeof Author>>;

/** The text by which an author is found: an ARN, or a name in which nothing but its own kind can be read. */
export const authorKey = (author: Author): string => {
  if (author.kind === 'verified') return `verified#${author.arn}`;
  return author.kind === 'claimed' ? `claimed#${author.name}` : 'dashboard';
};

/** The keys of an author that somebody names: what AWS said, and what callers said. */
export const authorKeys = (name: string): readonly string[] =>
  name === 'dashboard' ? ['dashboard'] : [`verified#${name}`, `claimed#${name}`];

const DASHBOARD = 'dashboard (unidentified)';
/** A name that a reader would take for one that AWS has verified, or for a dashboard. */
const LOOKS_KNOWN = /^\s*(?:arn:|dashboard)/i;

/** The author as rows of requests, pauses and releases name it: those have the name alone, and not how it is known. */
export const authorName = (author: Author): string => {
  if (author.kind === 'verified') return cleanText(author.arn, MAX_NAME);
  if (author.kind === 'dashboard') return DASHBOARD;
  return LOOKS_KNOWN.test(author.name) ? cleanText(`claimed: ${author.name}`, MAX_NAME) : author.name;
};

/**
 * One row of the record of a person's action: the request (`asked`, stored before anything happens), the answer (`answered`),
 * or the refusal (`refused`).
 */
export const ActionRow = z.object({
  event: z.enum(['asked', 'answered', 'refused']),
  at: IsoTime,
  action: z.string(),
  cluster: z.string().optional(),
  author: Author,
  way: z.enum(WAYS),
  dryRun: z.literal(true).optional(),
  /** The payload as it was understood. */
  request: z.record(z.string(), z.unknown()).optional(),
  answer: z.record(z.string(), z.unknown()).optional(),
  error: Refusal.optional(),
  /** Lambda's own id of the invocation, which CloudTrail has too. */
  lambdaRequestId: z.string(),
});
export type ActionRow = Readonly<z.infer<typeof ActionRow>>;

/** The longest list that a row repeats. */
const MAX_LISTED = 20;
const MAX_TEXT = 500;

/** A value as a row keeps it: long lists as their length, texts cut and without what could deceive a reader. */
export const shortened = (value: unknown): unknown => {
  if (typeof value === 'string') return cleanText(value, MAX_TEXT);
  if (Array.isArray(value)) return value.length > MAX_LISTED ? { count: value.length } : value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member)]));
};

const textIn = (payload: Readonly<Record<string, unknown>>, name: string, length: number): string | undefined => {
  const { [name]: text } = payload;
  return typeof text === 'string' && text !== '' ? cleanText(text, length) : undefined;
};

/** The parts of a payload that every row has, whatever the payload is: its action, its cluster and its author's name. */
export const namedIn = (payload: Readonly<Record<string, unknown>>) => ({
  action: textIn(payload, 'action', 40) ?? '(none)',
  cluster: textIn(payload, 'cluster', 100),
  requestedBy: textIn(payload, 'requestedBy', MAX_NAME) ?? '(unnamed)',
});
