import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aQueuedCheck,
  aRun,
  at,
  because,
  begun,
  node,
  nodes,
  trustAfter,
} from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { clusterPolicy } from '../model/policy.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { RunDigest } from '../state/run-digest.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { breakerStatus, type ClusterSeen, clusterStatus, pauseStatus } from './cluster-status.ts';
import { presentState } from './present-state.ts';

const settings = testSettings();
const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';
const seen = (cluster: string, over: Partial<ClusterSeen> = {}): ClusterSeen => {
  const policy = clusterPolicy(settings.policy, cluster);
  if (policy === undefined) throw new Error(`no cluster ${cluster}`);
  return {
    ...{ policy, present: presentState([], [], []), sweep: [], open: [], lanes: [], trust: [], pauses: [] },
    ...{ quarantined: [], signalsCut: 0, unread: [] },
    ...over,
  };
};
const status = (cluster: string, over: Partial<ClusterSeen> = {}, now = at(600)) =>
  clusterStatus(seen(cluster, over), settings, 30, now);
const sweep = (over: Partial<RunDigest> = {}): RunDigest => ({
  ...{ runId: 's-1', requestId: 's-1', cluster: 'demo', remediation: 'node-check', action: 'check', because: 'sweep' },
  ...{ createdAt: at(0), endedAt: at(40), end: 'Done', counts: { Healthy: 8, Broken: 1, OptedOut: 1 }, notes: [] },
  ...over,
});
const row = (n: number, over: Partial<PendingNode> = {}): PendingNode => ({
  ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node(n), reason: 'X', version: 'v', signals: 1 },
  ...{ firstSeenAt: at(0), lastSeenAt: at(0), source: 's', because: { kind: 'log' } },
  ...over,
});
const opened: TrustRow = {
  ...{ document: DOCUMENT, cluster: 'demo', version: 1, results: [] },
  breaker: { openedAt: at(0), openUntil: at(900), openings: 1, runId: 'r-1' },
};

describe('clusterStatus', () => {
  it('of a cluster without work and without a sweep', () => {
    expect(status('watched')).toEqual({
      ...{ kind: 'cluster', cluster: 'watched', mode: 'observe', outcomes: {}, skipped: {}, unread: [] },
      remediations: ['cri-dockerd', 'pause-image'].map((remediation) => ({
        ...{ remediation, mode: 'observe', allowed: false, why: 'clusters[name=watched].mode is observe' },
      })),
      ...{ broken: 0, forbidden: 0, unknown: 0, unsupported: 0, unreachable: 0, waiting: 0, waitingForCheck: 0 },
      ...{ inFlight: 0, checking: 0, quarantined: 0, signalsCut: 0, breakers: [], registryHolds: [], pauses: [] },
      sweeps: { isOn: true, everyMinutes: 30, isLate: false },
    });
  });

  it('counts the nodes by what is to be done about them', () => {
    const present = {
      ...{ nodes: 12, more: 2, notes: [] },
      outcomes: { Broken: 2, NotRepaired: 1, Unknown: 1, TimedOut: 1, Unsupported: 3, Unreachable: 4 },
    };
    const counts = { broken: 3, unknown: 2, unsupported: 3, unreachable: 4, nodes: 12, skipped: { OptedOut: 1 } };
    const shown = status('demo', { present, sweep: [sweep()], unread: ['a row'] });
    expect(shown).toMatchObject(counts);
    expect(shown.unread).toEqual(['a row', '2 findings of runs whose digests had no room for more']);
  });

  it('counts the broken nodes that the policy forbids to repair', () => {
    const note = { at: at(1), outcome: 'Broken', runId: 's-1' } as const;
    const notes = [
      { ...note, instanceId: node(1), remediation: 'cri-dockerd' },
      { ...note, instanceId: node(2), remediation: 'pause-image' },
      { ...note, instanceId: node(3), remediation: 'cri-dockerd', outcome: 'NotRepaired' as const },
    ];
    const present = { nodes: 3, more: 0, notes, outcomes: {} };
    expect(status('careful', { present }).forbidden).toBe(1);
    expect(status('demo', { present }).forbidden).toBe(0);
  });

  it('counts what waits and what is under way, and a row that has its answer no more', () => {
    const lane = { lane: 'demo/pause-image', cluster: 'demo', remediation: 'pause-image', version: 1 };
    const answered = row(3, { decidedAt: at(5) });
    const lookedAt = row(6, { source: 'fleetmend.logs', skipped: 'Busy', decidedAt: at(5), notBefore: at(300) });
    const hold = { registryHold: { until: at(900), holds: 2, runId: 'r-1', silentAt: at(1) } };
    const lanes = [
      { lane: { ...lane, ...hold }, rows: [row(1), row(2), answered, lookedAt] },
      {
        lane: { ...lane, lane: 'demo/node-check', remediation: 'node-check' },
        rows: [row(4), row(5, { instanceId: '*' })],
      },
    ];
    const sent = (count: number) =>
      aCommand({ status: 'sent', instanceIds: nodes(count), size: count, hardDeadlineAt: at(900) });
    const open = [aRun(0, { commands: [sent(2)] }), aCheck(0, { commands: [sent(5)] })];
    const quarantined = [1, 1, 2].map((n) => ({
      ...{ instanceId: node(n), cluster: 'demo', remediation: 'x', attempts: {} },
    }));
    expect(status('demo', { lanes, open, quarantined })).toMatchObject({
      ...{ waiting: 2, waitingForCheck: 1, inFlight: 2, checking: 5, quarantined: 2 },
      registryHolds: [{ remediation: 'pause-image', until: at(900), holds: 2 }],
    });
  });

  it('shows the last sweep with all of its runs, and the one that is on its way', () => {
    const second = sweep({ runId: 's-1-2', startedAt: at(9), endedAt: at(90) });
    const asked = aCheck(0, { runId: 's-3', createdAt: at(500), because: because('sweep') });
    const earlier = aCheck(0, { runId: 's-2', createdAt: at(400), because: because('sweep') });
    const { sweeps } = status('demo', { sweep: [second, sweep()], open: [asked, aCheck(1), earlier] });
    expect(sweeps).toEqual({
      ...{ isOn: true, everyMinutes: 30, isLate: false, ageSeconds: 510 },
      last: { runId: 's-1', startedAt: at(0), endedAt: at(90), nodes: 20 },
      open: { runId: 's-2', createdAt: at(400) },
    });
    expect(status('demo', { sweep: [second] }).sweeps.last?.startedAt).toBe(at(9));
  });

  it('shows the sweeps of node groups that were brought forward, as long as they have not begun', () => {
    const early = { of: 's-1', from: at(0), turn: 1, ailing: [], raised: [] };
    const queued = (nodegroup: string, seconds: number) =>
      aQueuedCheck({ runId: nodegroup, early: { ...early, nodegroup }, dueAt: at(seconds) });
    const open = [queued('green', 320), queued('blue', 300), begun(queued('red', 200)), aQueuedCheck()];
    expect(status('demo', { open }).sweeps).toEqual({
      ...{ isOn: true, everyMinutes: 30, isLate: false },
      early: [
        { runId: 'blue', nodegroup: 'blue', at: at(300) },
        { runId: 'green', nodegroup: 'green', at: at(320) },
      ],
    });
  });

  it.each([
    ['after three intervals', [sweep()], [], 40 + 3 * 1800, true],
    ['not before', [sweep()], [], 39 + 3 * 1800, false],
    ['where the first one does not end', [], [aCheck(0, { because: because('sweep') })], 3 * 1800, true],
    ['not where the first one was asked for a while ago', [], [aCheck(0, { because: because('sweep') })], 1800, false],
  ])('is late %s', (_, last, open, seconds, isLate) => {
    expect(status('demo', { sweep: last, open }, at(seconds)).sweeps.isLate).toBe(isLate);
    const off = seen('demo', { sweep: last, open });
    const none = { ...off, policy: { ...off.policy, sweeps: false } };
    expect(clusterStatus(none, settings, 30, at(seconds)).sweeps).toMatchObject({ isOn: false, isLate: false });
  });

  it('shows a breaker until a full set of canaries was repaired, and the pauses that hold a repair back', () => {
    const pause = (scope: string, over: Partial<PauseRow> = {}): PauseRow => ({
      ...{ scope, covers: 'repairs', state: 'paused', at: at(0), by: 'mei', reason: 'r' },
      ...over,
    });
    const pauses = [pause('ALL'), pause('CLUSTER#demo', { until: at(900) }), pause('CLUSTER#x', { state: 'resumed' })];
    expect(status('demo', { trust: [opened], pauses })).toMatchObject({
      breakers: [{ remediation: 'pause-image', state: 'open', document: DOCUMENT, runId: 'r-1', openings: 1 }],
      pauses: [{ scope: 'all' }, { scope: 'cluster', until: at(900) }],
    });
    expect(breakerStatus('pause-image', opened, settings, at(901))).toMatchObject({ state: 'closing' });
    const repaired = [...trustAfter(3).values()].flatMap((t) => t.results).map((r, i) => ({ ...r, at: at(910 + i) }));
    expect(breakerStatus('pause-image', { ...opened, results: repaired }, settings, at(950))).toBeUndefined();
    const { breaker, ...never } = opened;
    expect(breakerStatus('pause-image', never, settings, at(1))).toBeUndefined();
    expect(pauseStatus(pause('ALL'))).not.toHaveProperty('until');
  });
});
