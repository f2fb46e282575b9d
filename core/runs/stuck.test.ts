import { expect, it } from 'vitest';
import { testSettings } from '../../test/support/settings.ts';
import { newLane } from './lane.ts';
import { isStuck, stuckRecord, withFailure } from './stuck.ts';

const NOW = '2026-08-22T10:00:00.000Z';
const seen = { message: 'no', newRunId: 'r-2', rules: testSettings(), now: NOW };

it('counts the failures of a group from the first one, and ends its run at the fifth', () => {
  let failures = withFailure(undefined, 'first', NOW);
  expect(failures).toEqual({ count: 1, firstAt: NOW, message: 'first' });
  for (let n = 2; n <= 4; n++) failures = withFailure(failures, 'x'.repeat(9000), '2026-08-22T10:05:00.000Z');
  expect([failures.firstAt, failures.message.length, isStuck({ failures }), isStuck({})]).toEqual([
    NOW,
    600,
    false,
    false,
  ]);
  expect(isStuck({ failures: withFailure(failures, 'fifth', NOW) })).toBe(true);
});

it('hands back the nodes of a repair that cannot be read under their request, and those of a check to none', () => {
  const salvaged = { requestId: 'q-1', instanceIds: ['i-00000000000000001'] };
  const kinds = (lane: string, known: typeof salvaged | undefined) =>
    stuckRecord({ ...seen, lane: newLane(lane), salvaged: known }, 'r-1').outbox.map(({ kind }) => kind);
  expect(kinds('demo/pause-image', salvaged)).toEqual(['enqueue', 'notice']);
  expect(kinds('demo/pause-image', undefined)).toEqual(['notice']);
  expect(kinds('demo/node-check', salvaged)).toEqual(['notice']);
  const [entry] = stuckRecord({ ...seen, lane: newLane('demo/pause-image'), salvaged }, 'r-1').outbox;
  expect(entry).toMatchObject({ kind: 'enqueue', requestIds: ['q-1'], nodes: [['i-00000000000000001', NOW]] });
});
