import { expect, it } from 'vitest';
import { cursorOf } from '../../../core/api/report.ts';
import { ALL_CLUSTERS, clusterScope, index, keys, shardOf, TABLE } from './keys.ts';

const NODE = 'i-0123456789abcdef0';
const TIME = '2026-08-22T10:00:00.000Z';

// Rows under another key are not found again: each line is a promise to rows that exist.
it('keeps the form of every key of the audit table', () => {
  expect({
    run: keys.run('r-1'),
    observation: keys.observation('r-1', '1'),
    results: keys.results('r-1'),
    result: keys.result('r-1', NODE),
    command: keys.command('c-1'),
    lane: keys.lane('demo/cni-files'),
    pendingNode: keys.pendingNode('demo/cni-files', NODE),
    queuedRun: keys.queuedRun('demo/cni-files', TIME, 'r-1'),
    cluster: keys.cluster('demo'),
    nodeState: keys.nodeState(NODE, 'cni-files'),
    nodeEvent: keys.nodeEvent(NODE, TIME, '1'),
    request: keys.request('q-1'),
    requestNodes: keys.requestNodes('q-1', 1),
    requestRun: keys.requestRun('q-1', 'r-1'),
    cancelledRequest: keys.cancelledRequest('demo/cni-files', 'q-1'),
    pause: [keys.pauses, keys.pause(ALL_CLUSTERS), keys.pause(clusterScope('demo'))],
    pauseEvent: keys.pauseEvent(TIME, '1'),
    trust: keys.trust('fleetmend-cni-files-repair-0123', 'demo'),
    tripped: keys.tripped('fleetmend-cni-files-repair-0123', 'demo'),
    unreadable: keys.unreadable(keys.cluster('demo'), TIME),
    rate: keys.rate('custom', '2026-08-22T10:00'),
    digest: [keys.digest(TIME, 'r-1'), keys.digests('2026-08-22')],
    prefixes: [
      keys.observationPrefix,
      keys.pendingNodePrefix,
      keys.cancelledPrefix,
      keys.queuedPrefix,
      keys.requestNodesPrefix,
      keys.requestRunPrefix,
      keys.pausePrefix,
    ],
  }).toEqual({
    run: { pk: 'RUN#r-1', sk: 'STATE' },
    observation: { pk: 'RUN#r-1', sk: 'COMMAND#1' },
    results: 'RESULT#r-1',
    result: { pk: 'RESULT#r-1', sk: 'i-0123456789abcdef0' },
    command: { pk: 'COMMAND#c-1', sk: 'COMMAND' },
    lane: { pk: 'LANE#demo/cni-files', sk: 'STATE' },
    pendingNode: { pk: 'LANE#demo/cni-files', sk: 'NODE#i-0123456789abcdef0' },
    queuedRun: { pk: 'LANE#demo/cni-files', sk: 'QUEUED#2026-08-22T10:00:00.000Z#r-1' },
    cluster: { pk: 'CLUSTER#demo', sk: 'STATE' },
    nodeState: { pk: 'NODE#i-0123456789abcdef0', sk: 'STATE#cni-files' },
    nodeEvent: { pk: 'NODE#i-0123456789abcdef0', sk: 'EVENT#2026-08-22T10:00:00.000Z#1' },
    request: { pk: 'REQUEST#q-1', sk: 'REQUEST' },
    requestNodes: { pk: 'REQUEST#q-1', sk: 'NODES#0001' },
    requestRun: { pk: 'REQUEST#q-1', sk: 'RUN#r-1' },
    cancelledRequest: { pk: 'LANE#demo/cni-files', sk: 'CANCELLED#q-1' },
    pause: ['PAUSES', { pk: 'PAUSES', sk: 'CURRENT#ALL' }, { pk: 'PAUSES', sk: 'CURRENT#CLUSTER#demo' }],
    pauseEvent: { pk: 'PAUSES', sk: 'EVENT#2026-08-22T10:00:00.000Z#1' },
    trust: { pk: 'TRUST#fleetmend-cni-files-repair-0123', sk: 'CLUSTER#demo' },
    tripped: { pk: 'TRUST#fleetmend-cni-files-repair-0123', sk: 'TRIPPED#demo' },
    unreadable: { pk: 'CLUSTER#demo', sk: 'UNREADABLE#STATE#2026-08-22T10:00:00.000Z' },
    rate: { pk: 'RATE#custom', sk: '2026-08-22T10:00' },
    digest: [{ pk: 'DAY#2026-08-22', sk: '2026-08-22T10:00:00.000Z#r-1' }, 'DAY#2026-08-22'],
    prefixes: ['COMMAND#', 'NODE#', 'CANCELLED#', 'QUEUED#', 'NODES#', 'RUN#', 'CURRENT#'],
  });
});

it('keeps the keys of the indexes, and their attributes', () => {
  expect([
    index.runsOf('demo'),
    index.node(NODE),
    index.outcome('demo', 'Repaired', 3),
    index.reasonDay('DiskFull', '2026-08-22', 3),
    index.open(1),
    index.quarantine,
    index.digestsOf('demo'),
    index.sweepsOf('demo'),
  ]).toEqual([
    'RUNS#demo',
    'NODE#i-0123456789abcdef0',
    'OUTCOME#demo#Repaired#3',
    'REASON#DiskFull#2026-08-22#3',
    'OPEN#1',
    'QUARANTINE',
    'DIGESTS#demo',
    'SWEEPS#demo',
  ]);
  expect(TABLE).toEqual({
    partitionKey: 'pk',
    sortKey: 'sk',
    timeToLive: 'expiresAt',
    byOwner: { name: 'byOwner', partitionKey: 'ownerPk', sortKey: 'ownerSk' },
    byOutcome: { name: 'byOutcome', partitionKey: 'outcomePk', sortKey: 'outcomeSk' },
    byReason: { name: 'byReason', partitionKey: 'reasonPk', sortKey: 'reasonSk' },
    byDue: { name: 'byDue', partitionKey: 'duePk', sortKey: 'dueSk' },
  });
});

it('keeps the shard of a text', () => {
  expect(['r-1', 'r-2', 'demo/cni-files', NODE].map((text) => shardOf(text, 8))).toEqual([3, 6, 3, 5]);
});

it('keeps the cursor of a query, which a caller may hold over a deployment', () => {
  const query = { query: 'runs', cluster: 'demo', limit: 100 } as const;
  const cursor = cursorOf(query, [{ pk: 'RUN#r-1', sk: 'STATE' }]);
  expect(atob(cursor)).toBe('{"v":1,"of":3906058390,"at":[{"pk":"RUN#r-1","sk":"STATE"}]}');
});
