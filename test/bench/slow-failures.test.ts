import { expect, it } from 'vitest';
import { measureRepair } from './repair-runs.ts';

const CLUSTERS = 3;
const NODES = 20;
/** Two failed canaries open the breaker, and the run is over. */
const CANARIES_TO_OPEN = 2;

it.each([
  ['at once', 1000, 10],
  ['after 200 s', 200_000, 14],
])('a document that always fails %s reaches two canaries of each cluster', async (_, afterMs, patienceMinutes) => {
  const scene = { nodes: NODES, clusters: CLUSTERS, seed: 1, patienceMinutes } as const;
  const { reached, mostAtOnce, ends } = await measureRepair({ ...scene, failure: { share: 1, afterMs } });
  const failed = CANARIES_TO_OPEN * CLUSTERS;
  expect(reached).toBe(failed);
  expect(ends).toEqual({ NotRepaired: failed, 'Skipped BreakerOpen': NODES * CLUSTERS - failed });
  expect(mostAtOnce).toBeLessThanOrEqual(CLUSTERS);
});
