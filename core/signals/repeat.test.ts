import { describe, expect, it } from 'vitest';
import { isoTime } from '../model/ids.ts';
import { CHECK_SOURCE, type PendingNode } from '../state/pending-node.ts';
import { isRepeat, repeatMs } from './repeat.ts';
import type { NewPendingNode } from './route.ts';

const START = Date.parse('2026-08-22T10:00:00Z');
const at = (seconds: number): string => isoTime(START + seconds * 1000);
const ROW: PendingNode = {
  lane: 'demo/pause-image',
  cluster: 'demo',
  instanceId: 'i-0123456789abcdef0',
  reason: 'SandboxImageMissing',
  image: 'a/pause:1',
  firstSeenAt: at(0),
  lastSeenAt: at(10),
  signals: 2,
  source: 'fleetmend.logs',
  because: { kind: 'log' },
  version: 'v',
};
const { version, ...KNOWN } = ROW;
const { image, ...WITHOUT_IMAGE } = KNOWN;
const LATER: NewPendingNode = { ...KNOWN, firstSeenAt: at(60), lastSeenAt: at(69), signals: 1 };
const DECIDED = { decidedAt: at(20) };
const LOOKED_AT = { skipped: 'Busy', notBefore: at(900) } as const;

describe('a row of log lines stands for a line', () => {
  it.each<[string, Partial<PendingNode>, NewPendingNode]>([
    ['of the next minute', {}, LATER],
    ['that names no image', {}, { ...WITHOUT_IMAGE, firstSeenAt: at(60), lastSeenAt: at(69) }],
    ['while its repair is put off', { ...DECIDED, skipped: 'CoolingDown', notBefore: at(900) }, LATER],
    ['about which a decision came before its last line', { decidedAt: at(5) }, LATER],
    ['that a check has found broken, whatever it found', { source: CHECK_SOURCE, reason: 'ImageMissing' }, LATER],
    ['that came before its check was planned', { ...LOOKED_AT, decidedAt: at(69) }, LATER],
    ['after another one since its check was planned', { ...LOOKED_AT, decidedAt: at(5) }, LATER],
  ])('%s', (_, row, added) => {
    expect(isRepeat({ ...ROW, ...row }, added, 60_000)).toBe(true);
  });
});

describe('a row of log lines is written again for a signal', () => {
  it.each<[string, Partial<PendingNode>, Partial<NewPendingNode>]>([
    ['after the time', {}, { lastSeenAt: at(70) }],
    ['that saw the fault earlier', {}, { firstSeenAt: at(-1) }],
    ['after its answer', DECIDED, {}],
    ['of another source', {}, { source: 'acme.alarms' }],
    ['about a row of others', { source: 'fleetmend.run' }, {}],
    ['after a finding that has been answered', { source: CHECK_SOURCE, ...DECIDED }, {}],
    ['that comes first since its check was planned', { ...LOOKED_AT, ...DECIDED }, {}],
    ['of a check', {}, { source: CHECK_SOURCE }],
    ['with another reason', {}, { reason: 'DiskFull' }],
    ['with another image', {}, { image: 'b/pause:2' }],
    ['of a request', {}, { requestIds: ['q-1'] }],
    ['that a check has confirmed', {}, { checkedAt: at(30) }],
    ['of a new node', {}, { awaitAgentUntil: at(300) }],
  ])('%s', (_, row, added) => {
    expect(isRepeat({ ...ROW, ...row }, { ...LATER, ...added }, 60_000)).toBe(false);
  });
});

it('stands for five minutes, and for less where a signal is soon stale', () => {
  expect([1800, 60_000, 60].map((staleSeconds) => repeatMs({ staleSeconds }))).toEqual([300_000, 300_000, 10_000]);
});
