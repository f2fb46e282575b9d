import { describe, expect, it } from 'vitest';
import { NodeTag } from '../model/policy.ts';
import { clustersOf, isMemberOf, membershipOf, tagQueryOf } from './membership.ts';

const tags = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

describe('a node is a member of a cluster', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly NodeTag[], boolean]>([
    ['by the value of a tag', { 'eks:cluster-name': 'demo' }, ['eks:cluster-name'], true],
    ['by any of the tags', { 'eks:eks-cluster-name': 'demo' }, ['eks:cluster-name', 'eks:eks-cluster-name'], true],
    ['by the key of a tag, owned', { 'kubernetes.io/cluster/demo': 'owned' }, ['kubernetes.io/cluster'], true],
    ['by the key of a tag, shared', { 'kubernetes.io/cluster/demo': 'shared' }, ['kubernetes.io/cluster'], true],
    ['but by no other value of that key', { 'kubernetes.io/cluster/demo': '' }, ['kubernetes.io/cluster'], false],
    ['but not of a cluster whose name goes on', { 'eks:cluster-name': 'demo-2' }, ['eks:cluster-name'], false],
    [
      'but by no tag that the policy leaves out',
      { 'kubernetes.io/cluster/demo': 'owned' },
      ['eks:cluster-name'],
      false,
    ],
    ['but never without a tag', {}, NodeTag.options, false],
    ['but never where the policy names no tag', { 'eks:cluster-name': 'demo' }, [], false],
  ])('%s', (_, entries, nodeTags, expected) => {
    expect(isMemberOf(tags(entries), 'demo', nodeTags)).toBe(expected);
  });

  it.each(NodeTag.options)('is found in EC2 by the tag that proves it: %s', (tag) => {
    const { key, values } = tagQueryOf('demo', tag);
    expect(values.length).toBeGreaterThan(0);
    for (const value of values) {
      expect(isMemberOf(tags({ [key]: value }), 'demo', [tag])).toBe(true);
      expect(membershipOf(tags({ [key]: value }))).toEqual({ kind: 'cluster', cluster: 'demo' });
    }
  });
});

it('every cluster that tags name counts, however reliable the tag, and one that several name once', () => {
  const named = {
    'eks:cluster-name': 'demo',
    'kubernetes.io/cluster/demo': 'owned',
    'karpenter.sh/managed-by': 'third',
  };
  expect(clustersOf(tags({ ...named, 'kubernetes.io/cluster/other': 'shared', Name: 'x' }))).toEqual([
    'demo',
    'other',
    'third',
  ]);
  expect(clustersOf(tags({ Name: 'x' }))).toEqual([]);
});

describe('the cluster that tags name', () => {
  it.each<[string, Readonly<Record<string, string>>, object]>([
    ['is that of a managed node group', { 'aws:eks:cluster-name': 'demo' }, { kind: 'cluster', cluster: 'demo' }],
    [
      'is one, however many tags name it',
      { 'aws:eks:cluster-name': 'demo', 'eks:cluster-name': 'demo', 'kubernetes.io/cluster/demo': 'owned' },
      { kind: 'cluster', cluster: 'demo' },
    ],
    [
      'is what the more reliable tag says',
      { 'eks:cluster-name': 'demo', 'kubernetes.io/cluster/other': 'owned', 'karpenter.sh/managed-by': 'third' },
      { kind: 'cluster', cluster: 'demo' },
    ],
    ['is that of Auto Mode', { 'eks:eks-cluster-name': 'demo' }, { kind: 'cluster', cluster: 'demo' }],
    ['is that of an old Karpenter', { 'karpenter.sh/managed-by': 'demo' }, { kind: 'cluster', cluster: 'demo' }],
    [
      'is unclear where two tags of one kind name two',
      { 'kubernetes.io/cluster/demo': 'owned', 'kubernetes.io/cluster/other': 'shared' },
      { kind: 'ambiguous', clusters: ['demo', 'other'] },
    ],
    [
      'is not in a key whose value proves no ownership',
      { 'kubernetes.io/cluster/demo': 'true', Name: 'owned' },
      { kind: 'none' },
    ],
    ['is none without tags', {}, { kind: 'none' }],
  ])('%s', (_, entries, expected) => {
    expect(membershipOf(tags(entries))).toEqual(expected);
  });
});
