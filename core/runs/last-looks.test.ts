import { describe, expect, it } from 'vitest';
import { aCheck, aQueuedCheck, at, because, node, nodes, START } from '../../test/support/runs.ts';
import { fnv1a } from '../model/hash.ts';
import { sweepRunId } from '../model/run-id.ts';
import { becausesOfLooks, sweepIdsBefore, sweepOf, unseenIn, withLastLooks } from './last-looks.ts';

const HALF_HOUR = 1800;
const sweepAt = (seconds: number) => sweepRunId(Date.parse(at(seconds)), fnv1a('demo'));
const why = because('sweep', { detectedWithinSeconds: HALF_HOUR });
const sweep = aQueuedCheck({ runId: sweepAt(0), because: why });
const seen = (seconds: number, ...ids: number[]) => ({
  startedAt: at(seconds),
  healthy: new Set(ids.map(node)),
  ailing: new Set<string>(),
});

describe('the sweeps before a sweep', () => {
  it('are those of its cluster, one interval apart', () => {
    expect(sweepIdsBefore(sweep, 2)).toEqual([sweepAt(-HALF_HOUR), sweepAt(-2 * HALF_HOUR)]);
    expect(sweepIdsBefore({ ...sweep, runId: `${sweep.runId}-2` }, 1)).toEqual([`${sweepAt(-HALF_HOUR)}-2`]);
  });

  it('are not known of a run that is no sweep, of another name, or of an unknown interval', () => {
    expect(sweepIdsBefore({ ...sweep, because: { ...why, kind: 'operator' } }, 2)).toEqual([]);
    expect(sweepIdsBefore({ ...sweep, because: because('sweep') }, 2)).toEqual([]);
    expect(sweepIdsBefore({ ...sweep, runId: 'r-other' }, 2)).toEqual([]);
  });

  it('are needed as long as a node was seen healthy in none', () => {
    expect(unseenIn(nodes(3), [])).toEqual(nodes(3));
    expect(unseenIn(nodes(3), [seen(-1800, 0), seen(-3600, 2)])).toEqual([node(1)]);
  });
});

describe('a sweep', () => {
  const planned = aCheck(3, { because: why });

  it('knows when each node was last seen healthy; of one that never was, the time between two sweeps', () => {
    const run = withLastLooks(planned, [seen(-1700, 0), seen(-3650.5, 1)], START);
    expect(run.because.detectedWithinSeconds).toBe(1700);
    expect(run.looks).toEqual([
      [node(1), 3651],
      [node(2), HALF_HOUR],
    ]);
    expect(becausesOfLooks(run, nodes(2))).toEqual({ [node(1)]: { ...why, detectedWithinSeconds: 3651 } });
  });

  it('knows which of its nodes were not healthy in the last one, and not those of which it had no answer', () => {
    const last = { ...seen(-1700, 0), ailing: new Set([node(2), node(9)]) };
    const run = withLastLooks(planned, [last, { ...seen(-3600), ailing: new Set([node(1)]) }], START);
    expect(run.ailing).toEqual([node(2)]);
  });

  it('keeps no list where its nodes were all healthy in the last one, which began at most now', () => {
    const run = withLastLooks(planned, [seen(5, 0, 1, 2)], START);
    expect(run).toEqual({ ...planned, because: { ...why, detectedWithinSeconds: 0 } });
    expect(becausesOfLooks(run, nodes(3))).toEqual({});
  });

  it('without an earlier one, or a known interval, stays as it is', () => {
    expect(withLastLooks(planned, [], START)).toBe(planned);
    const other = aCheck(1, { because: because('operator') });
    expect(withLastLooks(other, [seen(-9, 0)], START)).toBe(other);
    expect(becausesOfLooks(aQueuedCheck(), nodes(1))).toEqual({});
  });
});

it('a sweep in which a node did not answer leaves it as it was, until a later one finds it healthy', () => {
  const found = (healthy: readonly number[], ailing: readonly number[]) => ({
    healthy: new Set(healthy.map(node)),
    ailing: new Set(ailing.map(node)),
  });
  const broken = sweepOf({ startedAt: START }, found([1], [2]));
  expect([...broken.ailing]).toEqual([node(2)]);
  const silent = sweepOf({ startedAt: START, ailing: [...broken.ailing] }, found([1], []));
  expect([...silent.ailing]).toEqual([node(2)]);
  const well = sweepOf({ startedAt: START, ailing: [...silent.ailing] }, found([1, 2], [3]));
  expect([...well.ailing]).toEqual([node(3)]);
});
