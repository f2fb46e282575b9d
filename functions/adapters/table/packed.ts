import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';
import type { Place } from '../../../core/state/command-state.ts';
import { keys, TABLE } from './keys.ts';

type Item = Record<string, NativeAttributeValue>;

/** An instance id in nine bytes: its 17 hex digits, and one more. As text in a list, with its version, it takes 25. */
const ID = /^i-[0-9a-f]{17}$/;
const DIGITS = 18;

const isWaiting = (entry: unknown): entry is readonly [string, ''] =>
  Array.isArray(entry) && entry.length === 2 && ID.test(String(entry[0])) && entry[1] === '';

const packedIds = (ids: readonly string[]): Uint8Array =>
  Buffer.from(ids.map((id) => `${id.slice(2)}0`).join(''), 'hex');

const idsIn = (bytes: Uint8Array): readonly string[] =>
  (
    Buffer.from(bytes)
      .toString('hex')
      .match(new RegExp(`.{${DIGITS}}`, 'g')) ?? []
  ).map((id) => `i-${id.slice(0, -1)}`);

/** Attributes of a row in few bytes: their JSON, compressed. */
const ZIPPED = 'zipped';
/** Less than that is stored as it is, so that a person can read it in the table. */
const MIN_ZIPPED = 300;
/** No row has as much. */
const MAX_UNZIPPED = 4 * 1024 * 1024;

/**
 * The item with some of its attributes compressed: the nodes of a run have the most of their text in common. `older` has empty
 * lists in their place, where an earlier version may go on without them.
 */
export const withZipped = (item: Item, names: readonly string[], older: Item = {}): Item => {
  const isZipped = (name: string): boolean => names.includes(name) && item[name] !== undefined;
  const text = JSON.stringify(Object.fromEntries(Object.entries(item).filter(([name]) => isZipped(name))));
  if (text.length < MIN_ZIPPED) return item;
  const rest = Object.entries(item).filter(([name]) => !isZipped(name));
  return { ...Object.fromEntries(rest), ...older, [ZIPPED]: deflateRawSync(text) };
};

const readZipped = (bytes: unknown): Item | undefined => {
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    const value: unknown = JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_UNZIPPED }).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/**
 * An item with what was compressed. Where that cannot be read, it lacks its empty lists too, so that the schema refuses it. An
 * attribute that stands beside its compressed form was written since, by an earlier version that keeps what it does not know.
 */
const unzipped = ({ [ZIPPED]: bytes, ...item }: Item): Item => {
  if (bytes === undefined) return item;
  const written = Object.fromEntries(Object.entries(item).filter(([, value]) => !isEmptyList(value)));
  const read = readZipped(bytes);
  return read === undefined ? written : { ...item, ...read, ...written };
};

/**
 * The item of a run with its lists of nodes in few bytes: the whole item is written at each step, and once more for each index.
 * The list of those without a command stays as it is where nodes of signals are in it, which have versions.
 */
export const withPackedNodes = ({ pending, ...rest }: Item): Item =>
  withZipped(
    {
      ...rest,
      ...(Array.isArray(pending) && pending.length > 0 && pending.every(isWaiting)
        ? { pendingIds: packedIds(pending.map(([id]) => id)) }
        : { pending }),
    },
    ['commands'],
  );

/** The item of a command with each place of its nodes once, and the numbers of the nodes that are there. */
export const withPackedPlaces = (item: Item): Item => {
  const { places, ...rest } = item;
  const ids: readonly string[] = item.instanceIds;
  if (places === undefined) return item;
  const groups = Map.groupBy(
    Object.entries<Place>(places).filter(([id]) => ids.includes(id)),
    ([, place]) => JSON.stringify(place),
  );
  const nodesAt = [...groups.values()].flatMap((all) => {
    const [, place] = all[0] ?? [];
    return place === undefined ? [] : [{ place, nodes: Uint8Array.from(all, ([id]) => ids.indexOf(id)) }];
  });
  return { ...rest, nodesAt };
};

/** Of a command that an earlier version has packed. */
const unpackedIds = (command: unknown): unknown => {
  if (typeof command !== 'object' || command === null || !('ids' in command)) return command;
  const { ids, ...rest } = command;
  return ids instanceof Uint8Array ? { ...rest, instanceIds: idsIn(ids) } : rest;
};

const pendingIn = (packed: unknown): Item =>
  packed instanceof Uint8Array ? { pending: idsIn(packed).map((id) => [id, '']) } : {};

const placesIn = (packed: unknown, ids: unknown): Item => {
  if (!Array.isArray(packed) || !Array.isArray(ids)) return {};
  const places = packed.flatMap(({ place, nodes }) =>
    nodes instanceof Uint8Array ? [...nodes].map((n) => [String(ids[n]), place] as const) : [],
  );
  return { places: Object.fromEntries(places) };
};

const RESULTS = keys.results('');

/** The item of a result without what its key holds. */
export const withoutKeyFields = ({ runId, instanceId, ...item }: Item): Item => item;

const keyFieldsOf = (item: Item): Item => {
  const [pk, sk] = [String(item[TABLE.partitionKey]), item[TABLE.sortKey]];
  return pk.startsWith(RESULTS) ? { runId: pk.slice(RESULTS.length), instanceId: sk } : {};
};

/** An item as its writer had it, before its lists were packed. */
export const unpacked = (item: Item): Item => {
  const { pendingIds, nodesAt, ...rest } = unzipped(item);
  return {
    ...keyFieldsOf(item),
    ...rest,
    ...(Array.isArray(rest.commands) ? { commands: rest.commands.map(unpackedIds) } : {}),
    ...(pendingIds === undefined ? {} : pendingIn(pendingIds)),
    ...(nodesAt === undefined ? {} : placesIn(nodesAt, rest.instanceIds)),
  };
};
