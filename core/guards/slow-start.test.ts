import { expect, it } from 'vitest';
import { aCheck, aCommand, aRun, LIMITS } from '../../test/support/runs.ts';
import type { RunState } from '../state/run-state.ts';
import { attributableFailuresOf, mustOpenBreaker, windowOf } from './slow-start.ts';

const withCounts = (...counts: NonNullable<RunState['commands'][number]['counts']>[]): RunState =>
  aRun(0, {
    commands: counts.map((c, i) => aCommand({ key: String(i), status: 'closed', instanceIds: [], counts: c })),
  });

it.each<[RunState, number]>([
  [withCounts(), 1],
  [withCounts({ Repaired: 2 }), 1],
  [withCounts({ Repaired: 3 }), 4],
  [withCounts({ Repaired: 1 }, { Healthy: 1 }, { Relapsed: 1 }), 3],
  [withCounts({ Healthy: 9 }), 1],
  [withCounts({ NotRepaired: 1, Unreachable: 9 }), 1],
  [withCounts({ Repaired: 400 }), 50],
  [{ ...withCounts({ Repaired: 5 }), startWindow: 10 }, 15],
  [{ ...withCounts(), startWindow: 10, canaries: 0 }, 10],
  [aCheck(3), 1000],
])('%#: the window', (run, expected) => {
  expect(windowOf(run, LIMITS)).toBe(expected);
});

it.each<[string, { size: number; attributableFailures: number }[], number, boolean]>([
  ['no failure', [{ size: 50, attributableFailures: 0 }], 0, false],
  ['one failure', [{ size: 50, attributableFailures: 1 }], 0, false],
  ['two failures in one window', [{ size: 50, attributableFailures: 2 }], 0, true],
  [
    'two failures in two windows',
    [
      { size: 1, attributableFailures: 1 },
      { size: 1, attributableFailures: 1 },
    ],
    0,
    true,
  ],
  ['one, and one of the lane', [{ size: 1, attributableFailures: 1 }], 1, true],
])('%s', (_, commands, priorAttributableFailures, expected) => {
  const run = aRun(0, {
    priorAttributableFailures,
    commands: commands.map((c, i) => aCommand({ key: String(i), status: 'closed', instanceIds: [], ...c })),
  });
  expect(mustOpenBreaker(run, LIMITS)).toBe(expected);
  expect(attributableFailuresOf(run)).toBe(
    priorAttributableFailures + commands.reduce((n, c) => n + c.attributableFailures, 0),
  );
});

it('a higher count leaves the share of a window to decide', () => {
  const limits = { ...LIMITS, attributableFailuresToOpenBreaker: 100 };
  const of = (size: number, attributableFailures: number) =>
    mustOpenBreaker(
      aRun(0, { commands: [aCommand({ status: 'closed', instanceIds: [], size, attributableFailures })] }),
      limits,
    );
  expect(of(10, 2)).toBe(false);
  expect(of(10, 3)).toBe(true);
  expect(of(4, 4)).toBe(false);
  // Five nodes are the smallest window whose share counts.
  expect(of(5, 1)).toBe(false);
  expect(of(5, 2)).toBe(true);
});
