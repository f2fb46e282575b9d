import { describe, expect, it } from 'vitest';
import { anEndedRun, aQueuedRun, aRun, at, START } from '../../test/support/runs.ts';
import { isStuckEnd, RunState, startOf, stopOf } from './run-state.ts';

const stopBy = (reason: string) => ({ stopped: { reason, at: at(5) } });
const HINDRANCES = ['BreakerOpen', 'Paused', 'Yielded', 'CommandRefused', 'DocumentRefused', 'NotAllowed'];

describe('a stored run', () => {
  const isRun = (row: object) => RunState.safeParse(row).success;

  it.each(HINDRANCES)('may be stopped by %s while it is at work, and ends as stopped only', (reason) => {
    expect(isRun({ ...aRun(0), ...stopBy(reason) })).toBe(true);
    const ends = ['Done', 'Stopped', 'Cancelled', 'Stuck'];
    // One that is done has nothing that stopped it: what a later version may store there is kept, and not understood.
    expect(ends.filter((end) => isRun({ ...anEndedRun(), end, ...stopBy(reason) }))).toEqual(['Done', 'Stopped']);
  });

  it('that is cancelled ends so, and one at work never is stuck', () => {
    expect(isRun({ ...aRun(0), ...stopBy('Cancelled') })).toBe(true);
    expect(isRun({ ...anEndedRun(), end: 'Cancelled', ...stopBy('Cancelled') })).toBe(true);
    expect(isRun({ ...anEndedRun(), end: 'Stopped', ...stopBy('Cancelled') })).toBe(false);
    expect(isRun({ ...aRun(0), ...stopBy('Stuck') })).toBe(false);
    expect(isRun({ ...anEndedRun(), end: 'Stuck', ...stopBy('Stuck') })).toBe(true);
  });

  it('is not understood where its status lacks what belongs to it, or is none', () => {
    const { startedAt, ...unplanned } = aRun(0);
    const { endedAt, ...endless } = anEndedRun();
    const { end, ...undecided } = anEndedRun();
    expect([unplanned, endless, undecided, { ...aRun(0), status: 'asleep' }].map(isRun)).toEqual(Array(4).fill(false));
    expect(isRun({ ...anEndedRun(), end: 'Stopped' })).toBe(false);
    expect(isRun({ ...anEndedRun(), end: 'Bored' })).toBe(false);
    expect(isRun({ ...aRun(0), ...stopBy('Bored') })).toBe(false);
  });
});

it('the start of a run is that of its plan, or of its request', () => {
  expect(startOf(aRun(0, { createdAt: at(-9) }))).toBe(START);
  expect(startOf(aQueuedRun({ createdAt: at(-9) }))).toBe(at(-9));
  const { startedAt, ...unplanned } = anEndedRun({ createdAt: at(-9) });
  expect(startOf(unplanned)).toBe(at(-9));
});

it('what stopped a run is told of each that something stopped', () => {
  expect([aQueuedRun(), aRun(0), anEndedRun()].map(stopOf)).toEqual([undefined, undefined, undefined]);
  const stopped = { reason: 'Paused', at: at(5) } as const;
  expect(stopOf(aRun(0, { stopped }))).toEqual(stopped);
  expect(stopOf(anEndedRun({ end: 'Stopped', stopped }))).toEqual(stopped);
});

it('a run is stuck only at its end', () => {
  const stuck = anEndedRun({ end: 'Stuck', stopped: { reason: 'Stuck', at: at(5) } });
  expect([aQueuedRun(), aRun(0), anEndedRun(), stuck].map(isStuckEnd)).toEqual([false, false, false, true]);
});
