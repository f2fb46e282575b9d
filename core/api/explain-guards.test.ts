import { describe, expect, it } from 'vitest';
import { at, node, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import type { NodeFacts } from '../guards/decide-node.ts';
import { ClusterPolicy } from '../model/policy.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { Guard } from './explain.ts';
import { type LaneSeen, laneGuards, nodeGuards } from './explain-guards.ts';

const rules = testSettings();
const { limits } = rules.policy;
const moment = { rules, now: START };
const only = (guards: readonly Guard[], name: Guard['guard']): Guard =>
  guards.find(({ guard }) => guard === name) ?? expect.fail(name);

const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';
const policyOf = (over: object = {}) =>
  ClusterPolicy.parse({ ...rules.policy.clusters.find(({ name }) => name === 'demo'), ...over });
const ofLane = (name: Guard['guard'], over: Partial<LaneSeen> = {}): Guard =>
  only(
    laneGuards(
      {
        ...{ policy: policyOf(), remediation: 'pause-image', disruptive: false, document: DOCUMENT, lane: undefined },
        ...{ trust: undefined, openElsewhere: 0, pause: undefined, waiting: 0 },
        ...{ cluster: { cluster: 'demo', version: 1, slots: {}, nodeCount: 40 }, ...over },
      },
      moment,
    ),
    name,
  );
const passes = (name: Guard['guard'], text: string, numbers?: object) =>
  expect.objectContaining({ guard: name, passes: true, text, ...(numbers === undefined ? {} : { numbers }) });
const holds = (name: Guard['guard'], text: string, more: object = {}) =>
  expect.objectContaining({ guard: name, passes: false, text, ...more });

describe('the guards of a lane, where they let a repair pass and where they hold it', () => {
  it('policy', () => {
    expect(ofLane('policy')).toEqual(passes('policy', 'mode repair'));
    expect(ofLane('policy', { policy: policyOf({ mode: 'observe' }) })).toEqual(holds('policy', 'mode observe'));
  });

  it('disruptive, only where the repair restarts something', () => {
    const cri = { remediation: 'cri-dockerd', disruptive: true };
    expect(() => ofLane('disruptive')).toThrow();
    const text = (allows: boolean) => `allowDisruptive is ${allows}, and it restarts something`;
    expect(ofLane('disruptive', { ...cri, policy: policyOf({ remediations: {} }) })).toEqual(
      holds('disruptive', text(false)),
    );
    const policy = policyOf({ remediations: { 'cri-dockerd': { allowDisruptive: true } } });
    expect(ofLane('disruptive', { ...cri, policy })).toEqual(passes('disruptive', text(true)));
  });

  it('breaker, with the failures among the last results', () => {
    const result = (n: number, end: 'failed' | 'repaired') => ({
      ...{ instanceId: node(n), runId: 'r-1', at: at(-60), end, isCanary: true },
    });
    const trust: TrustRow = {
      ...{ document: DOCUMENT, cluster: 'demo', version: 1 },
      results: [result(1, 'failed'), result(2, 'repaired'), result(3, 'repaired')],
    };
    const shut = passes('breaker', 'breaker shut, 1 of the last 3 nodes failed', {
      ...{ results: 3, failed: 1, openings: 0 },
    });
    expect(ofLane('breaker', { trust })).toEqual(shut);
    const breaker = { openedAt: at(-9), openUntil: at(900), openings: 2, runId: 'r-1' };
    const numbers = { results: 3, failed: 1, openings: 2 };
    expect(ofLane('breaker', { trust: { ...trust, breaker } })).toEqual(
      holds('breaker', `breaker open until ${at(900)}`, { numbers, until: at(900) }),
    );
  });

  it('registry, until the moment at which its hold ends', () => {
    const lane = (until: string) =>
      ({ lane: { registryHold: { until, since: at(-9), holds: 1, runId: 'r-1' } } }) as unknown as Partial<LaneSeen>;
    const text = `the registry does not answer: nodes that need it wait until ${at(1)}`;
    expect(ofLane('registry', lane(at(1)))).toEqual(holds('registry', text, { until: at(1) }));
    expect(ofLane('registry', lane(at(0)))).toEqual(passes('registry', 'no registry hold'));
  });

  it('freeze, of a disruptive repair alone', () => {
    const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
    const policy = policyOf({ freezeWindows: [{ days, fromUtc: '00:00', toUtc: '23:59' }] });
    expect(ofLane('freeze', { policy, disruptive: true })).toEqual(holds('freeze', 'a freeze window holds'));
    expect(ofLane('freeze', { policy })).toEqual(passes('freeze', 'no freeze window holds'));
  });

  it('budget and canaries, with their numbers', () => {
    expect(ofLane('budget')).toEqual(
      passes('budget', '0 of at most 4 nodes of the cluster under repair', { held: 0, budget: 4 }),
    );
    expect(ofLane('canaries')).toEqual(
      passes('canaries', 'slow start: one canary at a time', { window: expect.any(Number) }),
    );
  });
});

const SSM = { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' };
const facts: NodeFacts = { instanceId: node(1), state: 'running', inCluster: true, autoMode: false, ssm: SSM };
const ofNode = (name: Guard['guard'], of: { facts?: NodeFacts | undefined; state?: Partial<NodeStateRow> }): Guard => {
  const state = { instanceId: node(1), cluster: 'demo', remediation: 'pause-image', attempts: {}, ...of.state };
  return only(nodeGuards('facts' in of ? of.facts : facts, state, moment), name);
};

describe('the guards of a node, where they let a repair pass and where they hold it', () => {
  it('tag', () => {
    expect(ofNode('tag', {})).toEqual(passes('tag', 'no tag'));
    expect(ofNode('tag', { facts: { ...facts, modeTag: 'repair' } })).toEqual(passes('tag', 'tag repair'));
    for (const modeTag of ['observe', 'off'] as const)
      expect(ofNode('tag', { facts: { ...facts, modeTag } })).toEqual(holds('tag', `tag ${modeTag}`));
  });

  it('reachable: the instance runs, and its agent is online', () => {
    const { ssm: _, ...unmanaged } = facts;
    const reach = (of: NodeFacts | undefined) => ofNode('reachable', { facts: of });
    expect(reach(facts)).toEqual(passes('reachable', 'instance running, agent Online'));
    expect(reach({ ...facts, state: 'stopped' })).toEqual(holds('reachable', 'instance stopped, agent Online'));
    expect(reach({ ...unmanaged, ssm: { ...SSM, pingStatus: 'ConnectionLost' } })).toEqual(
      holds('reachable', 'instance running, agent ConnectionLost'),
    );
    expect(reach(unmanaged)).toEqual(holds('reachable', 'instance running, agent not managed by SSM'));
    expect(reach(undefined)).toEqual(holds('reachable', 'instance unknown to EC2, agent not managed by SSM'));
  });

  it('quarantine', () => {
    expect(ofNode('quarantine', {})).toEqual(passes('quarantine', 'not quarantined'));
    expect(ofNode('quarantine', { state: { quarantinedAt: at(-5) } })).toEqual(
      holds('quarantine', `quarantined since ${at(-5)}`),
    );
  });

  const failed = (seconds: number) => ({ at: at(seconds), outcome: 'NotRepaired' }) as const;

  it('cool-down, until the moment at which it ends', () => {
    const numbers = { coolDownSeconds: limits.coolDownSeconds };
    const none = passes('cool-down', 'no attempt to cool down from', numbers);
    expect(ofNode('cool-down', {})).toEqual(none);
    expect(ofNode('cool-down', { state: { attempts: { r: failed(-limits.coolDownSeconds) } } })).toEqual(none);
    expect(ofNode('cool-down', { state: { attempts: { r: failed(1 - limits.coolDownSeconds) } } })).toEqual(
      holds('cool-down', `cools down until ${at(1)}`, { numbers, until: at(1) }),
    );
  });

  it('attempts: those that failed, as long as they count', () => {
    const window = limits.attemptWindowSeconds;
    const state = (...attempts: NodeStateRow['attempts'][string][]) => ({
      state: { attempts: Object.fromEntries(attempts.map((one, n) => [`r-${n}`, one])) },
    });
    const text = (count: number) => `${count} of 3 failed attempts in 24 h`;
    const good = { at: at(-9), outcome: 'Repaired' } as const;
    expect(ofNode('attempts', state(failed(-9), failed(-8), good))).toEqual(
      passes('attempts', text(2), { failed: 2, limit: 3 }),
    );
    expect(ofNode('attempts', state(failed(-9), failed(-8), failed(-7)))).toEqual(
      holds('attempts', text(3), { numbers: { failed: 3, limit: 3 } }),
    );
    // The row keeps an attempt until the next one is stored.
    expect(ofNode('attempts', state(failed(-window), failed(-window - 9), failed(1 - window)))).toEqual(
      passes('attempts', text(1), { failed: 1, limit: 3 }),
    );
  });
});
