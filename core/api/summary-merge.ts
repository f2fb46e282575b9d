import { defined } from '../model/defined.ts';
import { countIn, percentileOf } from '../model/histogram.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Durations, SummaryGroup, SummaryItem, SummaryTotal, WorstNode } from './summary.ts';

/** Adds up numbers by name. */
const added = (
  a: Readonly<Record<string, number | undefined>>,
  b: Readonly<Record<string, number | undefined>>,
): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const [name, n = 0] of [...Object.entries(a), ...Object.entries(b)]) sum[name] = (sum[name] ?? 0) + n;
  return sum;
};

const durations = (a: Durations, b: Durations): Durations => {
  const histogram = added(a.histogram, b.histogram);
  const percentiles = defined({ p50: percentileOf(histogram, 0.5), p95: percentileOf(histogram, 0.95) });
  return { count: countIn(histogram), ...percentiles, histogram };
};

const numbers = (a: SummaryGroup | SummaryTotal, b: SummaryGroup | SummaryTotal) => ({
  found: a.found + b.found,
  repaired: a.repaired + b.repaired,
  failed: a.failed + b.failed,
  recurred: a.recurred + b.recurred,
  detectedWithin: durations(a.detectedWithin, b.detectedWithin),
  repairedAfter: durations(a.repairedAfter, b.repairedAfter),
});

const totals = (a: SummaryTotal, b: SummaryTotal): SummaryTotal => {
  const people = added(
    Object.fromEntries(a.people.map(({ by, requests }) => [by, requests])),
    Object.fromEntries(b.people.map(({ by, requests }) => [by, requests])),
  );
  return {
    ...a,
    ...numbers(a, b),
    since: isoTime(Math.min(epochMs(a.since), epochMs(b.since))),
    until: isoTime(Math.max(epochMs(a.until), epochMs(b.until))),
    clusters: [...new Set([...a.clusters, ...b.clusters])],
    runs: a.runs + b.runs,
    sweeps: a.sweeps + b.sweeps,
    sweepsStopped: a.sweepsStopped + b.sweepsStopped,
    nodes: Math.max(a.nodes, b.nodes),
    people: Object.entries(people).map(([by, requests]) => ({ by, requests })),
    notActedOn: added(a.notActedOn, b.notActedOn),
    unreachable: a.unreachable + b.unreachable,
    unknown: a.unknown + b.unknown,
    unsupported: a.unsupported + b.unsupported,
  };
};

const worst = (a: WorstNode, b: WorstNode): WorstNode => ({
  ...a,
  found: a.found + b.found,
  repaired: a.repaired + b.repaired,
  failed: a.failed + b.failed,
  recurred: a.recurred + b.recurred,
});

/** A period that was summed up in parts, as a whole. */
export type Summary = {
  readonly total: SummaryTotal | undefined;
  /** The largest first. */
  readonly groups: readonly SummaryGroup[];
  readonly nodes: readonly WorstNode[];
};

const foldedBy = <Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  merge: (a: Item, b: Item) => Item,
): readonly Item[] => {
  const byKey = new Map<string, Item>();
  for (const item of items) {
    const known = byKey.get(keyOf(item));
    byKey.set(keyOf(item), known === undefined ? item : merge(known, item));
  }
  return [...byKey.values()];
};

const isOf =
  <Kind extends SummaryItem['kind']>(kind: Kind) =>
  (item: SummaryItem): item is Extract<SummaryItem, { readonly kind: Kind }> =>
    item.kind === kind;

/** Puts the parts of a summary together: numbers are added, and percentiles come from the histograms of all. */
export const mergeSummary = (items: readonly SummaryItem[]): Summary => {
  const largest = (a: { readonly found: number }, b: { readonly found: number }): number => b.found - a.found;
  return {
    total: items
      .filter(isOf('total'))
      .reduce<SummaryTotal | undefined>((a, b) => (a === undefined ? b : totals(a, b)), undefined),
    groups: foldedBy(
      items.filter(isOf('group')),
      ({ group }) => group,
      (a, b) => ({ ...a, ...numbers(a, b) }),
    ).toSorted(largest),
    nodes: foldedBy(items.filter(isOf('worst-node')), ({ instanceId }) => instanceId, worst).toSorted(largest),
  };
};
