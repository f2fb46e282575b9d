import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, nodesSeen, rules } from '../../test/support/rules.ts';
import { isoTime } from '../model/ids.ts';
import { mergePending } from '../signals/route.ts';
import { CHECK_SOURCE, type PendingNode } from '../state/pending-node.ts';
import { checkedBefore, isLookedAt, toCheckFirst } from './calm.ts';
import { newLane } from './lane.ts';
import { checksWanted, factsWanted, type IdleSeen, idleStep, rowsToCheck } from './lane-step.ts';
import { queuedRun } from './queued-run.ts';

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

  const named = (rows: readonly PendingNode[]) => rows.map(({ instanceId, version }) => [instanceId, version]);
  const putOff = (rows: readonly PendingNode[], minutes: number, of: object = { decidedAt: NOW }) => ({
    ...{ kind: 'defer', lane: 'demo/pause-image', rows: named(rows), notBefore: minutesAgo(-minutes) },
    ...{ skipReason: 'Busy', ...of },
  });

  it('of repairs has them checked in a run of its own before it plans, and keeps their rows for what that finds', () => {
    const repairs = seen('demo/pause-image', [...lines, found(5)]);
    const step = idleStep(repairs);
    expect([step.effects, step.commit?.cluster, step.commit?.lane?.after.activeRunId]).toEqual([
      [],
      undefined,
      'r-new',
    ]);
    expect(step.commit?.run?.after).toMatchObject({
      ...{ action: 'check', group: 'r-new', lane: 'demo/pause-image', remediation: 'node-check' },
      pending: named(lines),
      outbox: [putOff(lines, 5)],
    });
    expect([rowsToCheck(repairs), factsWanted(repairs)]).toEqual([lines, idsOf(lines)]);
    const calm = seen('demo/pause-image', [...lines.slice(1), found(5)]);
    expect(factsWanted(calm)).toEqual(idsOf([rowOf(5), rowOf(2), rowOf(3), rowOf(4)]));
    expect(rowsToCheck(calm)).toEqual([]);
  });

  it('of repairs takes no more of them than a check may have', () => {
    const few = seen('demo/pause-image', lines, { rules: rules({ limits: { maxNodesPerCheckRun: 3 } }) });
    expect(idleStep(few).commit?.run?.after.pending).toEqual(named(lines.slice(0, 3)));
  });

  it('of repairs records those that it may not check, and looks again at those of which it cannot read a fact', () => {
    const unread = { kind: 'retry', problem: 'EC2 DescribeInstances: Throttling: slow down' } as const;
    const factsWith = (over: Partial<ReturnType<typeof factsOf>>) =>
      nodesSeen([], { facts: new Map(idsOf(lines).map((id) => [id, factsOf(id, over)])) });
    const off = idleStep(seen('demo/pause-image', lines, { nodes: factsWith({ inCluster: false }) }));
    expect(off.commit?.run?.after).toMatchObject({ pending: [], settled: { NotInCluster: 4 } });
    const again = idleStep(seen('demo/pause-image', lines, { nodes: factsWith({ unread }) }));
    expect(again).toMatchObject({ effects: [{ kind: 'look-again' }], isDone: false });
    expect(again).not.toHaveProperty('commit');
  });

  it('of repairs drops a row whose check has found nothing, unless a line came after it was planned', () => {
    const looked = { skipped: 'Busy', notBefore: NOW } as const;
    const answered = rowOf(1, { ...looked, decidedAt: minutesAgo(1) });
    const later = rowOf(2, { ...looked, decidedAt: minutesAgo(2) });
    expect(idleStep(seen('demo/pause-image', [answered, later])).effects).toEqual([
      { kind: 'rows', entries: [{ kind: 'drop', lane: 'demo/pause-image', rows: named([answered]) }] },
    ]);
    expect(idleStep(seen('demo/pause-image', [later])).commit?.run?.after.pending).toEqual(named([later]));
    const stays = rowOf(3, { ...looked, decidedAt: NOW, lane: 'demo/node-check' });
    expect(idleStep(seen('demo/node-check', [stays])).commit?.run?.after.pending).toEqual(named([stays]));
  });

  it('of repairs lets a line about a node that was repaired lately wait for the end of its cool-down', () => {
    const repaired = (minutes: number) => ({
      ...{ cluster: 'demo', remediation: 'pause-image', instanceId: rowOf(1).instanceId },
      attempts: { 'r-1': { at: minutesAgo(minutes), outcome: 'Repaired' as const } },
    });
    const stepAfter = (minutes: number) => {
      const nodes = nodesSeen(idsOf(lines), { states: new Map([[rowOf(1).instanceId, repaired(minutes)]]) });
      return idleStep(seen('demo/pause-image', lines, { nodes }));
    };
    expect(stepAfter(5).effects).toEqual([{ kind: 'await-check', entries: [putOff(lines.slice(0, 1), 10, {})] }]);
    expect(stepAfter(5).commit?.run?.after.pending).toEqual(named(lines.slice(1)));
    expect(stepAfter(15).commit?.run?.after.pending).toEqual(named(lines));
  });

  it('of repairs asks for no check that a cancelled run or a pause comes before', () => {
    expect(rowsToCheck(seen('demo/pause-image', lines, { pause: 'an upgrade' }))).toEqual([]);
    const run = queuedRun({
      ...{ runId: 'r-1', requestId: undefined, cluster: 'demo', remediation: 'pause-image', action: 'repair' },
      ...{ group: 'demo/pause-image', lane: undefined, document: { key: 'pause-image-repair' } },
      because: { kind: 'operator', firstSeenAt: NOW, lastSeenAt: NOW, count: 1, source: 'mei' },
      ...{ now: NOW, limits: rules().policy.limits },
    });
    const queued = { sortKey: 'q', run, cancelled: { force: false }, asked: [] };
    expect(rowsToCheck(seen('demo/pause-image', lines, { queued }))).toEqual([]);
  });

  it('of repairs puts those off whose nodes a check looks at, has looked at, or will look at', () => {
    const [over, until] = [minutesAgo(1), minutesAgo(-4)];
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
    const planned = { decidedAt: minutesAgo(1) };
    const step = idleStep(repairs);
    expect(step.effects).toEqual([
      {
        kind: 'await-check',
        entries: [putOff([rowOf(1)], 4, planned), putOff([rowOf(3)], 1), putOff([rowOf(4)], 4, planned)],
      },
    ]);
    expect(step.commit?.run?.after.pending).toEqual(named([rowOf(2), rowOf(6)]));
    const all = { ...repairs, rows: lines, checks: new Map(lines.map((row) => [row.instanceId, rowOf(1)])) };
    expect(idleStep(all)).toEqual({
      effects: [{ kind: 'await-check', entries: lines.map((row) => putOff([row], 1)) }],
      isDone: false,
    });
    expect([rowsToCheck(repairs), rowsToCheck(all)]).toEqual([[rowOf(2), rowOf(6)], []]);
  });

  it('shows that a check looks at a node by the row that asked for it, not by one that waits for something else', () => {
    const looked = { skipped: 'Busy', decidedAt: minutesAgo(1), notBefore: minutesAgo(-1) } as const;
    const others = [
      { skipped: 'CoolingDown' as const },
      { decidedAt: undefined },
      { notBefore: NOW },
      { notBefore: undefined },
    ];
    expect([{}, ...others].map((over) => isLookedAt(rowOf(1, { ...looked, ...over }), NOW))).toEqual([
      true,
      ...others.map(() => false),
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
