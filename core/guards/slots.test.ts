import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { at } from '../../test/support/runs.ts';
import { claim, endClaim, hasClaim, pruned, reserve, type SlotLedger, slotsHeld, slotsOf } from './slots.ts';

const EMPTY: SlotLedger = { slots: {} };
const context = (seconds = 0, ...ended: string[]) => ({ now: at(seconds), ended: new Set(ended) });
const holder = (runId: string, runVersion = 1, until = 600) => ({
  lane: `demo/${runId}`,
  runId,
  runVersion,
  until: at(until),
});
const entry = (runId: string, count: number, runVersion = 1, until = 600) => ({
  lane: `demo/${runId}`,
  count,
  until: at(until),
  runVersion,
});

/** A step of one of the writers. A writer reads its run and the ledger, and stores what it computed some steps later. */
const Step = fc.record({
  run: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom('read', 'store', 'freeze', 'end-node', 'pass-time', 'end-run'),
  wanted: fc.integer({ min: 0, max: 25 }),
  writer: fc.nat(1),
});

it('slots never exceed the budget, whatever the order of the writers and however stale one of them is', () => {
  fc.assert(
    fc.property(fc.array(Step, { maxLength: 120 }), fc.integer({ min: 1, max: 20 }), (steps, budget) => {
      let stored = { version: 0, ledger: EMPTY };
      let now = 0;
      const ended = new Set<string>();
      const runVersions = new Map([
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ]);
      const read = new Map<
        string,
        { readonly version: number; readonly ledger: SlotLedger; readonly runVersion: number }
      >();
      for (const { run, kind, wanted, writer } of steps) {
        const name = `${run}${writer}`;
        const runVersion = runVersions.get(run) ?? 1;
        if (kind === 'read') read.set(name, { ...stored, runVersion });
        // A frozen writer that thaws reads the ledger again, but believes in its old state of the run.
        const known = read.get(name);
        if (kind === 'freeze' && known !== undefined) read.set(name, { ...known, ...stored });
        if (kind === 'pass-time') now += wanted * 20;
        if (kind === 'end-run') ended.add(run);
        if (kind === 'store' && known !== undefined) {
          const own = { ...holder(run, known.runVersion), until: at(now + 300) };
          const before = known.ledger;
          const next = reserve(before, own, wanted, budget, { now: at(now), ended });
          expect(slotsHeld(next)).toBeLessThanOrEqual(budget);
          // No entry of another run is changed, but for those that nobody holds any more.
          for (const other of Object.keys(before.slots).filter((id) => id !== run)) {
            const isFree = ended.has(other) || (before.slots[other]?.until ?? '') <= at(now);
            expect(next.slots[other]).toEqual(isFree ? undefined : before.slots[other]);
          }
          if (stored.version === known.version) {
            stored = { version: stored.version + 1, ledger: next };
            if (known.runVersion === runVersion) runVersions.set(run, runVersion + 1);
          }
          expect(slotsHeld(stored.ledger)).toBeLessThanOrEqual(budget);
        }
      }
    }),
    search('reservations of slots', 100),
  );
});

describe('a run', () => {
  it('gets what it wants, or what the budget leaves, as an absolute number', () => {
    const one = reserve(EMPTY, holder('a'), 4, 5, context());
    expect(one.slots).toEqual({ a: entry('a', 4) });
    expect(reserve(one, holder('a'), 4, 5, context())).toEqual(one);
    const two = reserve(one, holder('b'), 3, 5, context());
    expect([slotsOf(two, 'a'), slotsOf(two, 'b'), slotsOf(two, 'c'), slotsHeld(two)]).toEqual([4, 1, 0, 5]);
    expect(slotsOf(reserve(two, holder('a'), 9, 5, context()), 'a')).toBe(4);
    expect(slotsOf(reserve(two, holder('a'), 2, 5, context()), 'a')).toBe(2);
    expect(reserve(two, holder('c'), 2, 5, context()).slots).not.toHaveProperty('c');
  });

  it('keeps its slots where the budget has become smaller', () => {
    const one = reserve(EMPTY, holder('a'), 4, 5, context());
    expect(slotsOf(reserve(one, holder('a'), 4, 2, context()), 'a')).toBe(4);
    expect(slotsOf(reserve(one, holder('b'), 1, 2, context()), 'b')).toBe(0);
  });

  it('is not changed by a writer with an older state of it', () => {
    const one = reserve(EMPTY, holder('a', 7), 4, 5, context());
    expect(reserve(one, holder('a', 6), 0, 5, context())).toEqual(one);
    expect(reserve(one, holder('a', 7), 0, 5, context()).slots).toEqual({});
  });

  it('loses its slots at their time, and where it has ended', () => {
    const one = reserve(EMPTY, holder('a'), 4, 5, context());
    expect(slotsOf(reserve(one, holder('b'), 5, 5, context(599)), 'b')).toBe(1);
    expect(reserve(one, holder('b'), 5, 5, context(600)).slots).toEqual({ b: entry('b', 5) });
    expect(reserve(one, holder('b'), 5, 5, context(0, 'a')).slots).toEqual({ b: entry('b', 5) });
  });
});

describe('the claim of a disruptive lane', () => {
  it('belongs to one run until that run ends it, or is known to have ended', () => {
    const one = claim(EMPTY, holder('a'), context());
    expect(one.disruptive).toEqual({ lane: 'demo/a', runId: 'a' });
    expect(claim(one, holder('b'), context())).toEqual(one);
    expect(claim(one, holder('a'), context())).toEqual(one);
    expect(endClaim(one, 'b')).toBe(one);
    expect([hasClaim(one, 'a'), hasClaim(one, 'b'), hasClaim(EMPTY, 'a')]).toEqual([true, false, false]);
    expect(endClaim(one, 'a')).toEqual(EMPTY);
    expect(claim(one, holder('b'), context(0, 'a')).disruptive).toEqual({ lane: 'demo/b', runId: 'b' });
  });

  it('and its slots are independent', () => {
    const both = reserve(claim(EMPTY, holder('a'), context()), holder('a'), 2, 5, context());
    expect(pruned(both, context(700))).toEqual({ slots: {}, disruptive: { lane: 'demo/a', runId: 'a' } });
    expect(pruned(both, context(0, 'a'))).toEqual({ slots: {} });
    expect(endClaim(both, 'a')).toEqual({ slots: { a: entry('a', 2) } });
  });
});
