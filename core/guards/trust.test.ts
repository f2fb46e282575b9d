import { describe, expect, it } from 'vitest';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import type { Outcome } from '../model/outcome.ts';
import type { TrustRow } from '../state/trust-state.ts';
import {
  endOf,
  type Final,
  failedLast,
  isCanary,
  isStillTripped,
  isTripped,
  newTrust,
  type OpeningContext,
  openBreakerOf,
  openingOf,
  trippedAfter,
  unknownTrust,
  windowOf,
  withResults,
} from './trust.ts';

const DAY = 86_400;
const NOW = at(1000);

/** Results of distinct nodes, a second apart: `r` repaired, `f` failed, `o` other; a capital letter is a canary's. */
const finals = (ends: string, from = 0, firstNode = 0): Final[] =>
  [...ends].map((letter, i) => ({
    instanceId: node(firstNode + i),
    runId: 'r-1',
    at: at(from + i),
    end: ({ r: 'repaired', f: 'failed', o: 'other' } as const)[letter.toLowerCase() as 'r' | 'f' | 'o'],
    isCanary: letter !== letter.toLowerCase(),
  }));
const trustOf = (ends: string, over: Partial<TrustRow> = {}, now = NOW): TrustRow =>
  withResults({ ...newTrust('doc', 'demo'), ...over }, finals(ends), now);
const opening = (trust: TrustRow, clusterNodes = 100, now = NOW, over: Partial<OpeningContext> = {}) =>
  openingOf(trust, { runId: 'r-9', clusterNodes, openElsewhere: 0, ...over }, now, LIMITS);
const context = (over = {}) => ({ budget: 50, nodesToRepair: 100, openElsewhere: 0, ...over });

it.each<[Outcome, string | undefined, Final['end']]>([
  ['Repaired', undefined, 'repaired'],
  ['Relapsed', undefined, 'repaired'],
  ['Healthy', undefined, 'other'],
  ['NotRepaired', 'SandboxImageMissing', 'failed'],
  ['NotRepaired', 'DiskFull', 'other'],
  ['TimedOut', 'ExecutionTimedOut', 'failed'],
  ['TimedOut', undefined, 'other'],
  ['Unreachable', undefined, 'other'],
])('%s for %s shows of the document: %s', (outcome, reason, expected) => {
  expect(endOf({ outcome, reason }, new Set(['DiskFull']))).toBe(expected);
});

it('a document without results has none, and is trusted with one canary', () => {
  expect(newTrust('doc', 'demo')).toEqual({ document: 'doc', cluster: 'demo', version: 0, results: [] });
  expect(windowOf(newTrust('doc', 'demo'), context(), NOW, LIMITS)).toBe(1);
});

describe('results', () => {
  it('are kept newest first, each node once, without those that show nothing', () => {
    const first = withResults(newTrust('doc', 'demo'), finals('Rof'), NOW);
    expect(first.results.map((r) => [r.instanceId, r.end])).toEqual([
      [node(2), 'failed'],
      [node(0), 'repaired'],
    ]);
    const again: Final = { instanceId: node(0), runId: 'r-2', at: at(9), end: 'failed', isCanary: false };
    const second = withResults(first, [again], NOW);
    expect(second.results).toEqual([again, first.results[0]]);
  });

  it('of one moment that contradict each other count as the failure of the canary', () => {
    const [repaired, failed] = [...finals('r'), ...finals('f')] as [Final, Final];
    const canary = { ...failed, isCanary: true };
    const repairedCanary = { ...repaired, isCanary: true };
    for (const [expected, ...order] of [
      [canary, repaired, failed, canary],
      [canary, canary, failed, repaired],
      [failed, repairedCanary, failed, repaired],
      [failed, failed, repaired, repairedCanary],
      [repairedCanary, repaired, repairedCanary],
    ]) {
      expect(withResults(newTrust('doc', 'demo'), order, NOW).results).toEqual([expected]);
    }
  });

  it('end after a day, and the oldest ones where there are more than 64', () => {
    expect(trustOf('rr', {}, at(DAY - 1)).results).toHaveLength(2);
    expect(trustOf('rr', {}, at(DAY)).results.map((r) => r.at)).toEqual([at(1)]);
    const many = trustOf('r'.repeat(70));
    expect(many.results).toHaveLength(64);
    expect(many.results.at(-1)?.at).toBe(at(6));
  });
});

describe('a window', () => {
  it.each<[string, string, object, number]>([
    ['at first', '', {}, 1],
    ['after two of three canaries', 'RR', {}, 1],
    ['after three canaries', 'RRR', {}, 4],
    ['after canaries, of which one failed', 'RFR', {}, 1],
    ['and every repaired node after them', 'RRRrr', {}, 6],
    ['and not for those that show nothing', 'RRRooo', {}, 4],
    ['up to the budget', 'RRRrrrrrrr', { budget: 5 }, 5],
    ['of one node to repair, at first', '', { nodesToRepair: 1 }, 1],
    ['of two nodes, after one', 'R', { nodesToRepair: 1 }, 2],
    ['without a node to repair, at first', '', { nodesToRepair: 0 }, 1],
    ['with the breaker open in one other cluster', 'RRRr', { openElsewhere: 1 }, 5],
    ['with the breaker open in two other clusters', 'RRRr', { openElsewhere: 2 }, 1],
    ['without a budget', 'RRR', { budget: 0 }, 0],
  ])('%s', (_, ends, over, expected) => {
    expect(windowOf(trustOf(ends), context(over), NOW, LIMITS)).toBe(expected);
  });

  it('starts again a day after the results', () => {
    const trust = trustOf('RRRr');
    expect(windowOf(trust, context(), at(DAY - 1), LIMITS)).toBe(5);
    expect(windowOf(trust, context(), at(DAY + 3), LIMITS)).toBe(1);
  });

  it('is for canaries until they are repaired, and where other clusters have an open breaker', () => {
    expect(isCanary(trustOf('RR'), context(), NOW, LIMITS)).toBe(true);
    expect(isCanary(trustOf('RRR'), context(), NOW, LIMITS)).toBe(false);
    expect(isCanary(trustOf('RRR'), context({ openElsewhere: 2 }), NOW, LIMITS)).toBe(true);
    expect(isCanary(trustOf('R'), context({ nodesToRepair: 1 }), NOW, LIMITS)).toBe(false);
  });
});

describe('a breaker opens', () => {
  it.each<[string, string, number, boolean]>([
    ['at no failure', 'RRRrrr', 100, false],
    ['not at one canary', 'F', 100, false],
    ['at two canaries', 'FF', 100, true],
    ['at two canaries with a repaired one between them', 'FRF', 100, true],
    ['at two canaries of five nodes, of which three are repaired', 'FRRRF', 100, true],
    ['not at two canaries of ten: 20 %', `FF${'r'.repeat(8)}`, 100, false],
    ['not at two failures that are no canaries', 'ff', 100, false],
    ['not at a canary and another failure', 'Ff', 100, false],
    ['at three of three', 'fff', 100, true],
    ['at three of 14', `fff${'r'.repeat(11)}`, 100, true],
    ['not at three of 15: 20 %', `fff${'r'.repeat(12)}`, 100, false],
    ['not at four of 20', `ffff${'r'.repeat(16)}`, 100, false],
    ['at five of 20', `fffff${'r'.repeat(15)}`, 100, true],
    ['not at five of which four are among the last 20', `fffff${'r'.repeat(16)}`, 100, false],
    ['not for results that show nothing', 'OOOOO', 100, false],
    ['at two in a cluster of nine nodes', 'ff', 9, true],
    ['at one in a cluster of nine nodes: no', 'f', 9, false],
    ['at two in a cluster of ten nodes: no', 'ff', 10, false],
  ])('%s', (_, ends, clusterNodes, expected) => {
    expect(opening(trustOf(ends), clusterNodes) !== undefined).toBe(expected);
  });

  it('for 8 s, in the name of the run, and not again while it is open', () => {
    const breaker = opening(trustOf('FF'));
    expect(breaker).toEqual({
      ...{ openedAt: NOW, openUntil: at(1008), openings: 1, step: 1, runId: 'r-9' },
      nodes: [node(1), node(0)],
    });
    const opened = { ...trustOf('FFfff'), breaker };
    expect(openBreakerOf(opened, at(1007))).toBe(breaker);
    expect(windowOf(opened, context(), at(1007), LIMITS)).toBe(0);
    expect(opening(opened, 100, at(1007))).toBeUndefined();
    // The clock of the function that observed these results is ahead.
    const ahead = withResults(opened, finals('FF', 1016, 20), at(1007));
    expect(opening(ahead, 100, at(1007))).toBeUndefined();
    expect(openBreakerOf(opened, at(1008))).toBeUndefined();
    expect(windowOf(opened, context(), at(1008), LIMITS)).toBe(1);
  });

  it('for longer where more canaries failed, or other clusters have had the same', () => {
    const secondsOf = (ends: string, openElsewhere = 0) =>
      (Date.parse(opening(trustOf(ends), 100, NOW, { openElsewhere })?.openUntil ?? '') - Date.parse(NOW)) / 1000;
    expect(['FF', 'FFF', 'FFFF', 'fff', 'FFff'].map((ends) => secondsOf(ends))).toEqual([8, 64, 512, 8, 8]);
    expect([1, 2, 9].map((openElsewhere) => secondsOf('FF', openElsewhere))).toEqual([8, 512, 512]);
    expect(secondsOf('FFFFF', 2)).toBe(4096);
  });

  const opened = { openedAt: at(6), openUntil: at(900), openings: 2, runId: 'r-1' };
  const known = { ...opened, step: 1, nodes: [node(50), node(51)] };
  const results = (ends: string, from = 901, now = at(2000)): TrustRow =>
    withResults({ ...trustOf('FFrrrr'), breaker: opened }, finals(ends, from, 50), now);

  it('not again by what was sent before it, whenever that ends within the open time', () => {
    expect(opening(results('fffff', 890), 100, at(901))).toBeUndefined();
    expect(windowOf(results('', 890), context(), at(901), LIMITS)).toBe(1);
    expect(opening(results('F', 900), 100, at(2000))).toBeUndefined();
  });

  it('not by nodes that had failed before it', () => {
    expect(opening({ ...results('FF'), breaker: known }, 9, at(2000))).toBeUndefined();
    expect(isTripped({ ...results('FF'), breaker: known }, at(2000), LIMITS)).toBe(true);
    expect(opening({ ...results('FFF'), breaker: known }, 100, at(2000))).toMatchObject({
      ...{ openings: 3, step: 2 },
      nodes: [node(52), ...known.nodes],
    });
  });

  it('again at one failed canary, a step longer, until a full set of canaries is repaired', () => {
    expect(opening(results('F'), 100, at(2000))).toEqual({
      openedAt: at(2000),
      openUntil: at(2000 + 512),
      openings: 3,
      step: 3,
      nodes: [node(50)],
      runId: 'r-9',
    });
    expect(opening(results('RRF'), 100, at(2000))?.openings).toBe(3);
    expect(opening(results('FRRR'), 100, at(2000))?.openings).toBe(3);
    const third = finals('R', 903, 60);
    const sameMoment = withResults(results('RRF'), third, at(2000));
    expect(opening(sameMoment, 100, at(2000))?.openings).toBe(3);
    expect(opening(results('RRRF'), 100, at(2000))).toBeUndefined();
    expect(opening(results('f'), 100, at(2000))).toBeUndefined();
  });

  it('for 8 s again once it had closed', () => {
    expect(isTripped(results('RR'), at(2000), LIMITS)).toBe(true);
    expect(isTripped(results('RRR'), at(2000), LIMITS)).toBe(false);
    expect(opening(results('RRRFF'), 100, at(2000))).toMatchObject({ openings: 1, openUntil: at(2008) });
  });

  it('as for the first time a day after its open time', () => {
    const later = at(900 + DAY);
    expect(isTripped(results(''), at(899 + DAY), LIMITS)).toBe(true);
    expect(isTripped(results(''), later, LIMITS)).toBe(false);
    expect(opening(results('F', 900 + DAY - 5, later), 100, later)).toBeUndefined();
    expect(opening(results('FF', 900 + DAY - 5, later), 100, later)?.openings).toBe(1);
  });
});

it('nodes on which the document failed are sent to last, in their order otherwise', () => {
  const ids = [0, 1, 2, 3, 4].map((n) => ({ instanceId: node(n) }));
  expect(failedLast(trustOf('frf'), ids)).toEqual([1, 3, 4, 0, 2].map((n) => ids[n]));
});

it('a row in place of one that cannot be read has an open breaker, and canaries after it', () => {
  const trust = unknownTrust('d', 'demo', at(0), LIMITS);
  expect(openBreakerOf(trust, at(511))).toEqual({ openedAt: at(0), openUntil: at(512), openings: 1, step: 3 });
  expect(openBreakerOf(trust, at(512))).toBeUndefined();
  expect(isCanary(trust, { nodesToRepair: 40, openElsewhere: 0 }, at(512), LIMITS)).toBe(true);
});

describe('what other clusters know of a breaker', () => {
  const breaker = { openedAt: at(0), openUntil: at(900), openings: 1 };
  const open = trustOf('FF', { breaker });
  const row = { document: 'doc', cluster: 'demo', openUntil: at(900), isTripped: true };

  it('is told when it opens, opens again and closes, and at no other change', () => {
    expect(trippedAfter(trustOf('rr'), trustOf('rrr'), NOW, LIMITS)).toBeUndefined();
    expect(trippedAfter(trustOf('F'), open, NOW, LIMITS)).toEqual(row);
    const again = { ...open, breaker: { ...breaker, openUntil: at(1800), openings: 2 } };
    expect(trippedAfter(open, again, NOW, LIMITS)).toEqual({ ...row, openUntil: at(1800) });
    expect(trippedAfter(open, { ...open, version: 2 }, NOW, LIMITS)).toBeUndefined();
    const closed = withResults(open, finals('RRR', 901, 10), at(1000));
    expect(trippedAfter(open, closed, at(1000), LIMITS)).toEqual({ ...row, isTripped: false });
  });

  it('is forgotten a day after the open time', () => {
    expect(isStillTripped(row, at(899 + DAY))).toBe(true);
    expect(isStillTripped(row, at(900 + DAY))).toBe(false);
    expect(isStillTripped({ ...row, isTripped: false }, NOW)).toBe(false);
  });
});
