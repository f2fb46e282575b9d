import { expect, it } from 'vitest';
import { at, LIMITS } from '../../test/support/runs.ts';
import { slotsFor } from '../runs/claims.ts';
import { ClusterState, salvagedCluster } from './cluster-state.ts';

const entry = { lane: 'demo/cri-dockerd', count: 2, until: at(600), runVersion: 4 };
const bounds = { until: at(900), budget: LIMITS.budgetMaxNodes };

it('a row in place of one that cannot be read keeps what is understood', () => {
  const row = {
    slots: { 'r-1': entry, 'r-2': { ...entry, count: 'two' } },
    disruptive: { lane: 'demo/cri-dockerd', runId: 'r-1' },
    waiting: 'no list',
  };
  const { slots, disruptive, waiting } = ClusterState.parse(salvagedCluster('demo', row, bounds));
  expect(Object.keys(slots)).toEqual(['r-1', 'unreadable']);
  expect(slots['r-1']).toEqual(entry);
  expect(disruptive).toEqual(row.disruptive);
  expect(waiting).toBeUndefined();
});

it.each([{}, { slots: 'none' }, { slots: [entry] }, { slots: null, disruptive: 3 }])(
  'it leaves no slot until every command has ended: %j',
  (row) => {
    const cluster = { ...salvagedCluster('demo', row, bounds), nodeCount: 5000 };
    expect(slotsFor(cluster, { runId: 'r-9', isDisruptive: false }, at(899), LIMITS)).toBe(0);
    expect(slotsFor(cluster, { runId: 'r-9', isDisruptive: false }, at(900), LIMITS)).toBe(LIMITS.budgetMaxNodes);
  },
);
