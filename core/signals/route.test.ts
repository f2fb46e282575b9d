import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../model/ids.ts';
import { mayRepair } from '../model/may-repair.ts';
import { ClusterPolicy, Policy } from '../model/policy.ts';
import { CHECK_SOURCE, MAX_REQUESTS, type PendingNode, WHOLE_CLUSTER } from '../state/pending-node.ts';
import { mergePending, type NewPendingNode, notAfter, remediationFor, routeSymptom } from './route.ts';

const START = Date.parse('2026-08-22T10:00:00Z');
const addedOf = (first: number, last: number, signals = 1): NewPendingNode => ({
  lane: 'demo/pause-image',
  cluster: 'demo',
  instanceId: 'i-0123456789abcdef0',
  reason: 'SandboxImageMissing',
  firstSeenAt: isoTime(START + first),
  lastSeenAt: isoTime(START + last),
  signals,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
});
const rowOf = (added: NewPendingNode): PendingNode => ({ ...added, version: 'v' });

/** Merges pending nodes in order, as the store does. */
const fold = (all: readonly NewPendingNode[]): PendingNode | undefined =>
  all.reduce<PendingNode | undefined>((row, added) => {
    if (row === undefined) return rowOf(added);
    const next = mergePending(row, added);
    return next === undefined ? row : { ...next, version: 'v' };
  }, undefined);

describe('mergePending', () => {
  const times = fc.tuple(fc.nat(100_000), fc.nat(100_000)).map(([a, b]) => addedOf(Math.min(a, b), Math.max(a, b)));

  it('ends with the earliest and the latest time, in any order of delivery', async () => {
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

  it('changes nothing for a duplicate delivery', async () => {
    await fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 12 }), fc.nat(11), (all, pick) => {
        const row = fold(all);
        const again = all[pick % all.length];
        if (row !== undefined && again !== undefined) expect(mergePending(row, again)).toBeUndefined();
      }),
      { verbose: true },
    );
  });

  it.each([
    ['the same times', 10, 20],
    ['times within those of the row', 12, 18],
  ])('changes nothing for a signal with %s', (_, first, last) => {
    expect(mergePending(rowOf(addedOf(10, 20)), addedOf(first, last))).toBeUndefined();
  });

  it('keeps the time of a finding within the times of a row, and that of the newest finding', () => {
    const row = rowOf(addedOf(10, 20));
    const finding = (at: number): NewPendingNode => ({ ...addedOf(at, at), source: CHECK_SOURCE });
    const merged = mergePending(row, finding(15));
    expect(merged).toMatchObject({ source: 'fleetmend.logs', checkedAt: isoTime(START + 15) });
    const known = { ...rowOf(addedOf(10, 20)), checkedAt: isoTime(START + 15) };
    expect(mergePending(known, finding(15))).toBeUndefined();
    expect(mergePending(known, finding(12))).toBeUndefined();
    expect(mergePending(known, finding(18))).toMatchObject({ checkedAt: isoTime(START + 18) });
    expect(mergePending(known, finding(30))).not.toHaveProperty('checkedAt');
  });

  it('makes a row due that waited for a finding, and keeps the time of a decision', () => {
    const finding: NewPendingNode = { ...addedOf(15, 25), source: CHECK_SOURCE };
    const decided = { ...rowOf(addedOf(10, 20)), notBefore: isoTime(START + 300), decidedAt: isoTime(START + 20) };
    const waiting = { ...decided, skipped: 'Busy' as const };
    expect(mergePending(waiting, finding)).not.toHaveProperty('notBefore');
    expect(mergePending(waiting, addedOf(15, 25))).toMatchObject({ notBefore: waiting.notBefore });
    expect(mergePending(decided, finding)).toMatchObject({ notBefore: waiting.notBefore });
  });

  it('takes reason and image from the latest signal, and the image of any signal where only one has it', () => {
    const row = { ...rowOf(addedOf(0, 10)), image: 'a/pause:1' };
    expect(mergePending(row, { ...addedOf(5, 20), reason: 'DiskFull', image: 'b/pause:2' })).toMatchObject({
      reason: 'DiskFull',
      image: 'b/pause:2',
    });
    expect(mergePending(row, { ...addedOf(5, 20), reason: 'DiskFull' })).toMatchObject({ image: 'a/pause:1' });
    expect(
      mergePending(rowOf(addedOf(10, 20)), { ...addedOf(0, 5), reason: 'DiskFull', image: 'c/pause:3' }),
    ).toMatchObject({ reason: 'SandboxImageMissing', image: 'c/pause:3' });
  });
});

it.each<[string, object, object, boolean]>([
  ['a log line does not remove it', { localMethod: true }, { source: 'fleetmend.logs' }, true],
  ['a newer check without one does', { localMethod: true }, { source: 'fleetmend.check' }, false],
  ['a newer check adds it', {}, { source: 'fleetmend.check', localMethod: true }, true],
])('mergePending keeps a method without a registry that a check found: %s', (_, known, over, expected) => {
  const merged = mergePending(rowOf({ ...addedOf(0, 10), ...known }), { ...addedOf(5, 20), ...over });
  expect(merged?.localMethod === true).toBe(expected);
});

it('mergePending keeps the method where an older check, delivered late, did not find one', () => {
  const merged = mergePending(rowOf({ ...addedOf(5, 20), localMethod: true }), {
    ...addedOf(0, 10),
    source: 'fleetmend.check',
  });
  expect(merged?.localMethod).toBe(true);
});

it('mergePending keeps the reason of the row where the added one began earlier and ended at the same time', () => {
  const row = rowOf(addedOf(10, 20));
  expect(mergePending(row, { ...addedOf(0, 20), reason: 'DiskFull', source: 'acme' })).toMatchObject({
    reason: row.reason,
    source: row.source,
    firstSeenAt: isoTime(START),
    signals: 2,
  });
});

it('mergePending does not change the time at which a row is looked at', () => {
  const later = { ...addedOf(5, 20), notBefore: isoTime(START + 90_000) };
  expect(mergePending(rowOf(addedOf(0, 10)), later)).not.toHaveProperty('notBefore');
  expect(mergePending(rowOf({ ...addedOf(0, 10), notBefore: isoTime(START) }), later)).toMatchObject({
    notBefore: isoTime(START),
  });
});

describe('mergePending delays a row that only records an answer', () => {
  const added = { ...addedOf(5, 20), notBefore: isoTime(START + 90_000) };
  const answered = { decidedAt: isoTime(START + 15) };
  const waitOf = (over: Partial<PendingNode>, news: Partial<NewPendingNode> = {}) =>
    mergePending({ ...rowOf(addedOf(0, 10)), ...over }, { ...added, ...news })?.notBefore;

  it.each<[string, Partial<PendingNode>, Partial<NewPendingNode>, number | undefined]>([
    ['for a signal about the cluster', { ...answered, instanceId: WHOLE_CLUSTER }, {}, 90_000],
    ['for a new node', answered, { awaitAgentUntil: isoTime(START + 600_000) }, 90_000],
    ['but for no other signal', answered, {}, undefined],
    [
      'but not a row with a symptom that is not decided yet',
      { instanceId: WHOLE_CLUSTER, decidedAt: isoTime(START + 5) },
      {},
      undefined,
    ],
    [
      'but not beyond a later time of its own',
      { ...answered, instanceId: WHOLE_CLUSTER, notBefore: isoTime(START + 95_000) },
      {},
      95_000,
    ],
  ])('%s', (_, over, news, expected) => {
    expect(waitOf(over, news)).toBe(expected === undefined ? undefined : isoTime(START + expected));
  });
});

const entry = (name: string, order: number, ...reasons: string[]) => ({
  name,
  order,
  disruptive: false,
  reasons: Object.fromEntries(reasons.map((r) => [r, 'node-local'])),
});

describe('mayRepair', () => {
  const harmless = { name: 'pause-image', disruptive: false };
  const disruptive = { name: 'container-runtime', disruptive: true };
  const why = (cluster: object, of: typeof harmless) => {
    const answer = mayRepair(ClusterPolicy.parse({ name: 'demo', ...cluster }), of);
    return answer.allowed ? 'allowed' : answer.why;
  };

  it.each<[string, object, typeof harmless, string]>([
    ['nothing by default', {}, harmless, 'clusters[name=demo].mode is observe'],
    ['a remediation of a cluster that repairs', { mode: 'repair' }, harmless, 'allowed'],
    ['a remediation alone', { remediations: { 'pause-image': { mode: 'repair' } } }, harmless, 'allowed'],
    [
      'not a remediation that only observes',
      { mode: 'repair', remediations: { 'pause-image': { mode: 'observe' } } },
      harmless,
      'clusters[name=demo].remediations.pause-image.mode is observe',
    ],
    [
      'no disruptive remediation',
      { mode: 'repair' },
      disruptive,
      'clusters[name=demo].remediations.container-runtime.allowDisruptive is false, and its repair restarts something',
    ],
    [
      'a disruptive remediation that the policy allows',
      { mode: 'repair', remediations: { 'container-runtime': { allowDisruptive: true } } },
      disruptive,
      'allowed',
    ],
  ])('allows %s', (_, cluster, of, expected) => {
    expect(why(cluster, of)).toBe(expected);
  });
});

describe('routeSymptom', () => {
  const policy = Policy.parse({ clusters: [{ name: 'demo', mode: 'repair' }, { name: 'watched' }] });
  const catalogue = [entry('pause-image', 1, 'SandboxImageMissing'), entry('cni', 2, 'CNINotReady')];
  const proof = { cluster: 'demo', reason: 'SandboxImageMissing', trusted: true };
  const toCheck = { kind: 'lane', remediation: 'node-check' };

  it.each<[string, object, object]>([
    ['a proof to its repair', {}, { kind: 'lane', remediation: 'pause-image' }],
    ['an untrusted symptom to a check', { trusted: false }, toCheck],
    ['an old proof to a check', { late: true }, toCheck],
    ['a proof on a cluster that is only observed to a check', { cluster: 'watched' }, toCheck],
    ['a reason that names no fault to a check', { reason: 'AlarmRaised', checkOnly: true }, toCheck],
    ['nothing of a cluster that the policy does not list', { cluster: 'strange' }, { kind: 'not-managed' }],
    [
      'no unknown reason, and lists those that are known',
      { reason: 'Sunspots' },
      { kind: 'unknown-reason', known: ['CNINotReady', 'SandboxImageMissing'] },
    ],
  ])('sends %s', (_, over, expected) => {
    expect(routeSymptom(policy, catalogue, { ...proof, ...over })).toEqual(expected);
  });
});

describe('remediationFor', () => {
  it('is the first in order that repairs the reason', () => {
    const catalogue = [entry('late', 2, 'A', 'B'), entry('early', 1, 'A')];
    expect(['A', 'B', 'C', 'constructor'].map((r) => remediationFor(catalogue, r)?.name)).toEqual([
      'early',
      'late',
      undefined,
      undefined,
    ]);
  });
});

it('notAfter replaces a time in the future by now', () => {
  expect(notAfter(isoTime(START + 5), START)).toBe(isoTime(START));
  expect(notAfter(isoTime(START - 5), START)).toBe(isoTime(START - 5));
});

describe('the because of a merged row', () => {
  const added = (kind: 'log' | 'finding' | 'operator', over: Partial<NewPendingNode> = {}): NewPendingNode => ({
    ...addedOf(10, 10),
    because: { kind },
    ...over,
  });

  it('stays that of the first report, until the row is answered', () => {
    const row: PendingNode = { ...rowOf(addedOf(0, 0)), because: { kind: 'log' } };
    expect(mergePending(row, added('finding'))?.because).toEqual({ kind: 'log' });
    const answered = { ...row, decidedAt: isoTime(START) };
    expect(mergePending(answered, added('finding'))?.because).toEqual({ kind: 'finding' });
  });

  it('has no list of requests where none wants the node, and keeps the newest of very many', () => {
    const row: PendingNode = { ...rowOf(addedOf(0, 0)), because: { kind: 'log' } };
    expect(mergePending(row, added('finding'))).not.toHaveProperty('requestIds');
    const ids = Array.from({ length: MAX_REQUESTS }, (_, i) => `q-${i}`);
    const merged = mergePending({ ...row, requestIds: ids }, added('operator', { requestIds: ['q-new'] }));
    expect(merged?.requestIds).toEqual([...ids.slice(1), 'q-new']);
  });

  it('keeps until when a new node is waited for, and takes the time of a later signal', () => {
    const waiting: PendingNode = {
      ...rowOf(addedOf(0, 0)),
      because: { kind: 'new-node' },
      awaitAgentUntil: isoTime(START),
    };
    expect(mergePending(waiting, added('log'))?.awaitAgentUntil).toBe(isoTime(START));
    const later = added('log', { awaitAgentUntil: isoTime(START + 5) });
    expect(mergePending(waiting, later)?.awaitAgentUntil).toBe(isoTime(START + 5));
  });

  it('keeps every request that wants the node, also without news of the fault', () => {
    const row: PendingNode = { ...rowOf(addedOf(0, 10)), requestIds: ['q-1'] };
    const wanted = mergePending(row, added('operator', { ...addedOf(5, 5, 0), requestIds: ['q-2'] }));
    expect(wanted).toMatchObject({ requestIds: ['q-1', 'q-2'], signals: row.signals });
    expect(mergePending(row, added('operator', { ...addedOf(5, 5, 0), requestIds: ['q-1'] }))).toBeUndefined();
  });
});
