import { describe, expect, it } from 'vitest';
import { aCheck, aRun, at, because, node, over, START, stopBy, trustAfter } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import type { NodeFacts } from '../guards/decide-node.ts';
import { ClusterPolicy } from '../model/policy.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { EndedRun, QueuedRun } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { LaneSeen } from './explain-guards.ts';
import { explainLane, explainRun } from './explain-lane.ts';
import { explainNode, type LastResult, type NodeSeen } from './explain-node.ts';

const rules = testSettings();
const deployment = { version: '0.2.0', configuration: 'abc' };
const next = { what: 'the next sweep of the cluster', at: at(1800) };
const DOCUMENT = 'fleetmend-pause-image-repair-aaaaaaaaaaaa';
const lane = (cluster = 'demo', over: Partial<LaneSeen> = {}): LaneSeen => ({
  policy: ClusterPolicy.parse(rules.policy.clusters.find(({ name }) => name === cluster)),
  ...{ remediation: 'pause-image', disruptive: false, document: DOCUMENT, lane: undefined, trust: undefined },
  ...{ openElsewhere: 0, pause: undefined, waiting: 0, cluster: { cluster, version: 1, slots: {}, nodeCount: 40 } },
  ...over,
});
const cri = (cluster: string) => lane(cluster, { remediation: 'cri-dockerd', disruptive: true });
const facts: NodeFacts = {
  ...{ instanceId: node(1), state: 'running', inCluster: true, autoMode: false },
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
};
const broken: LastResult = { outcome: 'Broken', reason: 'SandboxImageMissing', at: at(-60), advice: 'run the repair' };
const seen = (over: Partial<NodeSeen> = {}): NodeSeen => ({
  ...{ instanceId: node(1), facts, state: undefined, row: undefined, last: broken, seen: undefined },
  ...over,
});
const explained = (of: LaneSeen, over: Partial<NodeSeen> = {}, now = START) =>
  explainNode(of, seen(over), { rules, now, deployment, next });
const state = (over: Partial<NodeStateRow>): NodeStateRow => ({
  ...{ instanceId: node(1), cluster: 'demo', remediation: 'pause-image', attempts: {} },
  ...over,
});
const pause: PauseRow = { scope: 'ALL', covers: 'repairs', state: 'paused', at: at(-9), by: 'mei', reason: 'r' };
const opened: TrustRow = {
  ...{ document: DOCUMENT, cluster: 'demo', version: 1 },
  results: [{ instanceId: node(7), runId: 'r-7', at: at(-9), end: 'failed', isCanary: true }],
  breaker: { openedAt: at(-9), openUntil: at(900), openings: 1, runId: 'r-7' },
};
const failing = (verdict: { guards: readonly { guard: string; passes: boolean }[] }) =>
  verdict.guards.filter(({ passes }) => !passes).map(({ guard }) => guard);

describe('explainNode', () => {
  it('says that a broken node is repaired next, with every guard and its numbers', () => {
    const verdict = explained(lane());
    expect(verdict).toMatchObject({
      ...{ decision: 'go', isNeeded: true, text: 'Broken: fleetmend repairs it next.', rule: { rule: 'none' } },
      ...{ because: 'nothing holds the repair back', deployment, next, toAct: [] },
    });
    expect(failing(verdict)).toEqual([]);
    expect(verdict.guards.map(({ guard, text }) => `${guard}: ${text}`)).toEqual([
      'policy: mode repair',
      'pause: no pause',
      'breaker: breaker shut, 0 of the last 0 nodes failed',
      'registry: no registry hold',
      'freeze: no freeze window holds',
      'budget: 0 of at most 4 nodes of the cluster under repair',
      'canaries: slow start: one canary at a time',
      'tag: no tag',
      'reachable: instance running, agent Online',
      'quarantine: not quarantined',
      'cool-down: no attempt to cool down from',
      'attempts: 0 of 3 failed attempts in 24 h',
    ]);
  });

  it('counts one node as one node', () => {
    const small = { cluster: 'demo', version: 1, slots: {}, nodeCount: 3 };
    const one = { ...opened, breaker: undefined, results: opened.results.slice(0, 1) };
    const texts = explained(lane('demo', { cluster: small, trust: one })).guards.map(({ text }) => text);
    expect(texts).toContain('breaker shut, 1 of the last 1 node failed');
    expect(texts).toContain('0 of at most 1 node of the cluster under repair');
  });

  it('names the line of the configuration that forbids a disruptive repair', () => {
    const verdict = explained(cri('careful'), { last: { ...broken, reason: 'CRIDockerdDown' } });
    const setting = 'clusters[name=careful].remediations.cri-dockerd.allowDisruptive';
    expect(verdict).toMatchObject({
      ...{ decision: 'skip', text: 'Broken: fleetmend will not act.', skipReason: 'NotAllowed' },
      ...{ because: `${setting} is false, and its repair restarts something` },
      ...{ rule: { rule: 'policy.disruptive', setting, value: false } },
      toAct: ['allow it in the configuration, and deploy', 'run the repair'],
    });
    expect(failing(verdict)).toEqual(['disruptive']);
    expect(explained(cri('demo')).decision).toBe('go');
  });

  it('names the mode where the policy observes, whether a check has found something or not', () => {
    const rule = { rule: 'policy.mode', setting: 'clusters[name=watched].mode', value: 'observe' };
    expect(explained(lane('watched'))).toMatchObject({ decision: 'skip', skipReason: 'Observe', rule });
    expect(explained(lane('watched'), { last: undefined })).toMatchObject({
      ...{ decision: 'skip', isNeeded: false, rule },
      text: 'No fault is known, and no check of the node is on record.',
    });
  });

  it('says that there is nothing to repair on a healthy node', () => {
    const last: LastResult = { outcome: 'Healthy', at: at(-60) };
    expect(explained(lane(), { last })).toMatchObject({
      ...{ isNeeded: false, outcome: 'Healthy', because: 'no fault of this remediation is known' },
    });
  });

  it('takes a node that gave no answer for unknown, and not for one without a fault', () => {
    const textOf = (outcome: NodeSeen['seen']) => explained(lane(), { last: undefined, seen: outcome }).text;
    for (const outcome of ['TimedOut', 'Unreachable', 'Unknown', 'Unsupported'] as const)
      expect(textOf(outcome)).toBe(`Not known: the last result of the node is ${outcome}.`);
    // Another remediation was repaired, or has a finding.
    expect([textOf('Repaired'), textOf('Broken')]).toEqual(['Nothing to repair.', 'Nothing to repair.']);
  });

  it('does not take a failed repair for a finding of a check', () => {
    expect(explained(lane(), { last: { outcome: 'NotRepaired', at: at(-60) } })).toMatchObject({
      ...{ decision: 'go', isNeeded: true, text: 'NotRepaired: fleetmend repairs it next.' },
    });
  });

  it('says what a person can do about a tag, a quarantine and an unsupported node', () => {
    expect(explained(lane(), { facts: { ...facts, modeTag: 'off' } })).toMatchObject({
      ...{ skipReason: 'OptedOut', rule: { rule: 'node.tag' } },
      toAct: ['remove the EC2 tag fleetmend:mode of the instance, or set it to repair'],
    });
    expect(explained(lane(), { state: state({ quarantinedAt: at(-9) }) })).toMatchObject({
      ...{ skipReason: 'Quarantined', rule: { rule: 'guard.quarantine' } },
      toAct: [
        'replace the node by its node group',
        `aws autoscaling terminate-instance-in-auto-scaling-group --instance-id ${node(1)} --no-should-decrement-desired-capacity`,
        'or remove the cause, and release the node',
        `fleetmend release ${node(1)} -c demo --remediation pause-image --reason "cause removed"`,
      ],
    });
    const auto = explained(lane(), {
      facts: { ...facts, autoMode: true, modeTag: 'repair' },
      last: { outcome: 'Broken', at: at(-1) },
    });
    expect(auto).toMatchObject({ decision: 'skip', rule: { rule: 'node.facts' } });
    expect(auto.toAct).toHaveLength(1);
    expect(auto).not.toHaveProperty('skipReason');
  });

  it('says when a cool-down ends, and how many attempts have failed', () => {
    const attempts = { 'r-1': { at: at(-60), outcome: 'NotRepaired' as const } };
    const verdict = explained(lane(), { state: state({ attempts }), last: { ...broken, at: at(-30) } });
    expect(verdict).toMatchObject({ decision: 'skip', skipReason: 'CoolingDown', next: { at: at(840) } });
    expect(verdict.guards.filter(({ passes, guard }) => !passes || guard === 'attempts')).toMatchObject([
      { guard: 'cool-down', until: at(840), numbers: { coolDownSeconds: 900 } },
      { guard: 'attempts', numbers: { failed: 1, limit: 3 } },
    ]);
    const over = explained(lane(), { state: state({ attempts }), last: { ...broken, at: at(900) } }, at(900));
    expect([over.decision, failing(over)]).toEqual(['go', []]);
  });

  it('checks a node again whose finding is old, and waits for a fact that could not be read', () => {
    expect(explained(lane(), { last: { ...broken, at: at(-3600) } })).toMatchObject({
      ...{ decision: 'check', skipReason: 'Stale', rule: { rule: 'guard.stale' } },
    });
    const unread = { kind: 'retry' as const, problem: 'EC2: throttled' };
    expect(explained(lane(), { facts: { ...facts, unread } })).toMatchObject({
      ...{ decision: 'wait', rule: { rule: 'node.facts' }, next: { what: 'pause-image looks at the node again' } },
    });
  });

  it('calls a node gone that EC2 does not show', () => {
    const verdict = explained(lane(), { facts: undefined });
    expect(verdict).toMatchObject({ decision: 'skip', skipReason: 'Gone', rule: { rule: 'node.facts' } });
    expect(verdict.guards.find(({ guard }) => guard === 'reachable')?.text).toBe(
      'instance unknown to EC2, agent not managed by SSM',
    );
  });

  it('waits with its row for what holds the lane back', () => {
    const row: PendingNode = {
      ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node(1), reason: 'X', version: 'v', signals: 1 },
      ...{ firstSeenAt: at(-9), lastSeenAt: at(-9), source: 's', because: { kind: 'log' }, notBefore: at(60) },
    };
    expect(explained(lane('demo', { pause }), { row, last: undefined })).toMatchObject({
      ...{ decision: 'wait', isNeeded: true, text: 'Reported: fleetmend waits.', rule: { rule: 'guard.pause' } },
      ...{ because: `paused by mei at ${at(-9)}: r`, reason: 'X', next: { at: at(60) } },
      toAct: ['fleetmend explain demo/pause-image'],
    });
    const until = explained(lane('demo', { pause: { ...pause, until: at(99) } }));
    expect(until.next.at).toBe(at(99));
  });
});

describe('explainLane', () => {
  const shown = (of: LaneSeen, queued = 0, now = START) => explainLane({ ...of, queued }, { rules, now, deployment });

  it('says that repairs go on, and how many nodes wait', () => {
    const state = { lane: 'demo/pause-image', cluster: 'demo', remediation: 'pause-image', version: 1 };
    const of = lane('demo', { lane: { ...state, dueAt: at(5), activeRunId: 'r-1' }, waiting: 2 });
    expect(shown(of, 1)).toMatchObject({
      ...{ text: 'Repairs go on.', rule: { rule: 'none' }, next: { what: 'the lane looks again', at: at(5) } },
      ...{ activeRunId: 'r-1', waiting: 2, queued: 1, failed: [], repaired: 0, toAct: [] },
    });
    expect(shown(lane()).next).toEqual({ what: 'nothing waits' });
    // A time that has passed is no next look.
    const due = lane('demo', { lane: { ...state, dueAt: at(-40), activeRunId: 'r-1' }, waiting: 2 });
    expect(shown(due).next).toEqual({ what: 'the lane looks again', at: START });
    const busy = { ...state, dueAt: at(9), activeRunId: 'r-9' };
    expect(shown(lane('demo', { lane: busy })).next).toEqual({ what: 'the run r-9 goes on; nothing else waits' });
  });

  it('explains an open breaker by the nodes that failed, and the run that opened it', () => {
    const verdict = shown(lane('demo', { trust: opened }));
    expect(verdict).toMatchObject({
      ...{ text: 'Repairs wait.', rule: { rule: 'guard.breaker' }, because: `breaker open until ${at(900)}` },
      ...{ failed: [{ instanceId: node(7), isCanary: true }], toAct: ['fleetmend run r-7'], next: { at: at(900) } },
    });
    expect(failing(verdict)).toEqual(['breaker', 'canaries']);
  });

  it('explains a registry hold, a freeze window and a budget that is used up', () => {
    const state = { lane: 'demo/pause-image', cluster: 'demo', remediation: 'pause-image', version: 1 };
    const registryHold = { until: at(60), holds: 1, runId: 'r-1', silentAt: at(-1) };
    expect(failing(shown(lane('demo', { lane: { ...state, registryHold } })))).toEqual(['registry']);
    expect(failing(shown(lane('demo', { lane: { ...state, registryHold } }), 0, at(61)))).toEqual([]);
    const own = cri('demo');
    const freezeWindows = [{ days: ['Sat' as const], fromUtc: '00:00', toUtc: '23:59' }];
    expect(failing(shown({ ...own, policy: { ...own.policy, freezeWindows } }))).toEqual(['freeze']);
    const slots = { 'r-1': { lane: 'x', count: 1, until: at(60), runVersion: 1 } };
    const cluster = { cluster: 'demo', version: 1, slots };
    expect(failing(shown(lane('demo', { cluster })))).toEqual(['budget']);
    expect(failing(shown(lane('demo', { cluster: undefined })))).toEqual([]);
  });

  it('names what forbids and what pauses', () => {
    expect(shown(lane('watched', { pause }))).toMatchObject({
      ...{ text: 'fleetmend will not repair here.', rule: { rule: 'policy.mode' }, mode: 'observe' },
      toAct: ['allow it in the configuration, and deploy', 'fleetmend resume --all'],
    });
    const own = shown(lane('demo', { pause: { ...pause, scope: 'CLUSTER#demo' }, document: undefined }));
    expect(own.toAct).toEqual(['fleetmend resume -c demo']);
  });

  it('shows the window after the canaries', () => {
    const results = [...trustAfter(5).values()].flatMap((row) => row.results);
    const verdict = shown(lane('demo', { trust: { ...opened, results, breaker: undefined } as TrustRow, waiting: 9 }));
    expect(verdict.repaired).toBe(5);
    expect(verdict.guards.find(({ guard }) => guard === 'canaries')).toMatchObject({ text: 'window of 4 nodes' });
  });
});

describe('explainRun', () => {
  it('says what a run waits for, and how to stop it', () => {
    const run = aRun(2);
    expect(explainRun(run, START)).toMatchObject({
      ...{ status: 'active', pending: 2, text: 'It is active.', startedAt: START },
      ...{
        next: { what: 'its commands are read again', at: START },
        toAct: ['fleetmend run r-1 -w', 'fleetmend cancel r-1'],
      },
    });
    const { startedAt, ...unplanned } = aCheck(0, { because: because('sweep') });
    const queued = explainRun(QueuedRun.parse({ ...unplanned, status: 'queued' }), START);
    expect(queued).toMatchObject({ next: { what: 'it is planned' } });
    expect(explainRun(run, at(60)).next).toEqual({ what: 'its commands are read again', at: at(60) });
    expect(queued).not.toHaveProperty('startedAt');
    expect(explainRun({ ...run, stopped: { reason: 'Paused', at: START } }, START).text).toBe(
      `It is active, Paused at ${START}.`,
    );
  });

  it('says how a run ended', () => {
    expect(explainRun(over(aRun(0)), START)).toMatchObject({
      end: 'Done',
      endedAt: START,
      text: 'It has ended: Done.',
    });
    const stopped = EndedRun.parse({
      ...aRun(0),
      status: 'ended',
      end: 'Stopped',
      endedAt: at(5),
      stopped: stopBy('Paused'),
    });
    expect(explainRun(stopped, START)).toMatchObject({
      ...{ text: `It has ended: Stopped, Paused at ${START}.`, next: { what: 'nothing is left to do' } },
      toAct: ['fleetmend run r-1'],
    });
  });
});
