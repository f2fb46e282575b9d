import * as z from 'zod';
import { Outcome, SkipReason } from '../model/outcome.ts';

const Count = z.number().int().nonnegative();

/** How many nodes ended with each outcome. */
export const OutcomeCounts = z.partialRecord(Outcome, Count);
export type OutcomeCounts = z.infer<typeof OutcomeCounts>;

/** How many nodes ended without a command: by outcome, or by the reason that they were skipped for. */
export const SettledCounts = z.partialRecord(z.union([Outcome, SkipReason]), Count);
export type SettledCounts = z.infer<typeof SettledCounts>;

/** Counts with those of `more` added, name by name. */
export const withCounts = <Name extends string>(
  counts: Partial<Readonly<Record<Name, number>>> | undefined,
  more: Partial<Readonly<Record<Name, number>>>,
): Partial<Record<Name, number>> => {
  const sum: Partial<Record<string, number>> = { ...counts };
  // An optional field may be absent, never `undefined` (exactOptionalPropertyTypes): every entry has a number.
  for (const [name, n] of Object.entries(more as Readonly<Record<string, number>>)) sum[name] = (sum[name] ?? 0) + n;
  return sum as Partial<Record<Name, number>>;
};
