import { expect, it } from 'vitest';
import { isDeep } from '../deep.ts';
import { sampleOf } from '../support/sample.ts';
import { measureRepair } from './repair-runs.ts';

const CLUSTERS = isDeep ? 3 : 2;
const NODES = 20;
/** A tenth of a cluster. */
const BUDGET = 2;
/** Two failed canaries open the breaker; each further one opens it for eight times as long, 8 s at first. */
const [FEWEST, MOST] = [2, 5];

const FAILURES = [
  ['at once', 1000, 10],
  ['after 200 s', 200_000, 14],
] as const;

it.each(sampleOf('documents that always fail', FAILURES, 1))(
  'a document that always fails %s reaches at most five canaries of each cluster',
  async (_, afterMs, patienceMinutes) => {
    const scene = { nodes: NODES, clusters: CLUSTERS, seed: 1, patienceMinutes } as const;
    const { reached, mostAtOnce, ends } = await measureRepair({ ...scene, failure: { share: 1, afterMs } });
    console.info(`reached ${reached}, at once ${mostAtOnce}, ends ${JSON.stringify(ends)}`);
    expect(reached).toBeGreaterThanOrEqual(FEWEST * CLUSTERS);
    expect(reached).toBeLessThanOrEqual(MOST * CLUSTERS);
    expect(ends).toEqual({ NotRepaired: reached, 'Skipped BreakerOpen': NODES * CLUSTERS - reached });
    expect(mostAtOnce).toBeLessThanOrEqual(BUDGET * CLUSTERS);
  },
);
