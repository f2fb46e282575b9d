import { describe, expect, it } from 'vitest';
import { createWritePace } from './write-pace.ts';

/** A pace on a clock that goes on while it waits. `at` has the second of each write. */
const paced = (copies: number) => {
  const clock = { ms: Date.parse('2026-08-22T10:00:00.000Z') };
  const from = clock.ms;
  const pace = createWritePace({
    copies,
    now: () => new Date(clock.ms),
    wait: async (ms) => {
      clock.ms += ms;
    },
  });
  const write = async (partition: string, times: number): Promise<number> => {
    for (let i = 0; i < times; i++) await pace(partition);
    return (clock.ms - from) / 1000;
  };
  return { clock, write };
};

describe('the writes of a copy into one partition', () => {
  it('wait for nothing where they are as many as a batch has', async () => {
    const { write, clock } = paced(5);
    expect(await write('LANE#a', 10)).toBe(0);
    clock.ms += 334;
    expect(await write('LANE#a', 10)).toBeCloseTo(0.334);
  });

  it.each([
    [1, 150],
    [5, 30],
    [1000, 10],
  ])('are its share where %s copies work: %s in a second', async (copies, perSecond) => {
    const seconds = await paced(copies).write('LANE#a', 10 + 4 * perSecond);
    expect(seconds).toBeCloseTo(4);
  });

  it('do not wait for those into another one, however many there are', async () => {
    const { write } = paced(5);
    await write('LANE#a', 10);
    for (let n = 0; n < 2500; n++) expect(await write(`LANE#${n}`, 1)).toBe(0);
    expect(await write('LANE#a', 1)).toBeGreaterThan(0);
  });
});
