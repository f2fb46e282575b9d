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

/** Of a command without a result: each part of a check has the same nodes. */
const withPackedIds = (command: Item): Item => {
  const { instanceIds, ...rest } = command;
  const isPackable = Array.isArray(instanceIds) && instanceIds.length > 0 && instanceIds.every((id) => ID.test(id));
  return isPackable ? { ...rest, ids: packedIds(instanceIds) } : command;
};

/**
 * The item of a run with its lists of nodes in few bytes: the whole item is written at each step, and once more for each index.
 * The list of those without a command stays as it is where nodes of signals are in it, which have versions.
 */
export const withPackedNodes = ({ pending, commands, ...rest }: Item): Item => ({
  ...rest,
  ...(Array.isArray(pending) && pending.length > 0 && pending.every(isWaiting)
    ? { pendingIds: packedIds(pending.map(([id]) => id)) }
    : { pending }),
  ...(Array.isArray(commands) ? { commands: commands.map(withPackedIds) } : { commands }),
});

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
  const { pendingIds, nodesAt, ...rest } = item;
  return {
    ...keyFieldsOf(item),
    ...rest,
    ...(Array.isArray(rest.commands) ? { commands: rest.commands.map(unpackedIds) } : {}),
    ...(pendingIds === undefined ? {} : pendingIn(pendingIds)),
    ...(nodesAt === undefined ? {} : placesIn(nodesAt, rest.instanceIds)),
  };
};
