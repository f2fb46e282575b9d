import { CLUSTER, NODES, page } from './cli-answers.ts';

const durations = (...buckets: readonly number[]) => ({
  count: buckets.length,
  p50: 6,
  p95: 45,
  histogram: Object.fromEntries(buckets.map((bucket) => [String(bucket), 1])),
});
const numbers = (found: number) => ({
  ...{ found, repaired: found - 1, failed: 1, recurred: 0 },
  detectedWithin: durations(5, 10),
  repairedAfter: durations(5, 11),
});

/** A page of the query `summary`. */
export const summary = (over: object = {}) => ({
  ...page(
    {
      ...{
        kind: 'total',
        since: '2026-11-01T00:00:00.000Z',
        until: '2026-11-30T23:59:59.999Z',
        clusters: [CLUSTER, 'batch'],
      },
      ...numbers(63),
      ...{ runs: 2900, sweeps: 2880, sweepsStopped: 0, nodes: 450, people: [{ by: 'mei', requests: 3 }] },
      ...{ notActedOn: { OptedOut: 3, NotAllowed: 2 }, unreachable: 2, unknown: 0, unsupported: 1 },
    },
    { kind: 'group', by: 'reason', group: 'CNIConfigMissing', ...numbers(2) },
    { kind: 'group', by: 'reason', group: 'SandboxImageMissing', ...numbers(61) },
    { kind: 'worst-node', instanceId: NODES[0], cluster: CLUSTER, found: 4, repaired: 4, failed: 0, recurred: 3 },
  ),
  ...over,
});
