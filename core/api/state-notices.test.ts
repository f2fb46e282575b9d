import { describe, expect, it } from 'vitest';
import { at, node, START } from '../../test/support/runs.ts';
import { newTrust } from '../guards/trust.ts';
import { isoTime } from '../model/ids.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import { TOLD_EVENTS } from './notice-texts.ts';
import { pauseNotices, quarantineNotice, releaseNotice, STATE_NOTICES, unreadTrustNotice } from './state-notices.ts';

const MINUTE = 60;
const pause = (over: Partial<PauseRow> = {}): PauseRow => ({
  scope: 'CLUSTER#demo',
  covers: 'repairs',
  state: 'paused',
  at: START,
  by: 'mei',
  reason: 'upgrade',
  ...over,
});
const told = (row: PauseRow) =>
  pauseNotices(row, 'p-1').notices.map(({ key, id, detailType, dueAt }) => [key, id, detailType, dueAt]);

describe('the notices of a pause', () => {
  it('tell its beginning, its end a quarter of an hour before, and its end', () => {
    const row = pause({ until: at(120 * MINUTE) });
    expect(told(row)).toEqual([
      ['p-1', 'p-1', 'Paused', START],
      ['pause-ends-soon/CLUSTER#demo', 'p-1/soon', 'Pause Ends Soon', at(105 * MINUTE)],
      ['pause-ended/CLUSTER#demo', 'p-1/ended', 'Pause Ended', at(120 * MINUTE)],
    ]);
    const { notices, gone } = pauseNotices(row, 'p-1');
    expect(gone).toEqual([]);
    for (const { detail, at: happens, dueAt } of notices) {
      expect(detail).toEqual({ cluster: 'demo', covers: 'repairs', until: row.until, by: 'mei', reason: 'upgrade' });
      expect(happens).toBe(dueAt);
    }
  });

  it.each([
    [30 * MINUTE - 1, ['Paused', 'Pause Ended'], ['pause-ends-soon/ALL']],
    [30 * MINUTE, ['Paused', 'Pause Ends Soon', 'Pause Ended'], []],
    [undefined, ['Paused'], ['pause-ends-soon/ALL', 'pause-ended/ALL']],
  ])('of %s seconds are no more than people need, and take back those of the pause before', (seconds, types, gone) => {
    const row = pause({ scope: 'ALL', ...(seconds === undefined ? {} : { until: at(seconds) }) });
    const told = pauseNotices(row, 'p-1');
    expect(told.notices.map(({ detailType }) => detailType)).toEqual(types);
    expect(told.gone).toEqual(gone);
    expect(told.notices[0]?.detail).not.toHaveProperty('cluster');
  });

  it('are taken back by a resume, which is told itself', () => {
    expect(pauseNotices(pause({ state: 'resumed' }), 'p-2')).toEqual({
      notices: [
        {
          ...{ key: 'p-2', id: 'p-2', detailType: 'Resumed', at: START, dueAt: START },
          detail: { cluster: 'demo', by: 'mei', reason: 'upgrade' },
        },
      ],
      gone: ['pause-ends-soon/CLUSTER#demo', 'pause-ended/CLUSTER#demo'],
    });
  });
});

it('a quarantine and its end name the node, the remediation and why; told twice, each is one', () => {
  const of = { instanceId: node(1), cluster: 'demo', remediation: 'pause-image' };
  expect(quarantineNotice(of, { runId: 'r-1', at: START, reason: 'DiskFull' }, 'grow the disk')).toEqual({
    ...{ key: `r-1/quarantined/${node(1)}`, id: `r-1/quarantined/${node(1)}`, detailType: 'Node Quarantined' },
    ...{ detail: { ...of, advice: 'grow the disk', reason: 'DiskFull' }, at: START, dueAt: START },
  });
  expect(quarantineNotice(of, { runId: 'r-1', at: START }, 'a').detail).not.toHaveProperty('reason');
  const end = { event: 'released', ...of, quarantinedAt: START, at: at(9), by: 'mei', reason: 'replaced' } as const;
  expect(releaseNotice(end)).toMatchObject({
    ...{ id: `released/${node(1)}/pause-image/${START}`, detailType: 'Node Released', at: at(9) },
    detail: { ...of, by: 'mei', reason: 'replaced' },
  });
});

it('a breaker that opened because its row cannot be read says until when', () => {
  const breaker = { openedAt: START, openUntil: isoTime(Date.parse(START) + 9000), openings: 1 };
  expect(unreadTrustNotice({ ...newTrust('d', 'demo'), breaker }, START)).toMatchObject({
    ...{ id: `d/demo/${START}`, detailType: 'Breaker Opened' },
    detail: { document: 'd', cluster: 'demo', ...breaker },
  });
});

it('each has words for people', () => {
  expect(Object.values(STATE_NOTICES).filter((name) => !TOLD_EVENTS.includes(name))).toEqual([]);
});
