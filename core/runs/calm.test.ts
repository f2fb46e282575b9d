import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodesSeen, rules } from '../../test/support/rules.ts';
import { isoTime } from '../model/ids.ts';
import { mergePending } from '../signals/route.ts';
import { CHECK_SOURCE, type PendingNode } from '../state/pending-node.ts';
import { checkedBefore, toCheckFirst } from './calm.ts';
import { newLane } from './lane.ts';
import { checksWanted, factsWanted, type IdleSeen, idleStep } from './lane-step.ts';

const NOW_MS = Date.UTC(2026, 7, 22, 10, 0, 0);
const NOW = isoTime(NOW_MS);
const minutesAgo = (minutes: number): string => isoTime(NOW_MS - minutes * 60_000);

const rowOf = (n: number, rest: Partial<PendingNode> = {}): PendingNode => ({
  lane: 'demo/pause-image',
  cluster: 'demo',
  instanceId: `i-${String(n).padStart(17, '0')}`,
  reason: 'SandboxImageMissing',
  firstSeenAt: minutesAgo(1),
  lastSeenAt: minutesAgo(1),
  signals: 1,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  version: `v${n}`,
  ...rest,
});
const found = (n: number, minutes = 1): PendingNode =>
  rowOf(n, { source: CHECK_SOURCE, firstSeenAt: minutesAgo(minutes), lastSeenAt: minutesAgo(minutes) });
const asked = (n: number): PendingNode => rowOf(n, { requestIds: ['ticket'] });
const idsOf = (rows: readonly PendingNode[]) => rows.map(({ instanceId }) => instanceId);

describe('a step of a lane', () => {
  const seen = (name: string, rows: readonly PendingNode[], over: Partial<IdleSeen> = {}): IdleSeen => ({
    lane: { ...newLane(name), version: 1 },
    rows,
    gone: [],
    cluster: { cluster: 'demo', version: 1, slots: {} },
    nodes: nodesSeen(rows.map(({ instanceId }) => instanceId)),
    newRunId: 'r-new',
    rules: rules(),
    now: NOW,
    ...over,
  });
  const lines = [rowOf(1), rowOf(2), rowOf(3), rowOf(4)];

  it('of repairs has them checked before it plans, and reads nothing about them', () => {
    const repairs = seen('demo/pause-image', [...lines, found(5)]);
    expect(idleStep(repairs)).toEqual({ effects: [{ kind: 'check-first', rows: lines, waiting: [] }], isDone: false });
    expect(factsWanted(repairs)).toEqual([]);
    const calm = seen('demo/pause-image', [...lines.slice(1), found(5)]);
    expect(factsWanted(calm)).toEqual(idsOf([rowOf(5), rowOf(2), rowOf(3), rowOf(4)]));
  });

  it('of repairs puts those off whose nodes a check looks at, has looked at, or will look at', () => {
    const [over, until, soon] = [minutesAgo(1), isoTime(NOW_MS + 240_000), isoTime(NOW_MS + 60_000)];
    const looked = { lane: 'demo/node-check', decidedAt: minutesAgo(1), notBefore: until };
    const checks = [
      rowOf(1, looked),
      // Its cool-down is over, a check is to come, and another one is.
      rowOf(2, { ...looked, notBefore: over }),
      rowOf(3, { lane: 'demo/node-check' }),
      rowOf(4, { ...looked, lastSeenAt: NOW }),
    ];
    const repairs = seen('demo/pause-image', [...lines, rowOf(6)], {
      checks: new Map(checks.map((row) => [row.instanceId, row])),
    });
    expect(checksWanted(repairs)).toEqual(idsOf([...lines, rowOf(6)]));
    const put = (n: number, notBefore: string) => ({
      ...{ kind: 'defer', lane: 'demo/pause-image', rows: [[rowOf(n).instanceId, `v${n}`]], notBefore },
      ...{ skipReason: 'Busy', decidedAt: NOW },
    });
    expect(idleStep(repairs).effects).toEqual([
      { kind: 'check-first', rows: [rowOf(2), rowOf(6)], waiting: [put(1, until), put(3, soon), put(4, until)] },
    ]);
  });

  it('of checks, or of repairs while it is calm, asks for no check rows', () => {
    expect(checksWanted(seen('demo/node-check', lines))).toEqual([]);
    expect(checksWanted(seen('demo/pause-image', lines.slice(1)))).toEqual([]);
  });

  it('of checks plans them', () => {
    const checks = seen('demo/node-check', lines);
    expect(idleStep(checks).commit?.run?.after.pending).toHaveLength(4);
  });

  it('that waits leaves them where they are', () => {
    expect(idleStep(seen('demo/pause-image', lines, { pause: 'an upgrade' })).effects).toEqual([]);
  });
});

describe('a lane of repairs', () => {
  it('is calm with three nodes that log lines alone report', () => {
    expect(toCheckFirst([rowOf(1), rowOf(2), rowOf(3)], NOW)).toEqual([]);
  });

  it('believes no line that has waited for a check without a finding', () => {
    const waited = rowOf(1, { skipped: 'Busy', decidedAt: minutesAgo(5), notBefore: NOW });
    expect(toCheckFirst([waited, rowOf(2)], NOW)).toEqual([waited]);
    expect(toCheckFirst([{ ...waited, checkedAt: minutesAgo(4) }, rowOf(2)], NOW)).toEqual([]);
  });

  it('has four such nodes checked first, and no other', () => {
    const lines = [rowOf(1), rowOf(2), rowOf(3), rowOf(4)];
    expect(toCheckFirst([found(5), ...lines, asked(6), rowOf(7, { source: 'fleetmend.run' })], NOW)).toEqual(lines);
  });

  it('believes a finding for ten minutes, also where a later log line came to it', () => {
    const lines = [rowOf(1), rowOf(2), rowOf(3), rowOf(4)];
    const merged = (minutes: number): PendingNode => {
      const { version, ...line } = rowOf(5, { firstSeenAt: NOW, lastSeenAt: NOW });
      const row = mergePending(found(5, minutes), line);
      return { ...(row ?? expect.fail('nothing changed')), version };
    };
    expect(merged(10)).toMatchObject({ source: 'fleetmend.logs', checkedAt: minutesAgo(10) });
    expect(toCheckFirst([...lines, merged(10)], NOW)).toEqual(lines);
    expect(toCheckFirst([...lines, merged(11)], NOW)).toEqual([...lines, merged(11)]);
    // A further line does not make it forgotten.
    const { version, ...line } = rowOf(5, { firstSeenAt: NOW, lastSeenAt: isoTime(NOW_MS + 1000) });
    expect(mergePending(merged(10), line)).toMatchObject({ checkedAt: minutesAgo(10) });
  });

  it('takes nodes that a check has found broken before all others, each kind in its order', () => {
    expect(idsOf(checkedBefore([rowOf(1), found(2), rowOf(3), asked(4), found(5, 1)], NOW))).toEqual(
      idsOf([rowOf(2), rowOf(4), rowOf(5), rowOf(1), rowOf(3)]),
    );
  });

  it('believes the lines of at most three nodes, whatever else waits', () => {
    const row = fc.oneof(
      fc.nat(20).map((n) => rowOf(n)),
      fc.tuple(fc.nat(20), fc.nat(30)).map(([n, minutes]) => found(n, minutes)),
      fc.nat(20).map(asked),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const first = new Set(toCheckFirst(rows, NOW));
        const left = rows.filter((one) => !first.has(one));
        expect(left.filter(({ source, requestIds }) => source === 'fleetmend.logs' && !requestIds).length).toBeLessThan(
          4,
        );
        // Nothing that a check has found or a person wants is sent back to a check.
        for (const one of first) expect([one.source, one.requestIds]).toEqual(['fleetmend.logs', undefined]);
        expect(new Set(checkedBefore(rows, NOW))).toEqual(new Set(rows));
      }),
    );
  });
});
