import { describe, expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { clusterPolicy } from '../model/policy.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import { clusterStatus } from './cluster-status.ts';
import { needsOf } from './needs.ts';
import { presentState } from './present-state.ts';
import type { ClusterStatus } from './status.ts';

const settings = testSettings();
const status = (over: Partial<ClusterStatus> = {}, cluster = 'demo'): ClusterStatus => {
  const policy = clusterPolicy(settings.policy, cluster);
  if (policy === undefined) throw new Error(`no cluster ${cluster}`);
  const none = { sweep: [], open: [], lanes: [], trust: [], pauses: [], quarantined: [], signalsCut: 0, unread: [] };
  return { ...clusterStatus({ policy, present: presentState([], [], []), ...none }, settings, 30, at(0)), ...over };
};
const needs = (
  clusters: readonly ClusterStatus[],
  quarantined: readonly NodeStateRow[] = [],
  letters: readonly { queue: string; count: number }[] = [],
) => needsOf(clusters, quarantined, letters, at(0));
const sweeps = { isOn: true, everyMinutes: 30, isLate: true };
const breaker = {
  ...{ remediation: 'pause-image', document: 'd', state: 'open' as const, openedAt: at(0), openUntil: at(900) },
  openings: 1,
};

describe('needsOf', () => {
  it('is empty where nothing needs a person', () => {
    expect(needs([status(), status({}, 'watched')], [], [{ queue: 'signals-dlq', count: 0 }])).toEqual([]);
  });

  it('names an open breaker, and the command that explains it', () => {
    expect(needs([status({ breakers: [{ ...breaker, runId: 'r-1' }] })])).toEqual([
      {
        ...{ kind: 'need', need: 'BreakerOpen', severity: 'error', cluster: 'demo', remediation: 'pause-image' },
        ...{ since: at(0), until: at(900), command: 'fleetmend explain demo/pause-image' },
        message: `breaker of pause-image is open until ${at(900)} (first time), since run r-1 failed`,
      },
    ]);
    const closing = { ...breaker, state: 'closing' as const, openings: 2 };
    expect(needs([status({ breakers: [closing] })])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('(2 times in a row); canaries try the document again') },
    ]);
    expect(needs([status({ breakers: [breaker] })])[0]?.message).not.toContain('since run');
  });

  it('names a quarantined node with its advice, and the command that releases it', () => {
    const state = { instanceId: node(1), cluster: 'demo', remediation: 'pause-image', attempts: {} };
    const command = `fleetmend release ${node(1)} -c demo --remediation pause-image --reason "cause removed"`;
    expect(needs([], [{ ...state, quarantinedAt: at(-60), quarantineAdvice: 'fix the role' }])).toMatchObject([
      { since: at(-60), message: `${node(1)} is quarantined for pause-image: fix the role`, command },
    ]);
    expect(needs([], [state])[0]?.message).toContain('its repairs have failed too often');
  });

  it('names late sweeps, from what is known of the last one', () => {
    const last = { runId: 's', startedAt: at(-90), endedAt: at(-60), nodes: 1 };
    const open = { runId: 's', createdAt: at(-30) };
    const messages = [{ ...sweeps, last }, { ...sweeps, open }, sweeps].map(
      (own) => needs([status({ sweeps: own })])[0],
    );
    expect(messages.map((need) => [need?.since, need?.command])).toEqual([
      [at(-60), 'fleetmend doctor'],
      [at(-30), 'fleetmend doctor'],
      [undefined, 'fleetmend doctor'],
    ]);
  });

  it('names a registry hold', () => {
    const registryHolds = [{ remediation: 'pause-image', until: at(900), holds: 1 }];
    expect(needs([status({ registryHolds })])).toMatchObject([{ need: 'RegistryHeld', until: at(900) }]);
  });

  it('names a pause that ends within half an hour, and that of everything once', () => {
    const pause = { covers: 'repairs' as const, by: 'mei', reason: 'r', at: at(-60) };
    const all = { ...pause, scope: 'all' as const, until: at(1800) };
    const own = { ...pause, scope: 'cluster' as const, until: at(60) };
    const later = { ...pause, scope: 'cluster' as const, until: at(1801) };
    const clusters = [status({ pauses: [all, own] }), status({ pauses: [all, later, pause as typeof own] }, 'watched')];
    expect(needs(clusters).map((need) => [need.cluster, need.command])).toEqual([
      [undefined, 'fleetmend pause --all --for 2h --reason "still needed"'],
      ['demo', 'fleetmend pause -c demo --for 2h --reason "still needed"'],
    ]);
  });

  it('names what no repair will remove by itself, as it names what is broken', () => {
    const over = {
      outcomes: { NotRepaired: 1 },
      forbidden: 2,
      unknown: 3,
      unsupported: 4,
      unreachable: 5,
      signalsCut: 6,
    };
    expect(
      needs([status({ ...over, unread: ['reading a row: bad'] })]).map((n) => [n.severity, n.need, n.count]),
    ).toEqual([
      ['error', 'NotRepaired', 1],
      ['error', 'Unreadable', 1],
      ['warning', 'PolicyForbids', 2],
      ['warning', 'Unknown', 3],
      ['warning', 'Unsupported', 4],
      ['warning', 'Unreachable', 5],
      ['warning', 'SignalsCut', 6],
    ]);
    const words = [1, 2].map((signalsCut) => needs([status({ signalsCut })])[0]?.message.slice(0, 27));
    expect(words).toEqual(['1 signal of today left out:', '2 signals of today left out']);
  });

  it('names dead letters', () => {
    const letters = [1, 2].map((count) => ({ queue: `q-${count}`, count }));
    expect(needs([], [], letters).map((need) => need.message)).toEqual(['q-1 has 1 message', 'q-2 has 2 messages']);
  });
});
