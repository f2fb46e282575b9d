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
  for (const [name, n] of Object.entries<number | undefined>(more)) sum[name] = (sum[name] ?? 0) + (n ?? 0);
  return sum as Partial<Record<Name, number>>;
};
