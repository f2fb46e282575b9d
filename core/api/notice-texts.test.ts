import { describe, expect, it } from 'vitest';
import { CHANGES } from '../runs/changes.ts';
import { attributesOf, bodyOf, type Send, subjectOf } from './notice.ts';
import { happenedAt, TOLD_EVENTS, tellings } from './notice-texts.ts';

const event = (detailType: string, detail: object) => ({ 'detail-type': detailType, detail: { id: 'n-1', ...detail } });
const told = (detailType: string, detail: object, send: Send = 'changes') => tellings(event(detailType, detail), send);
const only = (detailType: string, detail: object, send?: Send) => {
  const notices = told(detailType, detail, send) ?? [];
  expect(notices).toHaveLength(1);
  return notices[0] ?? expect.fail();
};
const LANE = {
  cluster: 'shop',
  remediation: 'pause-image',
  runId: 'r-1',
  document: 'fleetmend-pause-image-repair-0123456789ab',
};
const RUN = {
  runId: 'r-1',
  cluster: 'shop',
  remediation: 'pause-image',
  action: 'repair',
  because: 'log',
  counts: { Repaired: 1 },
};
const change = (n: number, name: string) => ({
  change: name,
  instanceId: `i-${n}`,
  outcome: 'NotRepaired',
  reason: 'DiskFull',
  remediation: 'pause-image',
});

it('an opened breaker reads well in a mail', () => {
  const notice = only('Breaker Opened', { ...LANE, openUntil: '2026-11-29T03:31:00.000Z', openings: 2 });
  expect(subjectOf(notice)).toBe(
    'fleetmend: CRITICAL: Repairs of shop/pause-image were stopped: the circuit breaker opened',
  );
  expect(bodyOf(notice, 'fleetmend')).toBe(`Repairs of shop/pause-image were stopped: the circuit breaker opened

Open until 2026-11-29T03:31:00.000Z; then the repairs begin again with canaries
Opened 2 times in a row
Document fleetmend-pause-image-repair-0123456789ab
Run r-1

Next
  fleetmend explain shop/pause-image

stack fleetmend · critical · firing · breaker/shop/fleetmend-pause-image-repair-0123456789ab`);
});

it.each([
  ['Breaker Opened', 'Breaker Closed', LANE],
  ['Registry Hold', 'Registry Hold Ended', LANE],
  ['Node Quarantined', 'Node Released', { cluster: 'shop', instanceId: 'i-1', remediation: 'pause-image' }],
  ['Paused', 'Resumed', { cluster: 'shop', by: 'mei' }],
  ['Paused', 'Resumed', { by: 'mei' }],
  ['Pause Ends Soon', 'Pause Ended', { cluster: 'shop', by: 'mei' }],
  ['Pause Ends Soon', 'Resumed', { by: 'mei' }],
])('%s fires, and %s resolves it, under one key and for one cluster: %j', (begins, ends, detail) => {
  const [first, last] = [only(begins, detail), only(ends, detail)];
  expect([first.status, last.status]).toEqual(['firing', 'resolved']);
  expect([last.dedupKey, last.cluster]).toEqual([first.dedupKey, first.cluster]);
  expect(last.kind).not.toBe(first.kind);
});

it('a pause that ends is told before and after, with how to prolong it', () => {
  const detail = { covers: 'everything', until: '2026-11-29T04:00:00.000Z', by: 'mei', reason: 'upgrade' };
  const soon = only('Pause Ends Soon', { ...detail, cluster: 'shop' });
  expect(bodyOf(soon, 's')).toBe(`shop: the pause (everything) ends soon

Ends by itself at 2026-11-29T04:00:00.000Z; then work goes on
By mei
Reason: upgrade

Next
  fleetmend pause -c shop --for 2h --reason "takes longer"

stack s · info · firing · pause/shop`);
  expect(bodyOf(only('Pause Ends Soon', detail), 's')).toContain('fleetmend pause --all --for 2h');
  const ended = only('Pause Ended', detail);
  expect(subjectOf(ended)).toBe('fleetmend: Resolved: all clusters: the pause (everything) has ended by itself');
  expect(ended.dedupKey).toBe('pause/all');
});

it('breakers of two documents, and quarantines of two remediations, have threads of their own', () => {
  const keyOf = (name: string, detail: object) => only(name, detail).dedupKey;
  expect(keyOf('Breaker Opened', { ...LANE, document: 'other' })).not.toBe(keyOf('Breaker Opened', LANE));
  expect(keyOf('Breaker Opened', { ...LANE, remediation: undefined })).toBe(keyOf('Breaker Closed', LANE));
  expect(keyOf('Breaker Opened', { cluster: 'shop', remediation: 'cni-files' })).toBe('breaker/shop/cni-files');
  const node = { cluster: 'shop', instanceId: 'i-1' };
  expect(keyOf('Node Quarantined', { ...node, remediation: 'a' })).not.toBe(
    keyOf('Node Quarantined', { ...node, remediation: 'b' }),
  );
});

it.each(['not-repaired', 'relapsed', 'broken'])('a node that is %s fires, and resolves once it works', (name) => {
  const fired = only('Run Ended', { ...RUN, changes: [change(1, name)], changed: 1 });
  expect(fired).toMatchObject({ status: 'firing', severity: 'warning', cluster: 'shop' });
  for (const end of ['repaired', 'works']) {
    const over = only('Run Ended', { ...RUN, changes: [change(1, end)], changed: 1 });
    expect(over).toMatchObject({ status: 'resolved', dedupKey: fired.dedupKey });
  }
});

it('one node or many, each change has a sentence of its own', () => {
  const sentences = CHANGES.flatMap((name) => {
    const changesOf = (count: number) => Array.from({ length: count }, (_, n) => change(n, name));
    const titleOf = (count: number) => only('Run Ended', { ...RUN, changes: changesOf(count), changed: count }).title;
    return [titleOf(1), titleOf(6)].map((title) => JSON.stringify(title));
  });
  expect(new Set(sentences).size).toBe(CHANGES.length * 2);
});

it('a node of which nothing more is known is named alone', () => {
  const bare = only('Run Ended', { ...RUN, changes: [{ change: 'works', instanceId: 'i-1' }], changed: 1 });
  expect(bodyOf(bare, 's')).toContain('\n\ni-1\nRun r-1\n');
});

it('many nodes are one message of each kind, which resolves none of their threads', () => {
  const changes = [...[1, 2, 3].map((n) => change(n, 'not-repaired')), ...[4, 5, 6].map((n) => change(n, 'repaired'))];
  const [bad, good, ...more] = told('Run Ended', { ...RUN, changes, changed: 40 }) ?? [];
  expect(more).toEqual([]);
  expect(bad).toMatchObject({ kind: 'nodes-not-repaired', status: 'firing' });
  expect(good).toMatchObject({ kind: 'nodes-repaired', status: 'told', dedupKey: bad?.dedupKey });
  expect(bodyOf(bad ?? expect.fail(), 's')).toContain(
    '3 nodes were not repaired\n\ni-1: NotRepaired DiskFull (pause-image)\ni-2',
  );
  expect(bodyOf(bad ?? expect.fail(), 's')).toContain('The run has changed 40 nodes in all');
});

describe('notifications.send', () => {
  const sweep = { ...RUN, action: 'check', remediation: 'node-check', because: 'sweep', counts: { Healthy: 9 } };
  const healthy = { ...RUN, counts: { Healthy: 1 } };
  const paused = { cluster: 'shop' };
  const repaired = { ...RUN, changes: [change(1, 'repaired')], changed: 1 };
  const sent = (send: Send) => ({
    sweep: told('Run Ended', sweep, send)?.length,
    healthy: told('Run Ended', healthy, send)?.length,
    paused: told('Paused', paused, send)?.length,
    resumed: told('Resumed', paused, send)?.length,
    ended: told('Pause Ended', paused, send)?.length,
    repaired: told('Run Ended', repaired, send)?.length,
    opened: told('Breaker Opened', LANE, send)?.length,
    closed: told('Breaker Closed', LANE, send)?.length,
    test: told('Test Notice', { noticeId: 'x' }, send)?.length,
  });

  it('never sends a healthy sweep', () => {
    const problems = {
      sweep: 0,
      healthy: 0,
      paused: 0,
      resumed: 0,
      ended: 0,
      repaired: 1,
      opened: 1,
      closed: 1,
      test: 1,
    };
    expect(sent('problems')).toEqual(problems);
    expect(sent('changes')).toEqual({ ...problems, paused: 1, resumed: 1, ended: 1 });
    expect(sent('all')).toEqual({ ...problems, healthy: 1, paused: 1, resumed: 1, ended: 1 });
  });
});

describe('text from outside', () => {
  const EVIL = 'x\r\nBcc: evil@example.com\u202e\u2028all is well';

  it.each(TOLD_EVENTS)('of %s makes no line of its own, and no subject that SNS refuses', (detailType) => {
    const names = [
      'id',
      'cluster',
      'remediation',
      'document',
      'runId',
      'message',
      'openUntil',
      'until',
      'instanceId',
      'advice',
      'by',
      'reason',
      'covers',
      'noticeId',
      'action',
      'end',
      'because',
    ];
    const fields = Object.fromEntries(names.map((name) => [name, `${name} ${EVIL}`.repeat(9)]));
    const plain = Object.fromEntries(names.map((name) => [name, name]));
    const evil = { ...change(1, 'broken'), instanceId: EVIL, reason: EVIL };
    const changes = (one: object) => ({ changes: [one], changed: 1, counts: {} });
    const [bad = expect.fail()] = told(detailType, { ...fields, ...changes(evil) }, 'all') ?? [];
    const [good = expect.fail()] = told(detailType, { ...plain, ...changes(change(1, 'broken')) }, 'all') ?? [];
    expect(bodyOf(bad, 's').split(/[\r\n\u2028]/u)).toHaveLength(bodyOf(good, 's').split('\n').length);
    expect(bodyOf(bad, 's')).not.toMatch(/\u202e/u);
    expect(subjectOf(bad)).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/);
    for (const value of Object.values(attributesOf(bad))) expect(value).toMatch(/^[^\r\n\u202e]{1,300}$/u);
  });

  it('is left out where an event lacks it, and no attribute is empty', () => {
    for (const detailType of TOLD_EVENTS.filter((name) => name !== 'Run Ended')) {
      const notice = only(detailType, {});
      expect(bodyOf(notice, 's')).not.toMatch(/undefined|null|NaN/);
      expect(Object.values(attributesOf(notice)).filter((value) => value === '')).toEqual([]);
    }
  });
});

it('an event that people are not told about, or that is none, has no notice', () => {
  expect(told('Something Else', {})).toBeUndefined();
  expect(told('Run Ended', { runId: 7 })).toBeUndefined();
});

it('an event happened when it says so, else at its own time; what is no time is none', () => {
  const [at, endedAt, time] = ['2026-11-29T04:00:00.000Z', '2026-11-29T03:00:00.000Z', '2026-11-29T05:00:00Z'];
  const of = (detail: object, more: object = {}) => happenedAt({ ...event('Paused', detail), ...more });
  expect(of({ at, endedAt }, { time })).toBe(at);
  expect(of({ at: 'today', endedAt }, { time })).toBe(endedAt);
  expect(of({ endedAt: 7 }, { time })).toBe('2026-11-29T05:00:00.000Z');
  expect(of({}, { time: 'now' })).toBeUndefined();
});
