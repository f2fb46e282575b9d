import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aCommand, aRun, at, DOCUMENT, LIMITS, nodes } from '../../test/support/runs.ts';
import { Limits } from '../model/policy.ts';
import { nodesToAsk } from './sending.ts';

/** How many nodes the next command of a run gets that has so many nodes under repair and so many that wait. */
const sizeOf = (run: { inFlight: number; pending: number; width: number }, limits = LIMITS): number => {
  const sizes = Array.from({ length: Math.ceil(run.inFlight / 50) }, (_, i) => Math.min(50, run.inFlight - 50 * i));
  const commands = sizes.map((size, i) =>
    aCommand({ key: `${i + 1}`, status: 'sent', instanceIds: nodes(size), size }),
  );
  const state = aRun(run.pending, { commands });
  const enough = Math.floor((run.width * limits.commandWindowPercent) / 100);
  const places = { free: run.width - run.inFlight, enough };
  const bounds = { documents: [DOCUMENT], places, isCanary: false, order: <T>(all: T) => all };
  return nodesToAsk(state, bounds, { now: at(0), limits }).length;
};

it.each([
  ['waits while less than 30 % of the window is free', { inFlight: 36, pending: 100, width: 50 }, 0],
  ['takes what is free from 30 % on', { inFlight: 35, pending: 100, width: 50 }, 15],
  ['takes the last nodes, however few', { inFlight: 48, pending: 2, width: 50 }, 2],
  ['waits until the last nodes have room together', { inFlight: 48, pending: 3, width: 50 }, 0],
  ['takes one node where the window is small', { inFlight: 4, pending: 100, width: 5 }, 1],
  ['takes one node as a canary', { inFlight: 0, pending: 100, width: 1 }, 1],
  [
    'takes what SSM takes in one command, however large the window is',
    { inFlight: 950, pending: 100, width: 1000 },
    50,
  ],
  ['takes nothing where nothing is free', { inFlight: 50, pending: 100, width: 50 }, 0],
])('a next command %s', (_, run, expected) => {
  expect(sizeOf(run)).toBe(expected);
});

it('a run with nothing under repair always sends, whatever the share', () => {
  const any = fc.record({ pending: fc.integer({ min: 1, max: 100 }), width: fc.integer({ min: 1, max: 100 }) });
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 50 }), (run, share, perCommand) => {
      const limits = Limits.parse({ commandWindowPercent: share, maxNodesPerCommand: perCommand });
      expect(sizeOf({ inFlight: 0, ...run }, limits)).toBe(Math.min(run.pending, run.width, perCommand));
    }),
  );
});
