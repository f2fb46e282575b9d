import { expect, it } from 'vitest';
import { inPace } from './in-pace.ts';

/** Performs so many writes, each of which takes `tookMs`; returns the time of each. */
const timesOf = async (count: number, tookMs: number): Promise<readonly number[]> => {
  let nowMs = 0;
  const times: number[] = [];
  const write = async (): Promise<void> => {
    times.push(nowMs);
    nowMs += tookMs;
  };
  const wait = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  await inPace(
    { now: () => new Date(nowMs), wait },
    Array.from({ length: count }, () => write),
  );
  return times;
};

it('writes rows at most 250 in a second, however quick the table is', async () => {
  const times = await timesOf(1000, 0);
  expect(times).toHaveLength(1000);
  const seconds = Map.groupBy(times, (at) => Math.floor(at / 1000));
  expect([...seconds.values()].map((of) => of.length)).toEqual([250, 250, 250, 250]);
});

it('does not wait for few rows, after the last one, or where the table is slow', async () => {
  expect(await timesOf(25, 0)).toEqual(Array(25).fill(0));
  expect((await timesOf(50, 0)).at(-1)).toBe(100);
  expect((await timesOf(75, 10)).at(-1)).toBe(740);
});

it('makes no write after one that failed', async () => {
  let made = 0;
  const writes = Array.from({ length: 60 }, (_, n) => async () => {
    made++;
    if (n === 0) throw new Error('throttled');
  });
  await expect(inPace({ now: () => new Date(0), wait: async () => {} }, writes)).rejects.toThrow('throttled');
  expect(made).toBeLessThanOrEqual(25);
});
