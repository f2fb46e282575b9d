/** The middle of some numbers (the mean of the two middle ones where their count is even); throws without any. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (high === undefined || low === undefined) throw new Error('taking a median: there are no values');
  return (low + high) / 2;
};

/** The smallest of sorted numbers that at least this share of them does not exceed; throws without any. */
export const quantile = (sorted: readonly number[], share: number): number => {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('taking a quantile: there are no values');
  return value;
};

/** How many items there are of each name, the most frequent first. */
export const countBy = <T>(items: readonly T[], nameOf: (item: T) => string): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
};
