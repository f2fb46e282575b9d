import { expect, it } from 'vitest';
import { START } from '../../test/support/runs.ts';
import { RunDigest } from '../state/run-digest.ts';
import { measuresOf } from './run-measures.ts';

const digest = (over: Partial<RunDigest>): RunDigest =>
  RunDigest.parse({
    ...{ runId: 'r-1', requestId: 'r-1', cluster: 'demo', remediation: 'pause-image', action: 'repair' },
    ...{ because: 'log', createdAt: START, endedAt: START, end: 'Done', counts: {}, notes: [] },
    ...over,
  });
const note = { instanceId: 'i-00000001', at: START, outcome: 'Repaired', remediation: 'pause-image' } as const;

it('of a repair are the ends of its nodes, and how long each repair took', () => {
  const counts = { Repaired: 2, NotRepaired: 1, OptedOut: 4 };
  const notes = [{ ...note, repairedAfter: 6 }, { ...note, repairedAfter: 41 }, note];
  expect(measuresOf(digest({ counts, notes }))).toEqual([
    { name: 'NodesNotRepaired', unit: 'Count', value: 1 },
    { name: 'NodesRepaired', unit: 'Count', value: 2 },
    { name: 'SecondsToRepair', unit: 'Seconds', value: 6 },
    { name: 'SecondsToRepair', unit: 'Seconds', value: 41 },
  ]);
});

it('of a sweep are the nodes that it looked at, and those that do not work, none too', () => {
  const sweep = { action: 'check', because: 'sweep', remediation: 'node-check' } as const;
  const counts = { Healthy: 7, Broken: 2, Unreachable: 1, Unsupported: 1, Gone: 3 };
  expect(measuresOf(digest({ ...sweep, counts }))).toEqual([
    { name: 'NodesSwept', unit: 'Count', value: 11 },
    { name: 'NodesBroken', unit: 'Count', value: 4 },
  ]);
  expect(measuresOf(digest({ ...sweep, counts: { Healthy: 7 } }))).toContainEqual(
    expect.objectContaining({ name: 'NodesBroken', value: 0 }),
  );
});

it('of another check are none: it has seen a few nodes only', () => {
  expect(measuresOf(digest({ action: 'check', because: 'operator', counts: { Broken: 1 } }))).toEqual([]);
});
