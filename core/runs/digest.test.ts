import { describe, expect, it } from 'vitest';
import { aCheck, aRun, at, because, node, observed, START } from '../../test/support/runs.ts';
import type { Reading } from '../state/results.ts';
import { EndedRun, type RunState } from '../state/run-state.ts';
import { digestOf, hasEnded, MAX_NOTES } from './digest.ts';

const ended = (run: RunState, more: object = {}): EndedRun =>
  EndedRun.parse({ ...run, end: 'Done', endedAt: at(60), ...more, status: 'ended' });
/** An observation with these readings as they are. */
const seen = (readings: Readonly<Record<string, Partial<Reading>>>, over = {}) =>
  observed(
    '1',
    {},
    { nodes: Object.fromEntries(Object.entries(readings).map(([id, r]) => [id, reading(r)])), ...over },
  );
const reading = (over: Partial<Reading>): Reading => ({ outcome: 'Repaired', endedAt: at(10), ...over });
const found = (remediation: string, reason: string, over: object = {}) => ({
  ...{ remediation, reason, outcome: 'Broken', title: 't', message: 'm' },
  ...over,
});

describe('digestOf', () => {
  it('keeps of a repair what happened to each node, and how long it took from the first report', () => {
    const run = ended(aRun(3), { settled: { OptedOut: 1 }, because: because('operator', { by: 'mei' }) });
    const readings: Record<string, Partial<Reading>> = {
      [node(1)]: { outcome: 'NotRepaired', reason: 'DiskFull', since: START, endedAt: at(20) },
      [node(0)]: {
        ...{ outcome: 'Repaired', reason: 'SandboxImageMissing', since: START, endedAt: at(12) },
        ...{ detectedWithinSeconds: 1800, nodegroup: 'workers-0', ami: 'ami-1', evidence: { containerd: '1.6.20' } },
      },
      [node(2)]: { outcome: 'Skipped', skipReason: 'Busy', endedAt: at(11) },
    };
    expect(digestOf(run, [seen(readings)])).toEqual({
      ...{ runId: 'r-1', requestId: 'r-1', cluster: 'demo', remediation: 'pause-image', action: 'repair' },
      ...{ because: 'operator', by: 'mei', createdAt: START, startedAt: START, endedAt: at(60), end: 'Done' },
      counts: { OptedOut: 1 },
      notes: [
        {
          ...{ instanceId: node(0), at: at(12), outcome: 'Repaired', remediation: 'pause-image' },
          ...{ reason: 'SandboxImageMissing', nodegroup: 'workers-0', ami: 'ami-1', containerd: '1.6.20' },
          ...{ detectedWithin: 1800, repairedAfter: 12 },
        },
        {
          ...{ instanceId: node(1), at: at(20), outcome: 'NotRepaired', remediation: 'pause-image' },
          reason: 'DiskFull',
        },
      ],
    });
  });

  it('keeps each finding of a check, with the version that the finding or the node names', () => {
    const findings = [
      found('cni-files', 'CNIConfigMissing'),
      found('pause-image', 'SandboxImageMissing', { evidence: { containerd: '1.7.1' } }),
      found('ecr-credentials', 'X', { outcome: 'Healthy' }),
    ];
    const run = ended(aCheck(3), { stopped: { reason: 'Paused', at: at(50) }, end: 'Stopped' });
    const digest = digestOf(run, [
      seen(
        {
          [node(0)]: { outcome: 'Broken', findings: findings as Reading['findings'], endedAt: at(9) },
          [node(1)]: { outcome: 'Unknown', endedAt: at(9), evidence: { containerd: 3 } },
        },
        { healthy: [node(2)] },
      ),
    ]);
    expect(digest).toMatchObject({ end: 'Stopped', stopped: 'Paused', healthy: [node(2)] });
    expect(digest.notes.map((n) => [n.instanceId, n.remediation, n.reason, n.containerd])).toEqual([
      [node(0), 'cni-files', 'CNIConfigMissing', undefined],
      [node(1), 'node-check', undefined, undefined],
      [node(0), 'pause-image', 'SandboxImageMissing', '1.7.1'],
    ]);
  });

  it('lists no healthy nodes of a sweep, and no node of a part that is not observed or still runs', () => {
    const sweep = ended(aCheck(3, { because: because('sweep') }));
    expect(digestOf(sweep, [observed('1', {}, { healthy: [node(0)] })])).not.toHaveProperty('healthy');
    const part = observed('1.1', { [node(0)]: { outcome: 'Broken' } }, { part: 1, parts: 2 });
    expect(digestOf(ended(aCheck(3)), [part])).toMatchObject({ notes: [] });
    const open = observed('1', { [node(0)]: {} }, { final: false, open: [node(1)], closedBy: 'look' });
    expect(digestOf(ended(aRun(2)), [open]).notes.map((n) => n.instanceId)).toEqual([node(0)]);
  });

  it('keeps the first note of each node where not all of them fit', () => {
    const findings = [found('cni-files', 'A'), found('pause-image', 'B')] as Reading['findings'];
    const nodes = Object.fromEntries(
      Array.from({ length: MAX_NOTES }, (_, i) => [node(i), { outcome: 'Broken', findings } as const]),
    );
    const { notes, more } = digestOf(ended(aCheck(0)), [seen(nodes)]);
    expect([notes.length, more, new Set(notes.map((n) => n.instanceId)).size]).toEqual([
      MAX_NOTES,
      MAX_NOTES,
      MAX_NOTES,
    ]);
  });

  it('fits into an item of the table with the longest notes', () => {
    const long: Partial<Reading> = {
      ...{ outcome: 'NotRepaired', reason: 'R'.repeat(64), nodegroup: 'n'.repeat(63), ami: `ami-${'0'.repeat(17)}` },
      ...{ evidence: { containerd: 'c'.repeat(300) }, detectedWithinSeconds: 100_000, since: START },
    };
    const nodes = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`i-${String(i).padStart(17, '0')}`, long]),
    );
    const digest = digestOf(ended(aRun(0)), [seen(nodes)]);
    expect(JSON.stringify(digest).length).toBeLessThan(400_000);
  });

  it('is of runs that have ended alone', () => {
    expect([hasEnded(ended(aRun(1))), hasEnded(aRun(1))]).toEqual([true, false]);
    expect(digestOf(ended(aRun(1)), [])).toMatchObject({ endedAt: at(60), end: 'Done', notes: [] });
  });
});
