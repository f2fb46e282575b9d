import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../../../lab/aws/aws-error.ts';
import { compareTexts, type Item, type Value } from './values.ts';

/** What the aliases of an expression stand for. */
export type Terms = {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
};
type Path = readonly string[];
type Test = (item: Item, terms: Terms) => boolean;
type Assignment = {
  readonly verb: 'SET' | 'REMOVE' | 'ADD';
  readonly path: Path;
  readonly value?: string;
  readonly unless?: Path;
};
/** An expression, once it is read, and the aliases in it. */
export type Read<Meaning> = { readonly meaning: Meaning; readonly aliases: ReadonlySet<string> };

/** Refuses a request as DynamoDB does. */
export const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

const tokensOf = (text: string) => {
  const tokens = text.match(/[#:]\w+|[a-zA-Z_]+|<=|>=|<>|\S/gu) ?? [];
  let at = 0;
  const take = (...expected: readonly string[]): string => {
    const token = tokens[at++] ?? 'the end';
    if (expected.length > 0 && !expected.includes(token)) throw invalid(`Invalid expression: ${token} in ${text}`);
    return token;
  };
  const alias = (sign: '#' | ':'): string => {
    const token = take();
    if (token.startsWith(sign)) return token;
    // Other expressions than those of functions/adapters/table/expressions.ts are for dynalite.
    throw new Error(`the table in memory reads aliases alone, not ${token} in ${text}`);
  };
  const isNext = (token: string): boolean => tokens[at] === token && ++at > 0;
  const path = (): Path => {
    const names = [alias('#')];
    while (isNext('.')) names.push(alias('#'));
    return names;
  };
  const list = <Part>(part: () => Part): Part[] => {
    const parts = [part()];
    while (isNext(',')) parts.push(part());
    return parts;
  };
  return { take, alias, isNext, path, list, isAtEnd: () => at >= tokens.length, tokens };
};
type Tokens = ReturnType<typeof tokensOf>;

/** Remembers what an expression means: a test sends few different ones, thousands of times. */
const remembered = <Meaning>(read: (tokens: Tokens) => Meaning): ((text: string) => Read<Meaning>) => {
  const known = new Map<string, Read<Meaning>>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (text === '') throw invalid('Invalid expression: it is empty');
    const tokens = tokensOf(text);
    const meaning = read(tokens);
    if (!tokens.isAtEnd()) throw invalid(`Invalid expression: more than one in ${text}`);
    const done = { meaning, aliases: new Set(tokens.tokens.filter((token) => /^[#:]/u.test(token))) };
    known.set(text, done);
    return done;
  };
};

const named = (path: Path, { names }: Terms): Path =>
  path.map((alias) => {
    const name = names[alias];
    if (name === undefined)
      throw invalid(`An expression attribute name used in the document path is not defined; attribute name: ${alias}`);
    return name;
  });
const valueOfAlias = (alias: string, { values }: Terms): Value => {
  const value = values[alias];
  if (value === undefined)
    throw invalid(`An expression attribute value used in expression is not defined; attribute value: ${alias}`);
  return value;
};
const childOf = (value: Value | undefined, name: string): Value | undefined => (value?.M as Item | undefined)?.[name];
const valueAt = (item: Item, path: Path, terms: Terms): Value | undefined =>
  named(path, terms).reduce<Value | undefined>(childOf, { M: item });

const ORDERS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
};
const orderOf = (type: string, a: string, b: string): number => {
  if (type === 'N') return Number(a) - Number(b);
  return type === 'S' ? compareTexts(a, b) : Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'));
};
const compared = (operator: string, is: Value | undefined, than: Value): boolean => {
  const isEqual = is !== undefined && isDeepStrictEqual(is, than);
  if (operator === '=' || operator === '<>') return isEqual === (operator === '=');
  const [type = ''] = Object.keys(than);
  if (!['S', 'N', 'B'].includes(type))
    throw invalid(`Incorrect operand type for operator or function; operator: ${operator}, operand type: ${type}`);
  const [left, right] = [is?.[type], than[type]];
  return left !== undefined && ORDERS[operator]?.(orderOf(type, String(left), String(right))) === true;
};

const readTest = (tokens: Tokens): Test => {
  if (tokens.isNext('(')) {
    const inner = readAny(tokens);
    tokens.take(')');
    return inner;
  }
  for (const wanted of [true, false]) {
    if (!tokens.isNext(wanted ? 'attribute_exists' : 'attribute_not_exists')) continue;
    tokens.take('(');
    const path = tokens.path();
    tokens.take(')');
    return (item, terms) => (valueAt(item, path, terms) !== undefined) === wanted;
  }
  const path = tokens.path();
  const operator = tokens.take('=', '<>', ...Object.keys(ORDERS));
  const value = tokens.alias(':');
  return (item, terms) => compared(operator, valueAt(item, path, terms), valueOfAlias(value, terms));
};
const readAll = (tokens: Tokens): Test => {
  const tests = [readTest(tokens)];
  while (tokens.isNext('AND')) tests.push(readTest(tokens));
  return (item, terms) => tests.every((test) => test(item, terms));
};
const readAny = (tokens: Tokens): Test => {
  const tests = [readAll(tokens)];
  while (tokens.isNext('OR')) tests.push(readAll(tokens));
  return (item, terms) => tests.some((test) => test(item, terms));
};

/** Reads a condition expression. */
export const conditionOf = remembered(readAny);

const readAssignment = (tokens: Tokens, verb: Assignment['verb']): Assignment => {
  const path = tokens.path();
  if (verb === 'REMOVE') return { verb, path };
  if (verb === 'ADD') return { verb, path, value: tokens.alias(':') };
  tokens.take('=');
  if (!tokens.isNext('if_not_exists')) return { verb, path, value: tokens.alias(':') };
  tokens.take('(');
  const unless = tokens.path();
  tokens.take(',');
  const value = tokens.alias(':');
  tokens.take(')');
  return { verb, path, value, unless };
};
const overlap = (a: Path, b: Path): boolean => a.every((name, i) => i >= b.length || name === b[i]);

/** Reads an update expression. Two changes of one attribute are refused, as DynamoDB refuses them. */
export const updateOf = remembered((tokens: Tokens): readonly Assignment[] => {
  const changes: Assignment[] = [];
  while (!tokens.isAtEnd()) {
    const verb = tokens.take('SET', 'REMOVE', 'ADD') as Assignment['verb'];
    changes.push(...tokens.list(() => readAssignment(tokens, verb)));
  }
  changes.forEach(({ path }, i) => {
    if (changes.slice(0, i).some((before) => overlap(before.path, path)))
      throw invalid(
        'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths;',
      );
  });
  return changes;
});

/** The item with a value at a path, or without one. */
const withValue = (item: Item, [first = '', ...rest]: Path, value: Value | undefined): Item => {
  if (rest.length > 0) {
    const map = item[first]?.M as Item | undefined;
    if (map === undefined) throw invalid('The document path provided in the update expression is invalid for update');
    return { ...item, [first]: { M: withValue(map, rest, value) } };
  }
  if (value !== undefined) return { ...item, [first]: value };
  const { [first]: _, ...others } = item;
  return others;
};

const sum = (is: Value | undefined, by: Value): Value => {
  if (by.N === undefined || (is !== undefined && is.N === undefined))
    throw invalid('An operand in the update expression has an incorrect data type');
  return { N: String(Number(is?.N ?? 0) + Number(by.N)) };
};

/** Throws, before the condition is looked at, for changes of key attributes, or of those of an index to another type. */
export const holdChanges = (
  changes: readonly Assignment[],
  keys: readonly string[],
  indexKeys: readonly string[],
  terms: Terms,
): void => {
  for (const { verb, path, value } of changes) {
    const [name = '', ...deeper] = named(path, terms);
    const given = value === undefined ? undefined : valueOfAlias(value, terms);
    if (keys.includes(name)) throw invalid(`Cannot update attribute ${name}. This attribute is part of the key`);
    if (!indexKeys.includes(name)) continue;
    if (deeper.length > 0 || verb === 'ADD' || (given !== undefined && given.S === undefined))
      throw invalid('The update expression attempted to update the secondary index key to unsupported type');
  }
};

/** The item after the changes of an update. A SET reads from the item before it. */
export const updated = (changes: readonly Assignment[], item: Item, terms: Terms): Item =>
  changes.reduce((now, { verb, path, value = '', unless }) => {
    const names = named(path, terms);
    if (verb === 'REMOVE') return withValue(now, names, undefined);
    const before = valueAt(item, unless ?? path, terms);
    if (verb === 'ADD') return withValue(now, names, sum(before, valueOfAlias(value, terms)));
    return withValue(now, names, (unless === undefined ? undefined : before) ?? valueOfAlias(value, terms));
  }, item);
