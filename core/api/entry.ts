import type * as z from 'zod';
import { failure, type Result, success } from '../model/result.ts';
import { type Refusal, refusal, refusalOf } from './refusal.ts';

/** A strict object schema of a payload, without the field that names the entry. */
export type PayloadSchema<Payload> = z.ZodType<Payload> & { readonly shape: Readonly<Record<string, z.ZodType>> };

/** An action or a query: one kind of payload that a function accepts. `Meaning` is the parsed request. */
export type Entry<Meaning> = {
  /** The value of the field that distinguishes the function's payloads. */
  readonly name: string;
  /** A plain sentence; it is the description in docs/payloads.md. */
  readonly title: string;
  /** The payload's other fields, in the order of the schema. */
  readonly fields: readonly { readonly name: string; readonly isRequired: boolean }[];
  /** Reads the payload's other fields; a refusal names up to three of them. */
  readonly read: (fields: unknown) => Result<Meaning, Refusal>;
};

/** Makes an entry. `meaningOf` receives the parsed payload. */
export const defineEntry = <Payload, Meaning>(
  {
    name,
    title,
    payload: schema,
  }: Pick<Entry<Meaning>, 'name' | 'title'> & { readonly payload: PayloadSchema<Payload> },
  meaningOf: (payload: Payload) => Meaning,
): Entry<Meaning> => ({
  name,
  title,
  fields: Object.entries(schema.shape).map(([field, value]) => ({
    name: field,
    isRequired: !value.safeParse(undefined).success,
  })),
  read: (fields) => {
    const parsed = schema.safeParse(fields);
    return parsed.success
      ? success(meaningOf(parsed.data))
      : failure(refusalOf(parsed.error, Object.keys(schema.shape)));
  },
});

/** The entries that a registry exports, sorted by name: the order of a module's exports depends on its loader. */
export const entriesOf = <Item extends { readonly name: string }>(
  registry: Readonly<Record<string, Item>>,
): readonly Item[] => Object.values(registry).toSorted((a, b) => (a.name < b.name ? -1 : 1));

type Fields = Readonly<Record<string, unknown>>;

/** More fields than any entry has. */
const MAX_FIELDS = 100;

/**
 * The fields of a payload, which may be anything: none of a text or a list, whose every character or item would be one. Of a
 * payload with more than any entry has, the first: it is refused for one of them, and costs little more than its parsing.
 */
export const fieldsOf = (payload: unknown): Fields => {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return {};
  const fields = payload as Fields;
  const names = Object.keys(fields);
  if (names.length <= MAX_FIELDS) return fields;
  return Object.fromEntries(names.slice(0, MAX_FIELDS).map((name) => [name, fields[name]]));
};

/** Finds the entry that the payload's field `key` names, and reads the other fields. A refusal names the wrong field. */
export const readEntry = <Meaning>(
  key: string,
  entries: readonly Entry<Meaning>[],
  payload: unknown,
): Result<Meaning, Refusal> => {
  const { [key]: name, ...fields } = fieldsOf(payload);
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry.read(fields);
  const allowed = entries.map((known) => known.name);
  return failure(refusal(key, `expected one of ${allowed.join(', ')}`, { allowed }));
};
