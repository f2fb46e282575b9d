import { describe, expect, it } from 'vitest';
import { context, ok, remembered, told, unknownToEc2, unmanaged } from '../../test/support/node-facts.ts';
import { at } from '../../test/support/runs.ts';
import { type DecisionContext, decideNode, type NodeFacts, settledAs } from './decide-node.ts';

describe('a fact that could not be read', () => {
  const retry = { kind: 'retry', problem: 'EC2: Throttling' } as const;
  const refused = { kind: 'refused', problem: 'EC2: AccessDenied' } as const;
  const unseen = (unread: NodeFacts['unread']): NodeFacts => ({
    ...unknownToEc2,
    inCluster: false,
    ...(unread && { unread }),
  });

  it.each<[string, NodeFacts, Partial<DecisionContext>, RegExp]>([
    ['of EC2, for now', unseen(retry), {}, /^wait until /],
    ['of EC2, for an operator', unseen(retry), { lastSeenAt: '' }, /^wait until /],
    ['of EC2, for a day', unseen(retry), { lastSeenAt: at(7200 - 86_400) }, /^skip Unreadable$/],
    ['of EC2, for a check of a sweep', unseen(retry), { action: 'check', lastSeenAt: '' }, /^skip Unreadable$/],
    ['of EC2, for a check of a row', unseen(retry), { action: 'check' }, /^wait until /],
    ['that EC2 refuses', unseen(refused), {}, /^skip Unreadable$/],
    ['of SSM, for now', { ...unmanaged, unread: retry }, {}, /^wait until /],
    ['that SSM refuses', { ...unmanaged, unread: refused }, {}, /^skip Unreadable$/],
    ['of SSM, on a node that is off', { ...unmanaged, unread: retry, modeTag: 'off' }, {}, /^skip OptedOut$/],
    ['of SSM, on a node of another cluster', { ...unmanaged, unread: retry, inCluster: false }, {}, /NotInCluster/],
    ['of SSM, on a node that is gone', { ...unmanaged, unread: refused, state: 'terminated' }, {}, /^skip Gone$/],
    ['of its node group, for now', ok, { maintenance: retry }, /^wait until /],
    ['of its node group', ok, { maintenance: refused }, /^skip Unreadable$/],
    ['of the table', ok, { nodeState: { ...remembered({}), unread: refused } }, /^skip Unreadable$/],
    [
      'of the table, of a node that would not go',
      ok,
      { mayRepair: false, nodeState: { ...remembered({}), unread: refused } },
      /^check Observe$/,
    ],
    ['of its node group, of a node that would not go', unmanaged, { maintenance: refused }, /^skip NotManaged$/],
  ])('%s', (_, facts, { lastSeenAt, ...over }, expected) => {
    const { lastSeenAt: seen, ...base } = context(over);
    const decision = decideNode(facts, {
      ...base,
      ...(lastSeenAt === '' ? {} : { lastSeenAt: lastSeenAt ?? (seen as string) }),
    });
    expect(
      decision.kind === 'wait'
        ? `wait until ${decision.notBefore}`
        : `${decision.kind} ${settledAs(decision as never)}`,
    ).toMatch(expected);
  });

  it('names what was asked and the answer', () => {
    expect(decideNode(unseen(refused), context())).toMatchObject({
      message: 'EC2: AccessDenied: without this fact, fleetmend does not act',
    });
  });
});

it('a node whose tags name two clusters is repaired by neither, and says which tags to remove', () => {
  const facts = { ...ok, clusters: ['demo', 'other'] };
  expect(told(facts)).toBe('skip Unreadable');
  expect(told(facts, { action: 'check' })).toBe('skip Unreadable');
  expect(decideNode(facts, context())).toMatchObject({ message: expect.stringContaining('demo and other') });
});

it('an attempt that did not reach the node cools down, and does not answer a symptom', () => {
  const nodeState = remembered({ 'r-0': { at: at(7195), outcome: 'Unreachable' } });
  expect(told(ok, { nodeState })).toBe('skip CoolingDown');
  expect(told(ok, { nodeState: remembered({ 'r-0': { at: at(7195) } }) })).toBe('skip Stale');
  expect(told(ok, { nodeState, now: at(7195 + 900) })).toBe('go');
});
