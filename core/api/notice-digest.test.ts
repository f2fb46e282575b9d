import { describe, expect, it } from 'vitest';
import { histogramOf } from '../model/histogram.ts';
import { bodyOf, subjectOf } from './notice.ts';
import { digestNotice } from './notice-digest.ts';
import type { SummaryGroup, SummaryTotal, WorstNode } from './summary.ts';
import { mergeSummary } from './summary-merge.ts';

/** As JSON of a part of a summary may have it. */
const NONE = { Paused: undefined } as unknown as SummaryTotal['notActedOn'];
const WEEK = '2026-11-30';
const within = (...seconds: readonly number[]) => ({ count: seconds.length, histogram: histogramOf(seconds) });
const total = (over: Partial<SummaryTotal> = {}): SummaryTotal => ({
  ...{ kind: 'total', since: '2026-11-23T00:00:00.000Z', until: '2026-11-26T00:00:00.000Z', clusters: ['shop'] },
  ...{ found: 3, repaired: 2, failed: 1, recurred: 0, detectedWithin: within(5), repairedAfter: within(8, 30) },
  ...{ runs: 9, sweeps: 5, sweepsStopped: 0, nodes: 40, people: [{ by: 'mei', requests: 2 }], notActedOn: {} },
  ...{ unreachable: 1, unknown: 0, unsupported: 0 },
  ...over,
});
const group = (name: string, found: number): SummaryGroup => ({
  ...{ kind: 'group', by: 'reason', group: name, found, repaired: found, failed: 0, recurred: 0 },
  ...{ detectedWithin: within(5), repairedAfter: within(8) },
});
const worst = (instanceId: string, found: number): WorstNode => ({
  ...{ kind: 'worst-node', instanceId, cluster: 'shop', found, repaired: found, failed: 0, recurred: 1 },
});

describe('the parts of a summary', () => {
  it('add up: numbers, people, and the percentiles of all durations', () => {
    const earlier = total({
      ...{ since: '2026-11-20T00:00:00.000Z', until: '2026-11-23T00:00:00.000Z', clusters: ['batch', 'shop'] },
      ...{ nodes: 50, people: [{ by: 'mei', requests: 1 }], notActedOn: { NotAllowed: 2 }, repairedAfter: within(600) },
    });
    const expected = {
      ...{ since: earlier.since, until: total().until, found: 6, runs: 18, nodes: 50, unreachable: 2 },
      ...{ people: [{ by: 'mei', requests: 3 }], notActedOn: { NotAllowed: 2 } },
      repairedAfter: expect.objectContaining({ count: 3, p50: 30, p95: 600 }),
    };
    for (const parts of [
      [earlier, total()],
      [total(), earlier],
    ])
      expect(mergeSummary(parts).total).toMatchObject(expected);
  });

  it('count what only one of them has, whatever it leaves undefined', () => {
    const some = { ...NONE, OptedOut: 1 };
    expect(mergeSummary([total({ notActedOn: some }), total()]).total?.notActedOn).toEqual({ OptedOut: 1, Paused: 0 });
  });

  it('have each group and each node once, the largest first', () => {
    const parts = [group('a', 1), group('b', 2), group('a', 4), worst('i-1', 1), worst('i-2', 3), worst('i-1', 5)];
    const { total: none, groups, nodes } = mergeSummary(parts);
    expect(none).toBeUndefined();
    expect(groups.map((one) => [one.group, one.found, one.repairedAfter.count])).toEqual([
      ['a', 5, 2],
      ['b', 2, 1],
    ]);
    expect(nodes.map((one) => [one.instanceId, one.found])).toEqual([
      ['i-1', 6],
      ['i-2', 3],
    ]);
  });
});

describe('the digest of a week', () => {
  const textOf = (...parts: Parameters<typeof mergeSummary>[0]) =>
    bodyOf(digestNotice(mergeSummary(parts), WEEK), 'fleetmend');

  it('says what was found and repaired, what was not acted on, and which nodes came back', () => {
    const text = textOf(
      total({ ...mergeSummary([total(), total()]).total, notActedOn: { OptedOut: 3, ...NONE } }),
      ...[group('SandboxImageMissing', 2), group('', 1), worst('i-1', 4)],
    );
    expect(text.split('\n').slice(0, 11)).toEqual([
      'The week until 2026-11-30: found 6 · repaired 4 · failed 2 · recurred 0',
      '',
      'Clusters 1 · nodes 40 · sweeps 10',
      'Repaired within 8 s (half of them), 30 s (95 %)',
      'Without answer 2 · unknown 0 · unsupported 0',
      'SandboxImageMissing: found 2 · repaired 2 · failed 0 · recurred 0',
      'not known: found 1 · repaired 1 · failed 0 · recurred 0',
      'Not acted on:',
      '  OptedOut 3',
      '  Paused 0',
      'Most repairs:',
    ]);
    expect(text).toContain('  i-1 of shop: 4 times');
    expect(textOf(total({}), worst('i-1', 1))).toContain('  i-1 of shop: 1 time\n');
  });

  it('is short where little happened, and where nothing was recorded', () => {
    expect(textOf(total({ repairedAfter: within() }))).toContain('Repaired within - (half of them), - (95 %)');
    const nothing = digestNotice(mergeSummary([]), WEEK);
    expect(subjectOf(nothing)).toBe('fleetmend: The week until 2026-11-30');
    expect(bodyOf(nothing, 'fleetmend')).toContain('Nothing was recorded');
  });
});
