import fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import type { TrustRow } from '../state/trust-state.ts';
import {
  type Final,
  failedLast,
  isCanary,
  newTrust,
  openBreakerOf,
  openingOf,
  windowOf,
  withResults,
} from './trust.ts';

const DAY = 86_400;
const NOW = at(DAY);

const AFinal: fc.Arbitrary<Final> = fc.record({
  instanceId: fc.nat(90).map(node),
  runId: fc.constantFrom('r-1', 'r-2', 'r-3'),
  at: fc.integer({ min: -100, max: DAY }).map(at),
  end: fc.constantFrom('repaired' as const, 'failed' as const, 'other' as const),
  isCanary: fc.boolean(),
});
/** Results, and the same ones in another order, some of them several times, in batches. */
const InTwoOrders = fc
  .array(AFinal, { maxLength: 150 })
  .chain((finals) =>
    fc.tuple(
      fc.constant(finals),
      fc.shuffledSubarray(finals, { minLength: finals.length }),
      finals.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...finals), { maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
    ),
  );

const inBatches = (finals: readonly Final[], size: number): TrustRow => {
  let trust = newTrust('doc', 'demo');
  for (let i = 0; i < finals.length; i += size) trust = withResults(trust, finals.slice(i, i + size), NOW);
  return trust;
};

it('the same results lead to the same bounded row, in every order and however often', () => {
  fc.assert(
    fc.property(InTwoOrders, ([finals, shuffled, repeated, size]) => {
      const row = withResults(newTrust('doc', 'demo'), finals, NOW);
      expect(inBatches([...shuffled, ...repeated], size)).toEqual(row);
      expect(row.results.length).toBeLessThanOrEqual(64);
      expect(new Set(row.results.map((r) => r.instanceId)).size).toBe(row.results.length);
    }),
    search('results in two orders', 60),
  );
});

it('the window is never above the budget, and one while canaries are out', () => {
  fc.assert(
    fc.property(
      fc.array(AFinal, { maxLength: 100 }),
      fc.nat(60),
      fc.nat(200),
      fc.nat(3),
      (finals, budget, nodesToRepair, openElsewhere) => {
        const trust = withResults(newTrust('doc', 'demo'), finals, NOW);
        const context = { budget, nodesToRepair, openElsewhere };
        const window = windowOf(trust, context, NOW, LIMITS);
        expect(window).toBeLessThanOrEqual(budget);
        if (isCanary(trust, context, NOW, LIMITS)) expect(window).toBeLessThanOrEqual(1);
      },
    ),
    search('windows and budgets', 60),
  );
});

it('the breaker opens exactly by its rule', () => {
  fc.assert(
    fc.property(fc.array(AFinal, { maxLength: 100 }), fc.integer({ min: 1, max: 20 }), (finals, clusterNodes) => {
      const newest = new Map<string, Final>();
      for (const f of finals.filter(({ end, at: seenAt }) => end !== 'other' && seenAt > at(0))) {
        const known = newest.get(f.instanceId);
        if (known === undefined || known.at < f.at) newest.set(f.instanceId, f);
      }
      // Results of one moment have no order of their own.
      fc.pre(new Set(finals.map((f) => f.at)).size === finals.length);
      const last = [...newest.values()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 20);
      const failed = last.filter(({ end }) => end === 'failed');
      const expected =
        (failed.filter((f) => f.isCanary).length >= 2 &&
          (last.length - failed.length < 3 || failed.length / last.length > 0.2)) ||
        (clusterNodes < 10 && failed.length >= 2) ||
        (failed.length >= 3 && failed.length / last.length > 0.2);
      const trust = withResults(newTrust('doc', 'demo'), finals, NOW);
      expect(openingOf(trust, { runId: 'r-1', clusterNodes, openElsewhere: 0 }, NOW, LIMITS) !== undefined).toBe(
        expected,
      );
    }),
    search('the rule of the breaker', 60),
  );
});

/** A small generator, so that a simulation depends on its seed alone. */
const randomOf = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    return ((z ^ (z >>> 13)) >>> 0) / 2 ** 32;
  };
};

/** A document on the nodes of one cluster, each sent to once: every 10 s results come in, and commands go out. */
const simulate = (nodeCount: number, fails: () => boolean, random: () => number, maxSeconds: number) => {
  let trust = newTrust('doc', 'demo');
  let waiting = Array.from({ length: nodeCount }, (_, n) => ({ instanceId: node(n) }));
  let inFlight: { readonly instanceId: string; readonly isCanary: boolean; readonly endsAt: number }[] = [];
  const budget = Math.max(1, Math.min(50, Math.floor(nodeCount / 10)));
  let [openings, sent, seconds] = [0, 0, 0];
  let sentBeforeOpening: number | undefined;
  for (; seconds < maxSeconds && (waiting.length > 0 || inFlight.length > 0); seconds += 10) {
    const now = at(seconds);
    const ended = inFlight.filter(({ endsAt }) => endsAt <= seconds);
    inFlight = inFlight.filter(({ endsAt }) => endsAt > seconds);
    const finals = ended.map(({ instanceId, isCanary: canary }, i): Final => {
      const end = fails() ? 'failed' : 'repaired';
      return { instanceId, runId: 'r-1', at: at(seconds + i / 1000), end, isCanary: canary };
    });
    trust = withResults(trust, finals, now);
    const breaker = openingOf(trust, { runId: 'r-1', clusterNodes: nodeCount, openElsewhere: 0 }, now, LIMITS);
    if (breaker !== undefined) {
      trust = { ...trust, breaker };
      openings++;
      sentBeforeOpening ??= sent;
    }
    const context = { budget, nodesToRepair: waiting.length + inFlight.length, openElsewhere: 0 };
    const free = Math.max(0, windowOf(trust, context, now, LIMITS) - inFlight.length);
    expect(inFlight.length + free).toBeLessThanOrEqual(Math.max(budget, inFlight.length));
    const chosen = free === 0 ? [] : failedLast(trust, waiting).slice(0, free);
    const canary = isCanary(trust, context, now, LIMITS);
    const taken = new Set(chosen);
    if (free > 0) waiting = waiting.filter((n) => !taken.has(n));
    sent += chosen.length;
    inFlight.push(
      ...chosen.map((n) => ({ ...n, isCanary: canary, endsAt: seconds + 10 + Math.floor(random() * 290) })),
    );
  }
  return { left: waiting.length, openings, sentBeforeOpening, seconds, isOpen: openBreakerOf(trust, at(seconds)) };
};

it('failures of 1 % of 1,000 nodes never stop a document for good', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomOf(seed);
    const { left, openings } = simulate(1000, () => random() < 0.01, random, DAY / 4);
    expect({ seed, left }).toEqual({ seed, left: 0 });
    expect(openings).toBeLessThanOrEqual(2);
  }
});
