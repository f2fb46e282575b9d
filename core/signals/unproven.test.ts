import { expect, it } from 'vitest';
import { at } from '../../test/support/runs.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { dayBudgetOf, takesFromDay } from './unproven.ts';

it.each([
  [50, 50],
  [100, 100],
  [33, 33],
  [0, 1],
])('a source that may send %i %% of the foreign signals has %i of the 100 results of a day', (percent, perSource) => {
  expect(dayBudgetOf({ foreignSourcePercent: percent })).toEqual({ perSource, perDay: 100 });
});

const waiting: PendingNode = {
  ...{ lane: 'demo/node-check', cluster: 'demo', instanceId: 'fargate-ip-10-0-1-2', reason: 'ForeignSymptom' },
  ...{ because: { kind: 'event' }, source: 'acme', firstSeenAt: at(0), lastSeenAt: at(0), signals: 1, version: 'v~1' },
};

it('a signal takes from the day where it leads to another result: no row of its node waits for one', () => {
  expect(takesFromDay(undefined)).toBe(true);
  expect(takesFromDay(waiting)).toBe(false);
  expect(takesFromDay({ ...waiting, decidedAt: at(10), notBefore: at(86_410) })).toBe(true);
});
