import { describe, expect, it } from 'vitest';
import { factsOf, frozenRules, nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import { aCheck, aRun, node, START } from '../../test/support/runs.ts';
import type { Unread } from '../guards/look.ts';
import { decideNow, NO_NODES, nodegroupsWanted } from './decide-now.ts';

const disruptive = aRun(0, { remediation: 'cni', group: 'demo/cni', lane: 'demo/cni', documentKey: 'cni-repair' });
const inGroup = (nodegroup: string) => ({ facts: new Map([[node(1), factsOf(node(1), { nodegroup })]]) });

describe('a node, decided again just before its command is sent,', () => {
  const decided = (run = aRun(0), seen = nodesSeen([node(1)]), by = rules()) =>
    decideNow(run, node(1), seen, by, START);

  it('has no decision where its facts were not read', () => {
    expect(decided(aRun(0), NO_NODES)).toBeUndefined();
  });

  it('stays where its pending row cannot be read', () => {
    const seen = nodesSeen([node(1)], { brokenRows: new Map([[node(1), 'reading the row: no']]) });
    expect(decided(aRun(0), seen)).toMatchObject({
      decision: { kind: 'skip', skipReason: 'Unreadable', message: 'reading the row: no' },
    });
  });

  it('goes with its pending row as it is now', () => {
    const row = pendingRow(node(1), { version: 'newer' });
    const seen = nodesSeen([node(1)], { rows: new Map([[node(1), row]]) });
    expect(decided(aRun(0), seen)).toEqual({ candidate: { instanceId: node(1), row }, decision: { kind: 'go' } });
    expect(decided()).toEqual({ candidate: { instanceId: node(1) }, decision: { kind: 'go' } });
  });

  it('stays where a remediation is not deployed any more, or the policy lists its cluster no more', () => {
    expect(decided(aRun(0, { remediation: 'gone' }))).toMatchObject({
      decision: { kind: 'skip', skipReason: 'NotAllowed', message: expect.stringContaining('no remediation gone') },
    });
    expect(decided(aRun(0), nodesSeen([node(1)]), rules({ clusters: [] }))).toMatchObject({
      decision: { skipReason: 'OptedOut' },
    });
  });

  it('gets no disruptive repair in a freeze window, but any other', () => {
    const told = { skipReason: 'Maintenance', message: expect.stringContaining('freeze window') };
    expect(decided(disruptive, nodesSeen([node(1)]), frozenRules())).toMatchObject({ decision: told });
    expect(decided(aRun(0), nodesSeen([node(1)]), frozenRules())).toMatchObject({ decision: { kind: 'go' } });
  });

  it.each<[string, ReadonlyMap<string, string | Unread>, object]>([
    ['is not asked about', new Map(), { kind: 'go' }],
    ['is ACTIVE', new Map([['blue', 'ACTIVE']]), { kind: 'go' }],
    [
      'is UPDATING',
      new Map([['blue', 'UPDATING']]),
      { skipReason: 'Maintenance', message: expect.stringContaining('the node group blue is UPDATING') },
    ],
    [
      'may not be read',
      new Map([['blue', { kind: 'refused', problem: 'EKS refused it' } as Unread]]),
      { skipReason: 'Unreadable', message: expect.stringContaining('EKS refused it') },
    ],
  ])('depends on its node group, which %s', (_, nodegroups, decision) => {
    expect(decided(disruptive, nodesSeen([node(1)], { ...inGroup('blue'), nodegroups }))).toMatchObject({ decision });
  });
});

describe('the node groups that are asked about', () => {
  const wanted = (run: typeof disruptive, seen = nodesSeen([node(1)], inGroup('blue'))) =>
    nodegroupsWanted(
      run,
      [{ instanceId: node(1) }, { instanceId: node(1) }, { instanceId: node(2) }],
      seen,
      rules(),
      START,
    );

  it('are those of nodes that a disruptive repair would go to, each once', () => {
    expect(wanted(disruptive)).toEqual(['blue']);
  });

  it('are none for checks, and for repairs that restart nothing', () => {
    expect(wanted(aCheck(0))).toEqual([]);
    expect(wanted(aRun(0))).toEqual([]);
  });

  it('are none for nodes that get no command, or belong to no node group', () => {
    const stopped = factsOf(node(1), { nodegroup: 'blue', state: 'stopped' });
    expect(wanted(disruptive, nodesSeen([], { facts: new Map([[node(1), stopped]]) }))).toEqual([]);
    expect(wanted(disruptive, nodesSeen([node(1)]))).toEqual([]);
  });
});
