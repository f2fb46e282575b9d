import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import { defined } from '../../../core/model/defined.ts';
import { TABLE } from './keys.ts';

/** Collects an expression's names and values. Every name gets an alias, because DynamoDB reserves some words. */
type Terms = {
  readonly name: (attribute: string) => string;
  readonly value: (value: NativeAttributeValue) => string;
};

/** A condition of a write, as a part of DynamoDB's condition expression. */
export type Condition = (terms: Terms) => string;

/** An attribute, or the names that lead to an entry within map attributes. */
type Path = string | readonly string[];

const pathOf = ({ name }: Terms, path: Path): string => [path].flat().map(name).join('.');

/** There is no such attribute, or no item at all. */
export const absent =
  (path: Path): Condition =>
  (terms) =>
    `attribute_not_exists(${pathOf(terms, path)})`;

/** There is such an attribute. */
export const isThere =
  (path: Path): Condition =>
  (terms) =>
    `attribute_exists(${pathOf(terms, path)})`;

/** Nothing is stored under the key. */
export const isNew: Condition = absent(TABLE.partitionKey);

/** Something is stored under the key. */
export const isStored: Condition = isThere(TABLE.partitionKey);

const compared =
  (operator: '=' | '<>' | '<' | '>' | '<=' | '>=') =>
  (path: Path, value: NativeAttributeValue): Condition =>
  (terms) =>
    `${pathOf(terms, path)} ${operator} ${terms.value(value)}`;

/** The attribute is there and has this value. */
export const equals = compared('=');
/** The attribute has another value, or is absent. */
export const differs = compared('<>');
/** The attribute has the value that was read, or is absent as it was. */
export const asRead = (path: Path, value: NativeAttributeValue | undefined): Condition =>
  value === undefined ? absent(path) : equals(path, value);
/** The attribute is there and less than this value. */
export const below = compared('<');
/** The attribute is there and greater than this value. */
export const above = compared('>');

/** The attribute is there and at most this value. */
export const atMost = compared('<=');
/** The attribute is there and at least this value. */
export const atLeast = compared('>=');

/** The item is at the version that was read. */
export const isAtVersion = (version: number | string): Condition => equals('version', version);

/** At least one of them holds. */
export const anyOf =
  (...conditions: readonly Condition[]): Condition =>
  (terms) =>
    conditions.map((condition) => condition(terms)).join(' OR ');

/** All of them hold. */
export const allOf =
  (...conditions: readonly Condition[]): Condition =>
  (terms) =>
    conditions.map((condition) => `(${condition(terms)})`).join(' AND ');

type Values = Readonly<Record<string, NativeAttributeValue>>;

/** The changes of an update to an item's attributes. Undefined values are omitted. */
export type Change = {
  readonly set?: Values;
  /** Set only where the attribute is absent. */
  readonly setIfAbsent?: Values;
  /** Entries of map attributes, by the map's name. The map must be there. */
  readonly setEntries?: Readonly<Record<string, Values>>;
  readonly remove?: readonly string[];
  readonly removeEntries?: Readonly<Record<string, readonly string[]>>;
  /** Added to a number; an absent one counts as 0. */
  readonly add?: Readonly<Record<string, number>>;
};

const entriesWithValue = (values: Values | undefined): readonly (readonly [string, NativeAttributeValue])[] =>
  Object.entries(values ?? {}).filter(([, value]) => value !== undefined);

const updateOf = (change: Change, { name, value }: Terms): string => {
  const set = [
    ...entriesWithValue(change.set).map(([attribute, v]) => `${name(attribute)} = ${value(v)}`),
    ...entriesWithValue(change.setIfAbsent).map(([a, v]) => `${name(a)} = if_not_exists(${name(a)}, ${value(v)})`),
    ...Object.entries(change.setEntries ?? {}).flatMap(([map, entries]) =>
      entriesWithValue(entries).map(([entry, v]) => `${name(map)}.${name(entry)} = ${value(v)}`),
    ),
  ];
  const remove = [
    ...(change.remove ?? []).map(name),
    ...Object.entries(change.removeEntries ?? {}).flatMap(([map, entries]) =>
      entries.map((entry) => `${name(map)}.${name(entry)}`),
    ),
  ];
  const add = Object.entries(change.add ?? {}).map(([attribute, by]) => `${name(attribute)} ${value(by)}`);
  return [
    ['SET', set],
    ['REMOVE', remove],
    ['ADD', add],
  ]
    .flatMap(([verb, parts]) => (parts?.length ? [`${String(verb)} ${Array.from(parts).join(', ')}`] : []))
    .join(' ');
};

/** The parts of a request that hold expressions. */
export type Expressions = {
  UpdateExpression?: string;
  KeyConditionExpression?: string;
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, NativeAttributeValue>;
};

/** Writes the expressions of one request, with their shared names and values. */
export const expressionsOf = (parts: {
  readonly change?: Change;
  readonly key?: Condition;
  readonly condition?: Condition | undefined;
}): Expressions => {
  const names = new Map<string, string>();
  const values: Record<string, NativeAttributeValue> = {};
  const terms: Terms = {
    name: (attribute) => {
      const alias = names.get(attribute) ?? `#n${names.size}`;
      names.set(attribute, alias);
      return alias;
    },
    value: (value) => {
      const alias = `:v${Object.keys(values).length}`;
      values[alias] = value;
      return alias;
    },
  };
  const { change, key, condition } = parts;
  const expressions: Expressions = {
    ...(change === undefined ? {} : { UpdateExpression: updateOf(change, terms) }),
    ...defined({ KeyConditionExpression: key?.(terms) }),
    ...defined({ ConditionExpression: condition?.(terms) }),
  };
  if (names.size > 0) {
    expressions.ExpressionAttributeNames = Object.fromEntries([...names].map(([name, alias]) => [alias, name]));
  }
  if (Object.keys(values).length > 0) expressions.ExpressionAttributeValues = values;
  return expressions;
};
