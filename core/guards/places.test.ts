import { describe, expect, it } from 'vitest';
import { at, DOCUMENT, LIMITS, trustAfter } from '../../test/support/runs.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { type InFlight, placesOf } from './places.ts';
import { newTrust, type WindowContext } from './trust.ts';

const NEW = newTrust('doc', 'demo');
const repairs = (repaired: number): TrustRow => trustAfter(repaired).get(DOCUMENT.name) ?? NEW;
const places = (
  trust: TrustRow,
  inFlight: Partial<InFlight>,
  now: number,
  over: Partial<WindowContext> = {},
): ReturnType<typeof placesOf> =>
  placesOf(
    trust,
    { budget: 50, nodesToRepair: 100, openElsewhere: 0, ...over },
    { own: 0, left: 0, ...inFlight },
    at(now),
    LIMITS,
  );

describe('nodes may be sent to', () => {
  it('as many as the window leaves, by the budget', () => {
    expect(places(NEW, {}, 0)).toEqual({ free: 1, enough: 0 });
    expect(places(repairs(9), {}, 0)).toEqual({ free: 10, enough: 3 });
    expect(places(repairs(9), { own: 4 }, 0)).toEqual({ free: 6, enough: 3 });
    expect(places(repairs(9), { own: 4, left: 5 }, 0).free).toBe(1);
    expect(places(repairs(9), { own: 4 }, 0, { budget: 7 })).toEqual({ free: 3, enough: 2 });
    expect(places(repairs(9), {}, 0, { budget: 0 }).free).toBe(0);
  });

  it('not while the breaker is open', () => {
    const breaker = { openedAt: at(0), openUntil: at(8), openings: 1 };
    expect(places({ ...repairs(9), breaker }, {}, 7).free).toBeLessThanOrEqual(0);
    expect(places({ ...repairs(9), breaker }, { own: 4, lastSentAt: at(0) }, 7).free).toBeLessThanOrEqual(0);
  });

  it('one more where silent nodes take the window: after 8 s, 8 s, 64 s, 512 s', () => {
    const firstAt = (own: number) =>
      Array.from({ length: 2000 }, (_, s) => s).find((s) => places(NEW, { own, lastSentAt: at(0) }, s).free > 0);
    expect([1, 2, 3, 4].map(firstAt)).toEqual([8, 8, 64, 512]);
    expect(places(NEW, { left: 1, lastSentAt: at(0) }, 8)).toEqual({ free: 1, enough: 1 });
  });

  it('one more two steps later where the breaker has opened and not closed again', () => {
    const tripped: TrustRow = { ...NEW, breaker: { openedAt: at(-20), openUntil: at(-12), openings: 1, step: 1 } };
    expect(places(tripped, { own: 1, lastSentAt: at(0) }, 63).free).toBe(0);
    expect(places(tripped, { own: 1, lastSentAt: at(0) }, 64).free).toBe(1);
    const old: TrustRow = { ...NEW, breaker: { openedAt: at(-20), openUntil: at(-12), openings: 2 } };
    expect(places(old, { own: 1, lastSentAt: at(0) }, 511).free).toBe(0);
    expect(places({ ...tripped, results: repairs(3).results.map((r) => ({ ...r, at: at(-1) })) }, {}, 0).free).toBe(4);
  });

  it('one more where a window after the canaries has been full for 64 s', () => {
    expect(places(repairs(9), { own: 10, lastSentAt: at(0) }, 63).free).toBe(0);
    expect(places(repairs(9), { own: 10, lastSentAt: at(0) }, 64)).toEqual({ free: 1, enough: 1 });
    expect(places(repairs(9), { own: 11, lastSentAt: at(0) }, 511).free).toBe(0);
  });

  it('never beyond the budget, and not before it is known when the last one was sent to', () => {
    expect(places(NEW, { own: 1, lastSentAt: at(0) }, 8, { budget: 1 }).free).toBe(0);
    expect(places(NEW, { own: 1 }, 8).free).toBe(0);
  });
});
