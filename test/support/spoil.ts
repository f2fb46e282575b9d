import type * as z from 'zod';
import { RequestRow } from '../../core/api/request.ts';
import { ClusterState, PauseRow } from '../../core/state/cluster-state.ts';
import { CommandRow, ObservationRow } from '../../core/state/command-state.ts';
import { LaneState } from '../../core/state/lane-state.ts';
import { NodeStateRow } from '../../core/state/node-state.ts';
import { PendingNode } from '../../core/state/pending-node.ts';
import { RunState } from '../../core/state/run-state.ts';
import { TrippedRow, TrustRow } from '../../core/state/trust-state.ts';
import { INDEX_ATTRIBUTES, storedOf } from '../../functions/adapters/table/items.ts';
import { TABLE } from '../../functions/adapters/table/keys.ts';

type Item = Readonly<Record<string, unknown>>;

/** The ways in which a stored row is spoiled. */
export const WAYS = [
  'a field less',
  'another type',
  'an unknown word',
  'a field more',
  'nothing left',
  'a newer schema',
  'gone',
] as const;
export type Way = (typeof WAYS)[number];

/** The rows that have a schema, by the patterns of their keys. */
const SCHEMAS: readonly (readonly [kind: string, key: RegExp, schema: z.ZodType])[] = [
  ['run', /^RUN#.* \/ STATE$/, RunState],
  ['observation', /^RUN#.* \/ COMMAND#/, ObservationRow],
  ['command', /^COMMAND#/, CommandRow],
  ['lane', /^LANE#.* \/ STATE$/, LaneState],
  ['pending node', /^LANE#.* \/ NODE#/, PendingNode],
  ['cluster', /^CLUSTER#.* \/ STATE$/, ClusterState],
  ['trust', /^TRUST#.* \/ CLUSTER#/, TrustRow],
  ['tripped', /^TRUST#.* \/ TRIPPED#/, TrippedRow],
  ['node', /^NODE#.* \/ STATE#/, NodeStateRow],
  ['request', /^REQUEST#.* \/ REQUEST$/, RequestRow],
  ['pause', /^PAUSES \/ CURRENT#/, PauseRow],
];

const keyOf = (item: Item): string => `${String(item[TABLE.partitionKey])} / ${String(item[TABLE.sortKey])}`;
const schemaOf = (item: Item) => SCHEMAS.find(([, key]) => key.test(keyOf(item)));

/** The kind of a stored row: that of its schema, or the beginning of its keys. */
export const kindOf = (item: Item): string => schemaOf(item)?.[0] ?? keyOf(item).replaceAll(/#[^ ]*/g, '#');

/** Whether a row does not fit its schema. A row without a schema always does. */
export const isUnreadable = (item: Item): boolean => {
  const schema = schemaOf(item)?.[2];
  return schema !== undefined && storedOf(schema, item).kind === 'unreadable';
};

/** The fields whose values are words of a list that a later version may lengthen. */
const WORDS: ReadonlySet<string> = new Set([
  ...['status', 'action', 'outcome', 'skipReason', 'kind', 'state', 'covers', 'end', 'closedBy', 'reason'],
]);

/** A field within an item: the object or list that has it, and its name there. */
type Place = { readonly within: Record<string, unknown>; readonly name: string };

const isKey = (name: string): boolean =>
  name === TABLE.partitionKey ||
  name === TABLE.sortKey ||
  name === TABLE.timeToLive ||
  name === 'schemaVersion' ||
  INDEX_ATTRIBUTES.has(name);

/** Every field of an item, and of the objects in it. */
const placesIn = (value: unknown): Place[] => {
  if (typeof value !== 'object' || value === null) return [];
  const within = value as Record<string, unknown>;
  return Object.keys(within)
    .filter((name) => !isKey(name))
    .flatMap((name) => [{ within, name }, ...placesIn(within[name])]);
};

const otherType = (value: unknown): unknown => {
  if (typeof value === 'string') return 7;
  return typeof value === 'number' ? 'seven' : 'none';
};

const remove = ({ within, name }: Place): void => {
  if (Array.isArray(within)) within.splice(Number(name), 1);
  else delete within[name];
};

/** An item that is spoiled in a way, at the place that `pick` chooses; undefined for one that is gone. */
export const spoiled = (item: Item, way: Way, pick: number): Item | undefined => {
  if (way === 'gone') return undefined;
  const copy = structuredClone(item) as Record<string, unknown>;
  const places = placesIn(copy).filter(({ name, within }) =>
    way === 'an unknown word' ? WORDS.has(name) && typeof within[name] === 'string' : true,
  );
  const place = places[pick % Math.max(1, places.length)];
  if (way === 'nothing left') return { pk: item.pk, sk: item.sk };
  if (way === 'a newer schema') return { ...copy, schemaVersion: 2 };
  if (way === 'a field more' || place === undefined) return { ...copy, laterField: { of: 'a later version' } };
  if (way === 'a field less') remove(place);
  else place.within[place.name] = way === 'another type' ? otherType(place.within[place.name]) : 'FromALaterVersion';
  return copy;
};
