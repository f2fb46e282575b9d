/** The upper ends of the buckets in seconds. The last bucket has no end. */
const ENDS = [
  ...[1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 2700, 3600],
  ...[5400, 7200, 14_400, 28_800, 86_400],
] as const;

/** How many durations fell into each bucket, by its number. */
export type Counted = Readonly<Record<string, number>>;

/** The end of a bucket in seconds; infinity for the last one. */
export const bucketSeconds = (bucket: number): number => ENDS[bucket] ?? Number.POSITIVE_INFINITY;

/** A histogram of durations in seconds. Histograms of one kind can be added up. */
export const histogramOf = (seconds: readonly number[]): Counted => {
  const counts: Record<string, number> = {};
  for (const one of seconds) {
    const found = ENDS.findIndex((end) => one <= end);
    const bucket = String(found < 0 ? ENDS.length : found);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
};

/** The number of durations in a histogram. */
export const countIn = (histogram: Counted): number => Object.values(histogram).reduce((sum, n) => sum + n, 0);

/** The end of the bucket within which a share of the durations ended; undefined without one, or in the last bucket. */
export const percentileOf = (histogram: Counted, share: number): number | undefined => {
  const wanted = Math.ceil(countIn(histogram) * share);
  let seen = 0;
  for (const [bucket, end] of ENDS.entries()) {
    seen += histogram[String(bucket)] ?? 0;
    if (wanted > 0 && seen >= wanted) return end;
  }
  return undefined;
};
