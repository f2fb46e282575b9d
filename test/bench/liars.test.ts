import { beforeAll, describe, expect, it } from 'vitest';
import { synthScene } from '../e2e/support.ts';
import { sampleOf } from '../support/sample.ts';
import { type LieFigures, measureLie } from './liar-runs.ts';
import { CLUSTER, liesOf, TRUTH } from './lies.ts';

const SIZE = { honest: 5, healthy: 25, patienceMinutes: 30 } as const;
/** Log lines alone send so many nodes of a lane to a repair. */
const CALM_NODES = 3;
/** Honest repairs may wait twice their time. The waits that a lie must not cause are of minutes: cool-downs, holds, breakers. */
const TIMES = 2;
const SLACK_SECONDS = 60;
/** A check of a node is sent in so many documents at most. */
const MAX_PARTS = 4;

/** A busy machine computes for minutes, whatever the lie. */
const waitOf = ({ seconds, machineSeconds }: LieFigures): number =>
  seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, seconds - machineSeconds);

const assembly = synthScene([{ name: CLUSTER }]);
let truth: LieFigures;
beforeAll(async () => {
  truth = await measureLie(assembly, TRUTH, SIZE);
});

it('without a lie, all broken nodes are repaired, and no healthy one is sent anything', () => {
  expect(truth).toMatchObject({ seconds: expect.any(Number), checksOfHealthy: 0, repairsOfHealthy: 0 });
});

describe('honest repairs take at most twice their time', () => {
  const told = liesOf(100).filter(({ liars }) => liars === undefined);
  it.each(sampleOf('lies in logs', told, 1))('in spite of $name', async (lie) => {
    const figures = await measureLie(assembly, lie, SIZE);
    console.info(`a lie: ${JSON.stringify(figures)}`);
    expect(waitOf(figures)).toBeLessThanOrEqual(TIMES * waitOf(truth) + SLACK_SECONDS);
    expect(figures.repairsOfHealthy).toBeLessThanOrEqual(CALM_NODES);
    expect(figures.checksOfHealthy).toBeLessThanOrEqual(Math.min(lie.reaches, SIZE.healthy) * MAX_PARTS);
    expect(figures.inventedRows).toBe(0);
  });
});
