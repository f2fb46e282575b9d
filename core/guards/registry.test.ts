import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, LIMITS, node } from '../../test/support/runs.ts';
import type { RegistryHold } from '../state/lane-state.ts';
import type { ResultRow } from '../state/results.ts';
import {
  holdAfterNews,
  isSameNews,
  NO_NEWS,
  type RegistryWord,
  registryWord,
  silentLast,
  unexplained,
  withWords,
} from './registry.ts';

const DAY = 86_400;
const silent = (n: number, seconds: number): RegistryWord => ({
  instanceId: node(n),
  at: at(seconds),
  registry: 'silent',
});
const answers = (n: number, seconds: number): RegistryWord => ({ ...silent(n, seconds), registry: 'answers' });
const newsOf = (words: readonly RegistryWord[], seconds = 1000) => withWords(NO_NEWS, words, at(seconds));
const suspects = (...words: RegistryWord[]): readonly string[] =>
  unexplained(newsOf(words))
    .map(([id]) => id)
    .toSorted();

describe('the answer of the registry, by a result', () => {
  type RegistryCase = [string, Pick<ResultRow, 'action' | 'outcome' | 'reason' | 'method'>, string | undefined];
  it.each<RegistryCase>([
    [
      'a repair that got no answer',
      { action: 'repair', outcome: 'NotRepaired', reason: 'RegistryUnreachable' },
      'silent',
    ],
    ['a repair that was refused', { action: 'repair', outcome: 'NotRepaired', reason: 'RegistryDenied' }, 'answers'],
    [
      'a repair of an image that is not there',
      { action: 'repair', outcome: 'NotRepaired', reason: 'RegistryImageNotFound' },
      'answers',
    ],
    ['a repair for another reason', { action: 'repair', outcome: 'NotRepaired', reason: 'DiskFull' }, undefined],
    ...['unit', 'ecr', 'fetch', 'mirror', 'pull', 'login'].map(
      (method): RegistryCase => [
        `an image by the method ${method}, which asks a registry`,
        { action: 'repair', outcome: 'Repaired', method },
        'answers',
      ],
    ),
    ['an image from a mirror', { action: 'repair', outcome: 'Relapsed', method: 'mirror' }, 'answers'],
    ['an image from the node itself', { action: 'repair', outcome: 'Repaired', method: 'tag' }, undefined],
    ['a check', { action: 'check', outcome: 'Broken', reason: 'RegistryUnreachable' }, undefined],
  ])('%s', (_, row, expected) => {
    expect(registryWord(row)).toBe(expected);
  });
});

describe('an answer', () => {
  const answered = (...words: RegistryWord[]) => newsOf(words).answered;

  it('of a node is replaced by a newer one alone, in whatever order they are told', () => {
    const newest = [{ instanceId: node(1), at: at(5) }];
    expect(answered(answers(1, 5), answers(1, 3))).toEqual(newest);
    expect(answered(answers(1, 3), answers(1, 5))).toEqual(newest);
  });

  it('of one moment is kept by the id of its node, in whatever order they are told', () => {
    const kept = [1, 2].map((n) => ({ instanceId: node(n), at: at(5) }));
    expect(answered(answers(3, 5), answers(2, 5), answers(1, 5))).toEqual(kept);
    expect(answered(answers(1, 5), answers(2, 5), answers(3, 5))).toEqual(kept);
  });
});

describe('a silent node', () => {
  it.each<[string, readonly RegistryWord[], readonly number[]]>([
    ['alone may show that the registry is silent', [silent(1, 1)], [1]],
    ['does so if the answer to another is older', [answers(2, 1), silent(1, 2)], [1]],
    ['is its own trouble if another has an answer after it', [silent(1, 1), answers(2, 2)], []],
    ['is its own trouble if another has one at the same time', [silent(1, 1), answers(2, 1)], []],
    ['stays so when it is silent again', [silent(1, 1), answers(2, 2), silent(1, 3)], []],
    ['may show it again after an answer of its own', [silent(1, 1), answers(2, 2), answers(1, 3), silent(1, 4)], [1]],
    ['is not silent any more after an answer', [silent(1, 1), answers(1, 2)], []],
    ['is not explained by its own answer before', [answers(1, 1), silent(1, 2), silent(2, 2)], [1, 2]],
    [
      'is explained by the answer before the last one too',
      [silent(1, 1), answers(2, 2), answers(1, 3), silent(3, 1)],
      [],
    ],
  ])('%s', (_, words, expected) => {
    expect(suspects(...words)).toEqual(expected.map(node));
  });

  it('was silent from the first to the last time, in whatever order they are told', () => {
    const times = { first: at(1), last: at(9) };
    expect(newsOf([silent(1, 5), silent(1, 9), silent(1, 1)]).silent).toEqual({ [node(1)]: times });
  });

  it('is forgotten after a day, and its first silence too', () => {
    const news = withWords(NO_NEWS, [silent(1, 0), silent(2, 0), silent(2, 600)], at(DAY - 1));
    expect(news.silent).toEqual({
      [node(1)]: { first: at(0), last: at(0) },
      [node(2)]: { first: at(0), last: at(600) },
    });
    expect(withWords(news, [], at(DAY)).silent).toEqual({ [node(2)]: { first: at(600), last: at(600) } });
  });

  it('is one of 64, the newest', () => {
    const news = newsOf(Array.from({ length: 70 }, (_, n) => silent(n, n)));
    expect(Object.keys(news.silent).toSorted()).toEqual(Array.from({ length: 64 }, (_, n) => node(n + 6)).toSorted());
  });

  it('tries the registry last, that which was silent longest ago first', () => {
    const news = newsOf([silent(1, 30), silent(3, 10)]);
    const ids = [1, 2, 3, 4].map((n) => ({ instanceId: node(n) }));
    expect(silentLast(news, ids).map((n) => n.instanceId)).toEqual([2, 4, 3, 1].map(node));
  });
});

it('the words of a run may be added again, in any order', () => {
  const Word = fc.record({
    instanceId: fc.nat(8).map(node),
    at: fc.integer({ min: 1, max: 900 }).map(at),
    registry: fc.constantFrom('silent' as const, 'answers' as const),
  });
  const Run = fc.uniqueArray(Word, { selector: (word) => word.instanceId, maxLength: 9 });
  fc.assert(
    fc.property(Run, fc.array(fc.nat(8), { maxLength: 20 }), (words, again) => {
      const once = newsOf(words);
      let news = NO_NEWS;
      for (const word of words.toReversed()) news = withWords(news, [word], at(1000));
      for (const i of again) news = withWords(news, words.slice(i), at(1000));
      expect(news).toEqual(once);
      expect(news.answered.length).toBeLessThanOrEqual(2);
    }),
  );
});

it('the same news are the same, in whatever order a table gives them', () => {
  const news = newsOf([silent(1, 10), silent(2, 20), answers(3, 5)]);
  const stored = {
    silent: { [node(2)]: { last: at(20), first: at(20) }, [node(1)]: { last: at(10), first: at(10) } },
    answered: [{ at: at(5), instanceId: node(3) }],
  };
  expect(isSameNews(news, { ...stored, silent: Object.fromEntries(Object.entries(stored.silent).toReversed()) })).toBe(
    true,
  );
  expect(isSameNews(news, stored)).toBe(true);
  expect(isSameNews(news, { ...stored, answered: [{ at: at(6), instanceId: node(3) }] })).toBe(false);
  expect(isSameNews(news, { ...stored, answered: [{ at: at(5), instanceId: node(4) }] })).toBe(false);
  for (const silence of [
    { first: at(10), last: at(11) },
    { first: at(9), last: at(10) },
  ]) {
    expect(isSameNews(news, { ...stored, silent: { ...stored.silent, [node(1)]: silence } })).toBe(false);
  }
  expect(isSameNews(NO_NEWS, newsOf([]))).toBe(true);
});

describe('a registry hold', () => {
  const run = { runId: 'r-1', hasTried: false };
  const held = (words: readonly RegistryWord[], before?: RegistryHold, seconds = 100, hasTried = false) =>
    holdAfterNews(newsOf(words, seconds), before, { ...run, hasTried }, at(seconds), LIMITS);
  const first: RegistryHold = { until: at(1000), holds: 1, runId: 'r-1', silentAt: at(20) };

  it('of 8 s starts at two distinct silent nodes', () => {
    expect(held([silent(1, 10), silent(2, 20)])).toEqual({ ...first, until: at(108) });
    expect(held([silent(1, 10)])).toBeUndefined();
    expect(held([silent(1, 10), silent(1, 20)])).toBeUndefined();
    expect(held([silent(1, 10), answers(3, 15), silent(2, 20)])).toBeUndefined();
  });

  it('ends at an answer to any node after the last silence, also before its time', () => {
    const words = [silent(1, 10), silent(2, 20)];
    expect(held([...words, answers(3, 21)], first, 500)).toBeUndefined();
    expect(held([...words, answers(3, 20)], first, 500)).toBe(first);
    expect(held([...words, silent(4, 30)], first, 999, true)).toBe(first);
  });

  it('is followed by one a step longer, once all nodes that could try were silent and one of them is new', () => {
    const words = [silent(1, 10), silent(2, 20), silent(3, 1100)];
    expect(held(words, first, 1200, false)).toBe(first);
    expect(held(words, first, 1200, true)).toEqual({ until: at(1264), holds: 2, runId: 'r-1', silentAt: at(1100) });
    expect(held(words.slice(0, 2), first, 1200, true)).toBe(first);
  });

  it('is followed by one a step longer also where a known node was silent again beside the new one', () => {
    const words = [silent(1, 10), silent(2, 20), silent(2, 1100), silent(3, 1150)];
    expect(held(words, first, 1200, true)).toMatchObject({ holds: 2, until: at(1264) });
  });

  it('stands until its end, also against a silence whose time is ahead', () => {
    const words = [silent(1, 10), silent(2, 20), silent(3, 1100)];
    expect(held(words, first, 999, true)).toBe(first);
    expect(held(words, first, 1000, true)).toMatchObject({ silentAt: at(1100) });
  });

  it('is not followed by another where the last silence was at its end: that was no trial', () => {
    expect(held([silent(1, 10), silent(2, 20), silent(3, 1000)], first, 1200, true)).toBe(first);
    expect(held([silent(1, 10), silent(2, 20), silent(3, 1001)], first, 1200, true)).toMatchObject({ holds: 2 });
  });

  it('is followed by one of 8 s if only the same nodes were silent again', () => {
    const before = { ...first, holds: 4 };
    expect(held([silent(1, 10), silent(2, 20), silent(2, 1100)], before, 1200, true)).toEqual({
      until: at(1208),
      holds: 4,
      runId: 'r-1',
      silentAt: at(1100),
    });
  });

  it('is not started or prolonged by nodes whose silence is their own trouble', () => {
    const liars = [silent(1, 10), silent(2, 20), answers(3, 30)];
    expect(held([...liars, silent(1, 900), silent(2, 950)])).toBeUndefined();
    const hold = { ...first, silentAt: at(40) };
    expect(held([...liars, silent(4, 40), silent(1, 1100)], hold, 1200, true)).toBe(hold);
  });
});
