import { describe, expect, it } from 'vitest';
import { aQueuedCheck, at, because, begun, node } from '../../test/support/runs.ts';
import { ClusterPolicy } from '../model/policy.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { ResultRow } from '../state/results.ts';
import type { RunDigest } from '../state/run-digest.ts';
import { lastResult, nextSweep } from './last-results.ts';
import { timelineOf } from './timeline.ts';

const row = (over: Partial<ResultRow> = {}): ResultRow =>
  ResultRow.parse({
    ...{ runId: 'r-1', cluster: 'demo', instanceId: node(1), remediation: 'node-check', action: 'check' },
    ...{ outcome: 'Broken', reason: 'X', message: 'm', endedAt: at(10), at: at(10) },
    ...over,
  });
const NOTHING = { results: [], releases: [], states: [], rows: [] };

describe('timelineOf', () => {
  it('has each result, and once of the reports behind it, the newest first', () => {
    const log = because('log', { count: 14, sample: 'cni config uninitialized', source: 'kubelet' });
    const results = [
      row({ because: log, startedAt: at(8), commandId: 'c-1' }),
      row({ action: 'repair', outcome: 'Repaired', remediation: 'pause-image', endedAt: at(30), because: log }),
      row({ action: 'repair', outcome: 'NotRepaired', remediation: 'pause-image', endedAt: at(20) }),
      row({ outcome: 'Skipped', skipReason: 'NotAllowed', endedAt: at(15), message: 'allowDisruptive is false' }),
    ];
    const events = timelineOf({ ...NOTHING, results });
    expect(events.map((event) => [event.at, event.event, event.text])).toEqual([
      [at(30), 'repaired', 'm'],
      [at(20), 'failed', 'm'],
      [at(15), 'decided', 'allowDisruptive is false'],
      [at(10), 'checked', 'm'],
      [at(0), 'detected', 'log line, from kubelet, 14 times: cni config uninitialized'],
    ]);
    expect(events[3]).toMatchObject({ seconds: 2, commandId: 'c-1', because: { kind: 'log' } });
  });

  it('has the decisions of policy about what a check found, and the next look at a node that gave no answer', () => {
    const decision = { remediation: 'cni-files', message: 'no repair', setting: 's', value: false } as const;
    const decisions = [{ ...decision, skipReason: 'NotAllowed' as const, configuration: 'c', version: 'v' }];
    const results = [
      row({ decisions }),
      row({ runId: 'r-0', outcome: 'Unreachable', endedAt: at(5), nextLook: { what: 'the next sweep', by: at(50) } }),
      row({ runId: 'r-00', outcome: 'TimedOut', endedAt: at(4), nextLook: { what: 'sweeps are off' } }),
    ];
    expect(timelineOf({ ...NOTHING, results }).map(({ event, text, skipReason }) => [event, text, skipReason])).toEqual(
      [
        ['decided', 'no repair', 'NotAllowed'],
        ['checked', 'm', undefined],
        ['checked', `m; next look: the next sweep, by ${at(50)}`, undefined],
        ['checked', 'm; sweeps are off', undefined],
      ],
    );
  });

  it('names the person who asked, the run behind it, or the sender', () => {
    const found = because('finding', { parent: { runId: 'r-0' } });
    const results = [
      row({ because: because('operator', { by: 'mei' }) }),
      row({ because: because('sweep') }),
      row({ because: found }),
    ];
    expect(timelineOf({ ...NOTHING, results }).map(({ event, text }) => [event, text])).toEqual([
      ['checked', 'm'],
      ['asked', 'asked for by mei'],
      ['asked', 'sweep, from test'],
      ['detected', 'finding of a check: r-0'],
    ]);
  });

  it('has quarantines, releases and rows that wait', () => {
    const state = { instanceId: node(1), cluster: 'demo', remediation: 'pause-image', attempts: {} };
    const pending: PendingNode = {
      ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node(1), reason: 'X', version: 'v', signals: 1 },
      ...{ firstSeenAt: at(3), lastSeenAt: at(3), source: 's', because: { kind: 'log' } },
    };
    const events = timelineOf({
      results: [],
      releases: [
        {
          ...{ event: 'released', instanceId: node(1), cluster: 'demo', remediation: 'pause-image', at: at(5) },
          ...{ quarantinedAt: at(4), by: 'mei', reason: 'replaced the disk' },
        },
      ],
      states: [
        state,
        { ...state, quarantinedAt: at(4) },
        { ...state, quarantinedAt: at(6), quarantineAdvice: 'fix it' },
      ],
      rows: [pending, { ...pending, lane: 'demo/node-check', notBefore: at(9) }],
    });
    expect(events.map(({ event, text }) => `${event}: ${text}`)).toEqual([
      'quarantined: quarantined: fix it',
      'released: released by mei: replaced the disk',
      'quarantined: quarantined: its repairs have failed too often',
      'waiting: waits in demo/pause-image: X',
      `waiting: waits in demo/node-check until ${at(9)}: X`,
    ]);
  });
});

const sweep = (over: Partial<RunDigest> = {}): RunDigest => ({
  ...{ runId: 's', requestId: 's', cluster: 'demo', remediation: 'node-check', action: 'check', because: 'sweep' },
  ...{ createdAt: at(90), endedAt: at(130), end: 'Done', counts: {}, notes: [] },
  ...over,
});

describe('lastResult', () => {
  const last = (results: readonly ResultRow[], by = 'pause-image', of?: RunDigest) => lastResult(results, by, of);
  const findings = [
    { remediation: 'pause-image', outcome: 'Broken' as const, reason: 'DiskFull', title: 't', message: 'f' },
  ];

  it('is the finding of the newest check, or the newest repair', () => {
    expect(last([row({ findings, advice: 'a' })])).toEqual({
      ...{ outcome: 'Broken', reason: 'DiskFull', at: at(10), message: 'f', advice: 'a' },
    });
    const repaired = row({ action: 'repair', outcome: 'Repaired', remediation: 'pause-image', endedAt: at(30) });
    expect(last([repaired, row({ findings })])).toMatchObject({ outcome: 'Repaired' });
  });

  it('passes over decisions not to act, and over the repairs of others', () => {
    const skipped = row({ outcome: 'Skipped', skipReason: 'Paused' });
    const other = row({ action: 'repair', outcome: 'Repaired', remediation: 'cni-files' });
    expect(last([skipped, other, row({ findings })])).toMatchObject({ outcome: 'Broken' });
  });

  it('is nothing after a check of everything that found something else, and without any result', () => {
    expect(last([row({ findings }), row()], 'cni-files')).toBeUndefined();
    expect(last([], 'cni-files')).toBeUndefined();
  });

  it('is Healthy where a later sweep has found the node so, and not where it says nothing of the node', () => {
    expect(last([row({ findings })], 'pause-image', sweep())).toEqual({ outcome: 'Healthy', at: at(130) });
    expect(last([row({ findings })], 'pause-image', sweep({ startedAt: at(9) }))).toMatchObject({ outcome: 'Broken' });
    expect(last([row({ findings })])).toMatchObject({ outcome: 'Broken' });
  });
});

describe('nextSweep', () => {
  const policy = ClusterPolicy.parse({ name: 'demo' });
  it.each([
    ['one interval after the last one', sweep(), at(200), at(90 + 1800)],
    ['the interval that is next', sweep({ startedAt: at(100) }), at(4000), at(100 + 3 * 1800)],
    ['not known before the first one', undefined, at(0), undefined],
  ])('is %s', (_, last, now, expected) => {
    expect(nextSweep(policy, last, 30, now).at).toBe(expected);
  });

  it('is an early one of the node group, as long as that has not begun', () => {
    const early = aQueuedCheck({ dueAt: at(300) });
    expect(nextSweep(policy, sweep(), 30, at(200), [begun(aQueuedCheck()), early])).toMatchObject({ at: at(300) });
    expect(nextSweep(policy, sweep(), 30, at(200), [begun(early)])).toMatchObject({ at: at(90 + 1800) });
  });

  it('is none where sweeps are off', () => {
    expect(nextSweep({ ...policy, sweeps: false }, sweep(), 30, at(0))).not.toHaveProperty('at');
  });
});
