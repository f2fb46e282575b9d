/** A compiled EventBridge event pattern. */
export type EventPattern = { readonly matches: (event: unknown) => boolean };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Test = (value: Json | undefined) => boolean;
type Node = (event: Json | undefined) => boolean;

const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (what: string): never => {
  throw new Error(
    `reading an event pattern: ${what}; EventBridge (aws/event-ruler) would refuse it or the lab does not know it`,
  );
};

/** Where the lab's answer could differ from event-ruler's, which is not specified: the lab refuses instead of answering wrongly. */
const refuseEvent = (what: string): never => {
  throw new Error(`matching an event: ${what}; the lab does not know what EventBridge (aws/event-ruler) would answer`);
};

const asText = (value: Json | undefined, operator: string): string =>
  typeof value === 'string' ? value : refuse(`${operator} wants a text`);

const wildcard = (pattern: string): Test => {
  if (pattern.includes('**')) refuse('consecutive wildcard characters');
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '*') source += '[\\s\\S]*';
    else if (c === '\\') {
      i += 1;
      const escaped = pattern.charAt(i);
      if (escaped !== '*' && escaped !== '\\') refuse('a backslash that escapes neither * nor a backslash');
      source += `\\${escaped}`;
    } else source += c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  }
  const expression = new RegExp(`^${source}$`);
  return (value) => typeof value === 'string' && expression.test(value);
};

const prefixOrSuffix = (operator: 'prefix' | 'suffix', wanted: Json, plainOnly = false): Test => {
  const matches = (text: string, part: string): boolean =>
    operator === 'prefix' ? text.startsWith(part) : text.endsWith(part);
  if (isObject(wanted) && !plainOnly) {
    const keys = Object.keys(wanted);
    if (keys.length !== 1 || keys[0] !== 'equals-ignore-case') refuse(`${operator} with ${keys.join(', ')}`);
    const part = asText(wanted['equals-ignore-case'], operator).toLowerCase();
    return (value) => typeof value === 'string' && matches(value.toLowerCase(), part);
  }
  const part = asText(wanted, operator);
  return (value) => typeof value === 'string' && matches(value, part);
};

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** Source: event-ruler, constraints of numeric matching. */
const NUMERIC_LIMIT = 5_000_000_000;

const numeric = (rule: Json): Test => {
  if (!Array.isArray(rule) || (rule.length !== 2 && rule.length !== 4))
    return refuse('numeric wants [operator, number] once or twice');
  if (rule.length === 4) {
    const [lower, from, upper, to] = rule as readonly Json[];
    const isRange = String(lower).startsWith('>') && String(upper).startsWith('<');
    if (!isRange || Number(from) >= Number(to))
      refuse('a numeric range that is not first > or >=, then < or <= of more');
  }
  const parts: ((value: number) => boolean)[] = [];
  for (let i = 0; i < rule.length; i += 2) {
    const compare = COMPARISONS[String(rule[i])];
    const bound: unknown = rule[i + 1];
    if (compare === undefined || typeof bound !== 'number' || Math.abs(bound) > NUMERIC_LIMIT)
      return refuse(`numeric ${String(rule[i])}`);
    parts.push((value) => compare(value, bound));
  }
  return (value) => typeof value === 'number' && parts.every((part) => part(value));
};

const equalsIgnoreCase = (wanted: readonly Json[]): Test => {
  const texts = wanted.map((w) => asText(w, 'equals-ignore-case').toLowerCase());
  return (value) => typeof value === 'string' && texts.includes(value.toLowerCase());
};

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [value]);

const anythingBut = (rule: Json): Test => {
  if (isObject(rule)) {
    const [[operator, wanted] = ['', null], ...more] = Object.entries(rule);
    if (more.length > 0) refuse('anything-but with two operators');
    const tests: readonly Test[] =
      operator === 'prefix' || operator === 'suffix'
        ? listOf(wanted).map((w) => prefixOrSuffix(operator, w, true))
        : operator === 'equals-ignore-case'
          ? [equalsIgnoreCase(listOf(wanted))]
          : operator === 'wildcard'
            ? listOf(wanted).map((w) => wildcard(asText(w, 'wildcard')))
            : refuse(`anything-but ${operator}`);
    return (value) => value !== undefined && !tests.some((test) => test(value));
  }
  const unwanted = listOf(rule);
  const kinds = new Set(unwanted.map((u) => typeof u));
  if (kinds.size !== 1 || !(kinds.has('string') || kinds.has('number'))) {
    refuse('anything-but wants texts, or numbers, and not both');
  }
  return (value) => value !== undefined && !unwanted.some((u) => u === value);
};

const OPERATORS: Readonly<Record<string, (rule: Json) => Test>> = {
  prefix: (rule) => prefixOrSuffix('prefix', rule),
  suffix: (rule) => prefixOrSuffix('suffix', rule),
  'anything-but': anythingBut,
  numeric,
  'equals-ignore-case': (rule) => equalsIgnoreCase([rule]),
  wildcard: (rule) => wildcard(asText(rule, 'wildcard')),
};

const readMatcher = (rule: Json): Test => {
  if (!isObject(rule)) {
    if (Array.isArray(rule)) return refuse('a list inside a list');
    return (value) => value === rule;
  }
  const [[operator, argument] = ['', null], ...more] = Object.entries(rule);
  if (more.length > 0) refuse('a matcher with two operators');
  return (OPERATORS[operator] ?? refuse(`the operator ${operator}`))(argument);
};

const isExistsFalse = (rule: Json): boolean => isObject(rule) && rule.exists === false;

/** Whether a pattern requires the absence of a field. */
const asksForAbsence = (pattern: Json): boolean =>
  isExistsFalse(pattern) ||
  (typeof pattern === 'object' && pattern !== null && Object.values(pattern).some((inner) => asksForAbsence(inner)));

/** `exists` looks at leaves only, as event-ruler does: an object, or an empty list, is no value. */
const leaf = (rules: readonly Json[]): Node => {
  if (rules.length === 0) refuse('an empty list of values');
  const isAbsenceAsked = rules.some(isExistsFalse);
  const tests: ((values: readonly Json[]) => boolean)[] = rules.map((rule) => {
    if (isObject(rule) && 'exists' in rule) {
      if (typeof rule.exists !== 'boolean' || Object.keys(rule).length !== 1) refuse('exists wants true or false');
      return (values) => values.length > 0 === rule.exists;
    }
    const test = readMatcher(rule);
    return (values) => values.some(test);
  });
  return (value) => {
    const values: readonly Json[] = value === undefined ? [] : Array.isArray(value) ? value : [value as Json];
    if (values.some(Array.isArray)) refuseEvent('a list has a list in it');
    if (isAbsenceAsked && Array.isArray(value) && values.some(isObject))
      refuseEvent('exists: false on a list of objects');
    const leaves = values.filter((v) => !isObject(v));
    return tests.some((test) => test(leaves));
  };
};

const compileObject = (pattern: { readonly [key: string]: Json }): Node => {
  const entries = Object.entries(pattern);
  if (entries.length === 0) refuse('an empty object');
  const parts = entries.map(([key, rule]): Node => {
    // event-ruler joins the keys of nested objects with dots, so such a key would be read as a path.
    if (key.includes('.')) refuse(`the key ${key} has a dot in it`);
    if (key === '$or' && Array.isArray(rule) && rule.length > 1 && rule.every(isObject)) {
      const branches = rule.map((branch: Json) => compileObject(branch as { readonly [key: string]: Json }));
      return (event) => branches.some((branch) => branch(event));
    }
    const inner = Array.isArray(rule)
      ? leaf(rule)
      : isObject(rule)
        ? compileObject(rule)
        : refuse(`'${key}' is neither an object nor a list`);
    return (event) => inner(isObject(event) ? event[key] : undefined);
  });
  const isAbsenceAsked = asksForAbsence(pattern);
  return (event) => {
    if (Array.isArray(event) && event.some(Array.isArray)) refuseEvent('a list has a list in it');
    if (Array.isArray(event) && isAbsenceAsked) refuseEvent('exists: false below a list of objects');
    // Lists of objects: one element must satisfy all parts together, as event-ruler's array consistency wants.
    if (Array.isArray(event)) return event.some((element: Json) => parts.every((part) => part(element)));
    return parts.every((part) => part(event));
  };
};

type Field = { readonly path: string; readonly ors: readonly object[] };

/** Every field that a pattern looks at, with the lists of $or that contain it. */
const fieldsOf = (pattern: { readonly [key: string]: Json }, path: string, ors: readonly object[]): readonly Field[] =>
  Object.entries(pattern).flatMap(([key, rule]) => {
    if (key === '$or' && Array.isArray(rule) && rule.every(isObject))
      return rule.flatMap((branch) => fieldsOf(branch, path, [...ors, rule]));
    const own = `${path}.${key}`;
    return isObject(rule) ? fieldsOf(rule, own, ors) : [{ path: own, ors }];
  });

/** event-ruler lets the field of a branch stand in for the same field outside of the $or; the lab would want both. */
const refuseFieldsBesideOr = (pattern: { readonly [key: string]: Json }): void => {
  const fields = fieldsOf(pattern, '', []);
  const beside = fields.find(({ path, ors }) =>
    fields.some((other) => other.path === path && ors.some((or) => !other.ors.includes(or))),
  );
  if (beside !== undefined) refuse(`${beside.path.slice(1)} stands in a $or and outside of it`);
};

/**
 * Compiles a pattern with aws/event-ruler's semantics.
 *
 * @throws on unknown operators, and on patterns whose result would differ from event-ruler's: here for
 * a pattern, and from `matches` for an event
 */
export const compilePattern = (pattern: unknown): EventPattern => {
  if (!isObject(pattern)) return refuse('the pattern is no object');
  refuseFieldsBesideOr(pattern);
  const node = compileObject(pattern);
  return { matches: (event) => node(event as Json) };
};
