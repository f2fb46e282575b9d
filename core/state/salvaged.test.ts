import { expect, it } from 'vitest';
import { at, node, START } from '../../test/support/runs.ts';
import { salvagedLane } from './lane-state.ts';
import { salvagedState } from './node-state.ts';
import { requestsIn } from './pending-node.ts';

const LANE = { lane: 'demo/cni', cluster: 'demo', remediation: 'cni' };

it('a lane that cannot be read keeps its run and what it knows of the registry, each as far as it is understood', () => {
  const registryHold = { until: at(60), holds: 1, runId: 'r-1', silentAt: START };
  expect(salvagedLane(LANE, { activeRunId: 'r-1', registryHold, registry: 7, version: 'x', news: 3 }, START)).toEqual({
    ...LANE,
    version: 0,
    activeRunId: 'r-1',
    registryHold,
    dueAt: START,
  });
  expect(salvagedLane(LANE, { activeRunId: 7, registryHold: { until: 'soon' } }, START)).toEqual({
    ...LANE,
    version: 0,
    dueAt: START,
  });
});

it('a pending node that cannot be read keeps the requests that want it', () => {
  expect(requestsIn({ requestIds: ['q-1'] })).toEqual({ requestIds: ['q-1'] });
  expect(requestsIn({ requestIds: 'q-1' })).toEqual({});
  expect(requestsIn({})).toEqual({});
});

it('the state of a node that cannot be read keeps its cluster and the time of its quarantine', () => {
  expect(salvagedState({ cluster: 'demo', quarantinedAt: START, attempts: 7 })).toEqual({
    cluster: 'demo',
    quarantinedAt: START,
  });
  expect(salvagedState({ cluster: 7, instanceId: node(1), quarantinedAt: 'once' })).toEqual({});
});
