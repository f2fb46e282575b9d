import { Buffer } from 'node:buffer';

/** A value in DynamoDB's wire protocol: its type and its content. */
export type Value = Readonly<Record<string, unknown>>;
/** An item, or a key, in DynamoDB's wire protocol. */
export type Item = Readonly<Record<string, Value>>;

type Native = Readonly<Record<string, unknown>>;

const numberOf = (value: number): Value => {
  if (!Number.isFinite(value)) throw new Error(`Special numeric value ${value} is not allowed`);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new Error(
      `Number ${value} is greater than Number.MAX_SAFE_INTEGER. Use NumberValue from @aws-sdk/lib-dynamodb.`,
    );
  return { N: String(value) };
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || value.constructor.name === 'Object';
};

const wireOf = (value: unknown): Value => {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return numberOf(value);
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.filter((it) => it !== undefined).map(wireOf) };
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') };
  if (typeof value === 'object' && isPlain(value)) return { M: itemOf(value as Native) };
  throw new Error(`Unsupported type passed: ${String(value)}. Pass options.convertClassInstanceToMap=true`);
};

/** An item as the document client sends it: undefined fields are left out, and what has no type in DynamoDB is refused. */
export const itemOf = (native: Native): Item => {
  const item: Record<string, Value> = {};
  for (const [name, value] of Object.entries(native)) if (value !== undefined) item[name] = wireOf(value);
  return item;
};

const nativeValue = (value: Value): unknown => {
  if ('S' in value) return value.S;
  if ('N' in value) return Number(value.N);
  if ('BOOL' in value) return value.BOOL;
  if ('NULL' in value) return null;
  if ('L' in value) return (value.L as readonly Value[]).map(nativeValue);
  if ('B' in value) return Uint8Array.from(Buffer.from(String(value.B), 'base64'));
  return nativeOf(value.M as Item);
};

/** An item as the document client answers with it. */
export const nativeOf = (item: Item): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, nativeValue(value)]));

/** Compares texts by their bytes in UTF-8, as DynamoDB sorts: what is beyond U+FFFF comes last. */
export const compareTexts = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const isPair = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    if (isPair(x) === isPair(y)) return x - y;
    return isPair(x) ? 1 : -1;
  }
  return a.length - b.length;
};
