import { describe, expect, it } from 'vitest';
import { aCheck, at, LIMITS, node, observed, sendingRun, sent, step } from '../../test/support/runs.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { ResultRow, Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { tallyOf } from './invocation.ts';

const [a, b] = [node(0), node(1)] as const;
const BLOCKED: Partial<Tally> = { outcome: 'Skipped', skipReason: 'BlockedBy', waits: true };
const BUSY: Partial<Tally> = { outcome: 'Skipped', skipReason: 'Busy', waits: true };
const FOUND: Partial<Tally> = { outcome: 'Broken', findings: [['pause-image', 'SandboxImageMissing']], waits: true };

/** A fault that the policy only observes. */
const OBSERVED: Partial<Tally> = { outcome: 'Broken', findings: [['cni-files', 'CNIConfigMissing']] };

const asksOf = (state: RunState): OutboxEntry[] =>
  state.outbox.filter((e) => e.kind === 'enqueue' && e.lane === 'demo/node-check');
const ask = (ids: readonly string[], reason: string, notBefore?: string) => ({
  kind: 'enqueue',
  lane: 'demo/node-check',
  reason,
  source: 'fleetmend.run',
  because: { kind: 'finding', parent: { runId: 'r-1', requestId: 'r-1' } },
  ...(notBefore === undefined ? {} : { notBefore }),
  nodes: ids.map((id) => [id, at(10)]),
});

const repair = (tallies: Record<string, Partial<Tally>>): RunState => {
  const run = step(sendingRun(Object.keys(tallies).length), { reports: [sent('1')] }).state;
  return step(run, { observations: [observed('1', tallies)] }, at(20)).state;
};
const check = (tallies: Record<string, Partial<Tally>>, source: 'sweep' | 'signal', repairable: string[]): RunState => {
  const run = step(
    aCheck(Object.keys(tallies).length, source === 'sweep' ? { slice: { from: 0 } } : { lane: 'demo/node-check' }),
  ).state;
  const inputs = { observations: [observed('1', tallies)], repairable: new Set(repairable) };
  return step(run, inputs, at(20)).state;
};

describe('a repair', () => {
  it('that was blocked by an earlier fault requests a check, which finds that fault', () => {
    expect(asksOf(repair({ [a]: BLOCKED, [b]: {} }))).toEqual([ask([a], 'BlockedBy')]);
  });

  it('that met another document requests a check after the soft deadline of that document', () => {
    expect(asksOf(repair({ [a]: BUSY }))).toEqual([ask([a], 'Busy', at(20 + LIMITS.repairSoftDeadlineSeconds))]);
  });

  it.each<[string, Partial<Tally>]>([
    ['repaired', {}],
    ['failed', { outcome: 'NotRepaired', reason: 'X' }],
    ['was cancelled', { outcome: 'Skipped', skipReason: 'Cancelled' }],
  ])('that %s asks for none', (_, tally) => {
    expect(asksOf(repair({ [a]: tally }))).toEqual([]);
  });
});

describe('a command that SSM ran nowhere', () => {
  const NOWHERE: Partial<Tally> = { outcome: 'Skipped', reason: 'CommandNotDelivered', ranNowhere: true };
  const later = at(20 + LIMITS.repairSoftDeadlineSeconds);

  it('hands the nodes of a repair back to their lane, with the request that they belong to', () => {
    const { outbox } = repair({ [a]: NOWHERE, [b]: {} });
    expect(outbox.filter((e) => e.kind === 'enqueue')).toMatchObject([
      {
        lane: 'demo/pause-image',
        reason: 'CommandNotDelivered',
        notBefore: later,
        requestIds: ['r-1'],
        nodes: [[a, at(10)]],
      },
    ]);
  });

  it('asks for another check of a node that a signal named, and not of one that a sweep looks at again', () => {
    expect(asksOf(check({ [a]: NOWHERE }, 'signal', []))).toEqual([ask([a], 'CommandNotDelivered', later)]);
    const swept = aCheck(1, { slice: { from: 0 }, because: { ...aCheck(1).because, kind: 'sweep' } });
    const { state } = step(step(swept).state, { observations: [observed('1', { [a]: NOWHERE })] }, at(20));
    expect(asksOf(state)).toEqual([]);
  });
});

describe('a check', () => {
  it('requests a second check after the repair of a fault that blocks another', () => {
    expect(asksOf(check({ [a]: FOUND, [b]: FOUND }, 'sweep', ['pause-image']))).toEqual([
      ask([a, b], 'BlockedBy', at(20 + LIMITS.repairSoftDeadlineSeconds)),
    ]);
  });

  it('that was itself a second check waits for the cool-down of a failed repair', () => {
    expect(asksOf(check({ [a]: FOUND }, 'signal', ['pause-image']))).toEqual([
      ask([a], 'BlockedBy', at(20 + LIMITS.coolDownSeconds)),
    ]);
  });

  it('requests none if the first fault may not be repaired', () => {
    expect(asksOf(check({ [a]: FOUND }, 'sweep', []))).toEqual([]);
    expect(asksOf(check({ [a]: FOUND }, 'sweep', ['cni-files']))).toEqual([]);
  });

  it('enqueues no finding that no repair can fix, and requests no second check for it', () => {
    const mismatch: Partial<Tally> = { ...FOUND, findings: [['pause-image', 'SandboxImageMismatch']] };
    const { outbox } = check({ [a]: mismatch }, 'sweep', ['pause-image']);
    expect(outbox.filter((e) => e.kind === 'enqueue')).toEqual([]);
  });

  it('that met a running repair is requested once more', () => {
    expect(asksOf(check({ [a]: BUSY }, 'sweep', []))).toEqual([
      ask([a], 'Busy', at(20 + LIMITS.repairSoftDeadlineSeconds)),
    ]);
  });
});

describe('a check in two parts', () => {
  const checkInParts = (...tallies: readonly Partial<Tally>[]): OutboxEntry[] => {
    const documents = tallies.map((_, i) => ({
      key: `node-check-${i + 1}`,
      name: `fleetmend-node-check-${i + 1}`,
      executionTimeoutSeconds: 60,
    }));
    const run = step(aCheck(1), { documents }).state;
    const observations = tallies.map((tally, i) => ({
      ...observed(`1.${i + 1}`, { [a]: tally }),
      part: i + 1,
      parts: tallies.length,
    }));
    return asksOf(step(run, { documents, observations }, at(20)).state);
  };

  it.each([
    ['the first', [BUSY, OBSERVED]],
    ['the second', [OBSERVED, BUSY]],
  ] as const)('of which %s met a repair at work is made once more, whatever the other one found', (_, tallies) => {
    expect(checkInParts(...tallies)).toEqual([ask([a], 'Busy', at(20 + LIMITS.repairSoftDeadlineSeconds))]);
  });
});

describe('a result', () => {
  const row = (over: Partial<ResultRow>): ResultRow => ({
    runId: 'r-1',
    cluster: 'demo',
    instanceId: a,
    remediation: 'node-check',
    action: 'check',
    outcome: 'Skipped',
    message: 'm',
    endedAt: at(5),
    at: at(9),
    ...over,
  });
  const blocked = {
    remediation: 'cni-files',
    outcome: 'Skipped',
    skipReason: 'BlockedBy',
    title: 't',
    message: 'm',
  } as const;

  it.each<[string, Partial<ResultRow>]>([
    ['is blocked itself', { skipReason: 'BlockedBy' }],
    ['met another document', { skipReason: 'Busy' }],
    ['has a finding that is blocked', { outcome: 'Broken', findings: [blocked] }],
  ])('that %s waits', (_, over) => {
    expect(tallyOf(row(over), row(over)).waits).toBe(true);
  });

  it.each<[string, Partial<ResultRow>]>([
    ['is healthy', { outcome: 'Healthy' }],
    ['was skipped for another reason', { skipReason: 'OptedOut' }],
    ['names the word without being skipped', { outcome: 'Unknown', skipReason: 'BlockedBy' }],
  ])('that %s does not', (_, over) => {
    expect(tallyOf(row(over), row(over)).waits).toBeUndefined();
  });
});
