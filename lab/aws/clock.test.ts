import { describe, expect, it } from 'vitest';
import { createClock } from './clock.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

describe('a clock that skips idle time', () => {
  it('runs timers in the order in which they are due, at their time', async () => {
    const clock = createClock({ startMs: START_MS, skipIdle: true });
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now() - START_MS]);
    clock.after(2 * HOUR_MS, note('b'));
    clock.after(HOUR_MS, note('a'));
    clock.after(2 * HOUR_MS, note('c'));
    await clock.idle();
    clock.stop();
    expect(seen.map(([name]) => name)).toEqual(['a', 'b', 'c']);
    expect(seen[0]?.[1]).toBeGreaterThanOrEqual(HOUR_MS);
    expect(seen[0]?.[1]).toBeLessThan(2 * HOUR_MS);
  });

  it('does not skip while work is held', async () => {
    const clock = createClock({ startMs: START_MS, skipIdle: true });
    let fired = false;
    clock.after(HOUR_MS, () => {
      fired = true;
    });
    await clock.during(() => new Promise((resolve) => setTimeout(resolve, 30)));
    expect(fired).toBe(false);
    await clock.idle();
    clock.stop();
    expect(fired).toBe(true);
  });

  it('never skips for a background timer alone, but fires it on the way to a time', async () => {
    const clock = createClock({ startMs: START_MS, skipIdle: true });
    let fired = 0;
    const again = (): void => {
      fired += 1;
      clock.after(HOUR_MS, again, { background: true });
    };
    clock.after(HOUR_MS, again, { background: true });
    await clock.idle();
    expect(fired).toBe(0);
    await clock.skipTo(START_MS + 3.5 * HOUR_MS);
    clock.stop();
    expect(fired).toBe(3);
  });

  it('does not fire a cancelled timer', async () => {
    const clock = createClock({ startMs: START_MS, skipIdle: true });
    let fired = false;
    const cancel = clock.after(HOUR_MS, () => {
      fired = true;
    });
    cancel();
    await clock.idle();
    clock.stop();
    expect(fired).toBe(false);
  });
});

describe('a clock that does not skip', () => {
  it('skips time while a caller settles it, and only then', async () => {
    const clock = createClock({ startMs: START_MS });
    let fired = false;
    clock.after(HOUR_MS, () => {
      fired = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(fired).toBe(false);
    await clock.settle();
    clock.stop();
    expect(fired).toBe(true);
  });
});

describe('a fast clock', () => {
  it('runs ahead of the wall by its speed', async () => {
    const clock = createClock({ startMs: START_MS, speed: 1000 });
    await clock.sleep(20_000);
    clock.stop();
    expect(clock.now() - START_MS).toBeGreaterThanOrEqual(20_000);
  });
});
