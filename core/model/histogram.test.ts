import { expect, it } from 'vitest';
import { bucketSeconds, countIn, histogramOf, percentileOf } from './histogram.ts';

it('counts durations by buckets, and finds the time within which a share of them ended', () => {
  const histogram = histogramOf([0, 1, 1.5, 7, 7, 100_000]);
  expect(histogram).toEqual({ 0: 2, 1: 1, 6: 2, 30: 1 });
  expect([countIn(histogram), bucketSeconds(6), bucketSeconds(30)]).toEqual([6, 8, Number.POSITIVE_INFINITY]);
  expect([0.5, 0.8, 0.95].map((share) => percentileOf(histogram, share))).toEqual([2, 8, undefined]);
  expect(percentileOf({}, 0.5)).toBeUndefined();
});
