import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { Faults } from './faults.ts';

/** A use of one partition key value, of a table or of an index. */
export type PartitionUse = {
  readonly table: string;
  /** The index, where the value is its partition key. */
  readonly index?: string;
  readonly partition: string;
  readonly units: number;
};

/** The load of one partition key value since the start of the lab. */
export type PartitionLoad = Omit<PartitionUse, 'units'> & {
  /** Write and read units in the busiest second. */
  readonly peakWrites: number;
  readonly peakReads: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** How often a use was refused. */
  readonly throttled: number;
};

/** Meters partitions, and refuses what is over their limit. */
export type PartitionMeter = {
  /** Whether all the uses are within their limits; if so they are counted. */
  readonly admits: (kind: 'writes' | 'reads', uses: readonly PartitionUse[]) => boolean;
  /** Like `admits`; throws ThrottlingException where they are not. */
  readonly admit: (kind: 'writes' | 'reads', uses: readonly PartitionUse[]) => void;
  /** Counts what was known only after the call; the partition may go below zero. */
  readonly add: (kind: 'writes' | 'reads', uses: readonly PartitionUse[]) => void;
  /** The busiest first, by writes. */
  readonly loads: () => readonly PartitionLoad[];
};

type Meter = { tokens: number; atMs: number; second: number; inSecond: number; peak: number; total: number };
type Entry = { readonly use: PartitionUse; readonly writes: Meter; readonly reads: Meter; throttled: number };

/** DynamoDB's text for a throttled on-demand table. */
export const THROUGHPUT_MESSAGE =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly.';

const meter = (): Meter => ({
  tokens: Number.POSITIVE_INFINITY,
  atMs: 0,
  second: 0,
  inSecond: 0,
  peak: 0,
  total: 0,
});

/** Creates the meter. Adaptive capacity, which may give a hot item a partition of its own, changes nothing here. */
export const createPartitionMeter = (clock: LabClock, faults: Faults): PartitionMeter => {
  const entries = new Map<string, Entry>();
  const entryOf = (use: PartitionUse): Entry => {
    const key = JSON.stringify([use.table, use.index, use.partition]);
    const entry = entries.get(key) ?? { use, writes: meter(), reads: meter(), throttled: 0 };
    entries.set(key, entry);
    return entry;
  };
  const refill = (state: Meter, perSecond: number): void => {
    const nowMs = clock.now();
    state.tokens = Math.min(perSecond, state.tokens + ((nowMs - state.atMs) / 1000) * perSecond);
    state.atMs = nowMs;
  };
  const count = (state: Meter, units: number): void => {
    const second = Math.floor(clock.now() / 1000);
    state.inSecond = (state.second === second ? state.inSecond : 0) + units;
    state.second = second;
    state.peak = Math.max(state.peak, state.inSecond);
    state.total += units;
    state.tokens -= units;
  };
  const add: PartitionMeter['add'] = (kind, uses) => {
    for (const use of uses) count(entryOf(use)[kind], use.units);
  };
  const admits: PartitionMeter['admits'] = (kind, uses) => {
    const perSecond = faults.partitionUnitsPerSecond[kind];
    const over = uses.flatMap((use) => {
      const entry = entryOf(use);
      refill(entry[kind], perSecond);
      const { tokens } = entry[kind];
      return tokens <= 0 || tokens < Math.min(use.units, perSecond) ? [entry] : [];
    });
    for (const entry of over) entry.throttled += 1;
    if (over.length === 0) add(kind, uses);
    return over.length === 0;
  };
  return {
    add,
    admits,
    admit: (kind, uses) => {
      if (!admits(kind, uses)) throw new AwsError('ThrottlingException', THROUGHPUT_MESSAGE);
    },
    loads: () =>
      [...entries.values()]
        .map(({ use: { units: _, ...place }, writes, reads, throttled }) => ({
          ...place,
          peakWrites: writes.peak,
          peakReads: reads.peak,
          writeUnits: writes.total,
          readUnits: reads.total,
          throttled,
        }))
        .sort((a, b) => b.peakWrites - a.peakWrites),
  };
};
