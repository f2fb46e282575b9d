import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../model/ids.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { mergePending, type NewPendingNode, notAfter, remediationFor } from './route.ts';

const START = Date.parse('2026-08-22T10:00:00Z');
const enqueueOf = (first: number, last: number, signals = 1): NewPendingNode => ({
  lane: 'demo/pause-image',
  cluster: 'demo',
  instanceId: 'i-0123456789abcdef0',
  reason: 'SandboxImageMissing',
  firstSeenAt: isoTime(START + first),
  lastSeenAt: isoTime(START + last),
  signals,
  source: 'fleetmend.logs',
});
const rowOf = (news: NewPendingNode): PendingNode => ({ ...news, version: 'v' });

/** What the store does with news, one after the other. */
const fold = (all: readonly NewPendingNode[]): PendingNode | undefined =>
  all.reduce<PendingNode | undefined>((row, news) => {
    if (row === undefined) return rowOf(news);
    const next = mergePending(row, news);
    return next === undefined ? row : { ...next, version: 'v' };
  }, undefined);

describe('mergePending', () => {
  const times = fc.tuple(fc.nat(100_000), fc.nat(100_000)).map(([a, b]) => enqueueOf(Math.min(a, b), Math.max(a, b)));

  it('ends with the earliest and the latest time, in whatever order news comes', async () => {
    await fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 12 }), (all) => {
        const row = fold(all);
        expect(row?.firstSeenAt).toBe(all.map((n) => n.firstSeenAt).toSorted()[0]);
        expect(row?.lastSeenAt).toBe(
          all
            .map((n) => n.lastSeenAt)
            .toSorted()
            .at(-1),
        );
      }),
      { verbose: true },
    );
  });

  it('changes nothing for news that has come before', async () => {
    await fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 12 }), fc.nat(11), (all, pick) => {
        const row = fold(all);
        const again = all[pick % all.length];
        if (row !== undefined && again !== undefined) expect(mergePending(row, again)).toBeUndefined();
      }),
      { verbose: true },
    );
  });

  it('takes reason and image from the newest news, and an image from wherever it is known', () => {
    const row = { ...rowOf(enqueueOf(0, 10)), image: 'a/pause:1' };
    expect(mergePending(row, { ...enqueueOf(5, 20), reason: 'DiskFull', image: 'b/pause:2' })).toMatchObject({
      reason: 'DiskFull',
      image: 'b/pause:2',
    });
    expect(mergePending(row, { ...enqueueOf(5, 20), reason: 'DiskFull' })).toMatchObject({ image: 'a/pause:1' });
    expect(
      mergePending(rowOf(enqueueOf(10, 20)), { ...enqueueOf(0, 5), reason: 'DiskFull', image: 'c/pause:3' }),
    ).toMatchObject({ reason: 'SandboxImageMissing', image: 'c/pause:3' });
  });
});

it.each<[string, object, object, boolean]>([
  ['a log line does not take it back', { localMethod: true }, { source: 'fleetmend.logs' }, true],
  ['a newer check without one does', { localMethod: true }, { source: 'fleetmend.check' }, false],
  ['a newer check brings it', {}, { source: 'fleetmend.check', localMethod: true }, true],
])('mergePending keeps what a check knows of a method without a registry: %s', (_, known, over, expected) => {
  const merged = mergePending(rowOf({ ...enqueueOf(0, 10), ...known }), { ...enqueueOf(5, 20), ...over });
  expect(merged?.localMethod === true).toBe(expected);
});

it('mergePending leaves the time at which a row is looked at as it is', () => {
  const later = { ...enqueueOf(5, 20), notBefore: isoTime(START + 90_000) };
  expect(mergePending(rowOf(enqueueOf(0, 10)), later)).not.toHaveProperty('notBefore');
  expect(mergePending(rowOf({ ...enqueueOf(0, 10), notBefore: isoTime(START) }), later)).toMatchObject({
    notBefore: isoTime(START),
  });
});

describe('remediationFor', () => {
  const entry = (name: string, order: number, ...reasons: string[]) => ({
    name,
    order,
    disruptive: false,
    reasons: Object.fromEntries(reasons.map((r) => [r, 'node-local'])),
  });

  it('is the first in order that answers for the reason', () => {
    const catalogue = [entry('late', 2, 'A', 'B'), entry('early', 1, 'A')];
    expect(['A', 'B', 'C', 'constructor'].map((r) => remediationFor(catalogue, r)?.name)).toEqual([
      'early',
      'late',
      undefined,
      undefined,
    ]);
  });
});

it('notAfter takes a time in the future as now', () => {
  expect(notAfter(isoTime(START + 5), START)).toBe(isoTime(START));
  expect(notAfter(isoTime(START - 5), START)).toBe(isoTime(START - 5));
});
