import { describe, expect, it } from 'vitest';
import { context, NOW, ok, remembered, ssm, told, unknownToEc2, unmanaged } from '../../test/support/node-facts.ts';
import { at, LIMITS } from '../../test/support/runs.ts';
import {
  budgetOf,
  type DecisionContext,
  decideNode,
  isAnsweredByAttempt,
  isAwaitingAgent,
  type NodeFacts,
  outcomeOf,
} from './decide-node.ts';

describe("a node's own facts decide", () => {
  it.each<[string, NodeFacts, string]>([
    ['in order', ok, 'go'],
    ['that EC2 does not know', unknownToEc2, 'skip Gone'],
    ['of another cluster', { ...ok, inCluster: false }, 'skip NotInCluster'],
    ['of another cluster and terminated', { ...ok, inCluster: false, state: 'terminated' }, 'skip NotInCluster'],
    ['that is shutting down', { ...ok, state: 'shutting-down' }, 'skip Gone'],
    ['that is terminated', { ...ok, state: 'terminated' }, 'skip Gone'],
    ['of Auto Mode', { ...ok, autoMode: true }, 'unsupported Unsupported'],
    ['that is stopped', { ...ok, state: 'stopped' }, 'settle Unreachable'],
    ['that is pending', { ...ok, state: 'pending' }, 'settle Unreachable'],
    ['that SSM does not know', unmanaged, 'skip NotManaged'],
    ['whose agent is away', ssm({ pingStatus: 'ConnectionLost' }), 'settle Unreachable'],
    ['whose agent is inactive', ssm({ pingStatus: 'Inactive' }), 'settle Unreachable'],
    ['of Windows', ssm({ platformType: 'Windows', platformName: 'Microsoft Windows' }), 'unsupported Unsupported'],
    ['of another platform', ssm({ platformType: 'MacOS', platformName: 'macOS' }), 'unsupported Unsupported'],
    ['of Bottlerocket', ssm({ platformName: 'Bottlerocket' }), 'unsupported Unsupported'],
    ['that is opted out', { ...ok, modeTag: 'off' }, 'skip OptedOut'],
    ['with an unreadable tag', { ...ok, modeTag: 'Repair' }, 'skip OptedOut'],
    ['with an empty tag', { ...ok, modeTag: '' }, 'skip OptedOut'],
    ['that says repair itself', { ...ok, modeTag: 'repair' }, 'go'],
    ['opted out and out of reach', { ...unmanaged, modeTag: 'off' }, 'skip OptedOut'],
    ['opted out and of another cluster', { ...ok, inCluster: false, modeTag: 'off' }, 'skip NotInCluster'],
  ])('%#: one %s', (_name, facts, expected) => {
    expect(told(facts)).toBe(expected);
    // Policy and history cannot override the node's own facts. A check depends on these facts alone.
    expect(told(facts, { action: 'check', mayRepair: false })).toBe(expected);
  });

  it('a node whose tag allows only observation is checked', () => {
    expect(told({ ...ok, modeTag: 'observe' })).toBe('check OptedOut');
    expect(told({ ...ok, modeTag: 'observe' }, { isFinding: true })).toBe('skip OptedOut');
    expect(told({ ...ok, modeTag: 'observe' }, { action: 'check' })).toBe('go');
  });
});

describe('a decision says why, and what to do', () => {
  const until = { awaitAgentUntil: at(7200) };
  const attempt = remembered({ 'r-1': { at: at(7000), outcome: 'NotRepaired' } });
  it.each<[NodeFacts, Partial<DecisionContext>, string]>([
    [unknownToEc2, {}, 'EC2 has no such instance: it was terminated, or belongs to another account or Region'],
    [{ ...ok, inCluster: false }, {}, "the instance's tags do not say that it belongs to this cluster"],
    [{ ...ok, state: 'shutting-down' }, {}, 'the instance is shutting-down'],
    [{ ...ok, state: 'stopped' }, {}, 'the instance is stopped'],
    [{ ...unmanaged, state: 'stopped' }, until, 'the instance is stopped'],
    [{ ...unmanaged, state: 'pending' }, until, "the new node's SSM agent did not come online in time"],
    [unmanaged, until, "the new node's SSM agent did not come online in time"],
    [ssm({ pingStatus: 'Inactive' }), until, "the new node's SSM agent did not come online in time"],
    [ssm({ pingStatus: 'Inactive' }), {}, "the SSM agent's ping status is Inactive"],
    [unmanaged, {}, 'SSM does not know the instance: give its role AmazonSSMManagedInstanceCore'],
    [{ ...ok, modeTag: 'off' }, {}, 'its tag fleetmend:mode is off'],
    [{ ...ok, modeTag: 'Off' }, {}, 'its tag fleetmend:mode has a value that is not off, observe or repair'],
    [{ ...ok, modeTag: 'observe' }, {}, 'its tag fleetmend:mode is observe: a check was asked for'],
    [ok, { mayRepair: false }, 'the policy says observe for this remediation on this cluster: a check was asked for'],
    [
      ok,
      { mayRepair: false, forbidden: { skipReason: 'NotAllowed', why: 'x is false' } },
      'x is false: a check was asked for',
    ],
    [
      ok,
      { mayRepair: false, isFinding: true },
      'the policy says observe for this remediation on this cluster: what the check found stands',
    ],
    [
      ok,
      { nodeState: remembered({}, { quarantinedAt: at(1) }) },
      `quarantined since ${at(1)}: see its history; release`,
    ],
    [ok, { nodeState: attempt, lastSeenAt: at(6999) }, 'the symptom was last seen before the end of the last repair'],
    [ok, { nodeState: attempt }, 'a repair was attempted less than 900 s ago'],
    [
      ok,
      { lastSeenAt: at(0) },
      `the symptom was last seen at ${at(0)}, too long ago for a repair: a check was asked for`,
    ],
  ])('%#', (seen, over, expected) => {
    const { message } = decideNode(seen, context(over)) as { readonly message: string };
    expect(message.startsWith(expected)).toBe(true);
  });

  it.each<[NodeFacts, string]>([
    [{ ...unknownToEc2, instanceId: 'mi-0123456789abcdef0' }, 'HybridNode'],
    [ssm({ platformName: 'Bottlerocket' }), 'BottlerocketNode'],
    [ssm({ platformType: 'Windows', platformName: 'Microsoft Windows' }), 'WindowsNode'],
    [ssm({ platformType: 'MacOS', platformName: 'macOS' }), 'PlatformUnsupported'],
    [{ ...ok, autoMode: true }, 'AutoModeNode'],
  ])('about a kind of node that is not supported, %#', (seen, reason) => {
    const decision = decideNode(seen, context());
    expect(decision).toMatchObject({ kind: 'unsupported', reason });
    expect(outcomeOf(decision as never)).toEqual({ outcome: 'Unsupported' });
  });

  it('as the outcome of a node that is skipped', () => {
    expect(outcomeOf({ kind: 'skip', skipReason: 'Gone', message: '' })).toEqual({
      outcome: 'Skipped',
      skipReason: 'Gone',
    });
  });
});

it.each<[string, NodeFacts, string]>([
  ['that EC2 does not show', { ...unknownToEc2, instanceId: 'mi-0123456789abcdef0' }, 'unsupported Unsupported'],
  ['that is terminated', { ...ok, state: 'terminated' }, 'skip Gone'],
  ['of two clusters', { ...ok, clusters: ['demo', 'other'] }, 'skip Unreadable'],
])('the tag of a node %s does not opt it out', (_, facts, expected) => {
  expect(told({ ...facts, modeTag: 'off' })).toBe(expected);
});

describe('policy and history decide on a repair, in this order', () => {
  const attempt = (seconds: number, outcome: 'Repaired' | 'NotRepaired' = 'NotRepaired') =>
    remembered({ 'r-1': { at: at(seconds), outcome } });
  const cases: [string, Partial<DecisionContext>, string][] = [
    ['policy says observe', { mayRepair: false }, 'check Observe'],
    ['policy says observe and a check found it', { mayRepair: false, isFinding: true }, 'skip Observe'],
    ['the node is in quarantine', { nodeState: remembered({}, { quarantinedAt: at(1) }) }, 'skip Quarantined'],
    ['the symptom is older than the repair', { nodeState: attempt(7195, 'Repaired') }, 'skip Stale'],
    ['the symptom is as old as the repair', { nodeState: attempt(7190, 'Repaired') }, 'skip Stale'],
    ['the symptom is older than an attempt that failed', { nodeState: attempt(7195) }, 'skip Stale'],
    ['a repair was tried just now', { nodeState: attempt(7189), lastSeenAt: at(7190) }, 'skip CoolingDown'],
    ['the news is old', { lastSeenAt: at(7200 - 1801) }, 'check Stale'],
    ['the node group updates', { maintenance: 'it is UPDATING' }, 'skip Maintenance'],
    ['nothing is against it', {}, 'go'],
  ];
  it.each(cases)('%s', (_name, over, expected) => {
    expect(told(ok, over)).toBe(expected);
  });

  it.each(cases.slice(0, -1))('%s comes before all that follows it', (name, over, expected) => {
    const later = cases.slice(cases.findIndex(([n]) => n === name) + 1, -1);
    // Decisions on the same field of the history cannot be combined.
    const others = later.map(([, o]) => o).filter((o) => !Object.keys(o).some((key) => Object.hasOwn(over, key)));
    expect(told(ok, Object.assign({}, ...others, over))).toBe(expected);
  });

  it('a symptom may be as old as the limit, and maintenance is looked at again after a cool-down', () => {
    expect(told(ok, { lastSeenAt: at(7200 - 1800) })).toBe('go');
    expect(decideNode(ok, context({ maintenance: 'it is UPDATING' }))).toMatchObject({ notBefore: at(8100) });
  });

  it('a cool-down has an end, and is over at that time', () => {
    const nodeState = remembered({
      'r-1': { at: at(7000), outcome: 'TimedOut' },
      'r-2': { at: at(6000), outcome: 'Unknown' },
    });
    expect(decideNode(ok, context({ nodeState }))).toMatchObject({ skipReason: 'CoolingDown', notBefore: at(7900) });
    expect(told(ok, { nodeState, now: at(7900), lastSeenAt: at(7890) })).toBe('go');
    expect(told(ok, { nodeState, now: at(7899), lastSeenAt: at(7890) })).toBe('skip CoolingDown');
  });

  it("an operator's request has no age, but the cool-down and the quarantine hold for it too", () => {
    const { lastSeenAt, ...asked } = context();
    expect(decideNode(ok, asked).kind).toBe('go');
    expect(decideNode(ok, { ...asked, nodeState: attempt(7195, 'Repaired') })).toMatchObject({
      skipReason: 'CoolingDown',
    });
    expect(
      decideNode(ok, {
        ...asked,
        nodeState: remembered({}, { quarantinedAt: at(1), quarantineAdvice: 'grow the disk' }),
      }),
    ).toMatchObject({
      skipReason: 'Quarantined',
      message: expect.stringContaining('grow the disk'),
    });
  });
});

it.each<[string, string | undefined, boolean]>([
  [at(10), undefined, false],
  [at(10), at(9), false],
  [at(10), at(10), true],
  [at(10), at(11), true],
])('news of %s after a repair at %s is old: %s', (seen, repaired, expected) => {
  const state = repaired === undefined ? undefined : remembered({ 'r-1': { at: repaired, outcome: 'Relapsed' } });
  expect(isAnsweredByAttempt(seen, state)).toBe(expected);
});

it.each(['NotRepaired', 'TimedOut', 'Unknown'] as const)(
  'an attempt that ended %s answers what was seen before',
  (outcome) => {
    const state = remembered({ 'r-1': { at: at(5), outcome } });
    expect([isAnsweredByAttempt(at(5), state), isAnsweredByAttempt(at(6), state)]).toEqual([true, false]);
  },
);

describe('a new node', () => {
  const until = { awaitAgentUntil: at(7260) };
  const offline = ssm({ pingStatus: 'ConnectionLost' });
  it.each<[string, NodeFacts, Partial<DecisionContext>, string]>([
    ['that EC2 still starts is waited for', { ...ok, state: 'pending' }, until, `wait until ${at(7260)}`],
    ['that SSM does not know yet is waited for', unmanaged, until, `wait until ${at(7260)}`],
    ['is checked once its agent is online', ok, until, 'go'],
    ['is unreachable where SSM never knew it', unmanaged, { awaitAgentUntil: at(7200) }, 'settle Unreachable'],
    ['is unreachable where its agent went away', offline, { awaitAgentUntil: at(7200) }, 'settle Unreachable'],
    [
      'of Bottlerocket is unsupported, even where its agent never came online',
      ssm({ platformName: 'Bottlerocket', pingStatus: 'ConnectionLost' }),
      { awaitAgentUntil: at(7200) },
      'unsupported Unsupported',
    ],
    [
      'is unreachable where it never came up',
      { ...ok, state: 'pending' },
      { awaitAgentUntil: at(7200) },
      'settle Unreachable',
    ],
    ['is unreachable where it was stopped meanwhile', { ...unmanaged, state: 'stopped' }, until, 'settle Unreachable'],
    ['is gone where it was terminated meanwhile', { ...ok, state: 'terminated' }, until, 'skip Gone'],
    ['of Auto Mode is unsupported at once', { ...unmanaged, autoMode: true }, until, 'unsupported Unsupported'],
    ['of another cluster is left alone at once', { ...ok, inCluster: false }, until, 'skip NotInCluster'],
  ])('%s', (_, facts, over, expected) => {
    expect(told(facts, { action: 'check', ...over })).toBe(expected);
  });

  it('is waited for only until the time that is given', () => {
    expect(isAwaitingAgent(unmanaged, undefined, NOW)).toBe(false);
    expect(isAwaitingAgent(unmanaged, at(7201), NOW)).toBe(true);
    expect(isAwaitingAgent({ ...unmanaged, state: 'stopped' }, at(7201), NOW)).toBe(false);
  });

  it('whose agent never came online is unreachable, with the missing prerequisites', () => {
    const decision = decideNode(unmanaged, context({ action: 'check', awaitAgentUntil: at(7200) }));
    expect(decision).toMatchObject({ message: expect.stringContaining('AmazonSSMManagedInstanceCore') });
  });
});

it.each([
  [0, 1],
  [1, 1],
  [19, 1],
  [20, 2],
  [499, 49],
  [500, 50],
  [10_000, 50],
])('a cluster of %i nodes has a budget of %i', (count, budget) => {
  expect(budgetOf(count, LIMITS)).toBe(budget);
});
