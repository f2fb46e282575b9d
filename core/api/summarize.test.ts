import { describe, expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import { summarize } from './summarize.ts';
import { SummaryItem } from './summary.ts';

const note = (n: number, outcome: NodeNote['outcome'], over: Partial<NodeNote> = {}): NodeNote => ({
  ...{ instanceId: node(n), at: at(0), outcome, remediation: 'pause-image', reason: 'SandboxImageMissing' },
  ...over,
});
let runs = 0;
const digest = (over: Partial<RunDigest> = {}): RunDigest => ({
  ...{ runId: `r-${++runs}`, requestId: `r-${runs}`, cluster: 'demo', remediation: 'node-check', action: 'check' },
  ...{ because: 'sweep', createdAt: at(0), endedAt: at(60), end: 'Done', counts: {}, notes: [] },
  ...over,
});
const repair = (notes: NodeNote[], over: Partial<RunDigest> = {}) =>
  digest({ action: 'repair', remediation: 'pause-image', because: 'finding', notes, ...over });
const ASKED = { since: at(-3600), until: at(3600), by: 'reason' } as const;
const sum = (digests: readonly RunDigest[], by: Parameters<typeof summarize>[1]['by'] = 'reason') => {
  const items = summarize(digests, { ...ASKED, by }, testSettings()).map((item) => SummaryItem.parse(item));
  const of = <Kind extends SummaryItem['kind']>(kind: Kind) =>
    items.filter((item): item is Extract<SummaryItem, { kind: Kind }> => item.kind === kind);
  return { total: of('total')[0], groups: of('group'), worst: of('worst-node') };
};

describe('summarize', () => {
  it('of no run is all zeros', () => {
    const { total, groups, worst } = sum([]);
    expect(total).toMatchObject({ found: 0, runs: 0, nodes: 0, clusters: [], people: [], notActedOn: {} });
    expect(total?.repairedAfter).toEqual({ count: 0, histogram: {} });
    expect([groups, worst]).toEqual([[], []]);
  });

  it('counts a fault that every sweep finds again once, and once more for each time that it was tried', () => {
    const found = [note(1, 'Broken'), note(2, 'Broken')];
    const { total, groups } = sum([
      digest({ notes: found }),
      digest({ notes: found }),
      repair([note(1, 'Repaired', { detectedWithin: 1800, repairedAfter: 6 })]),
      repair([note(1, 'Relapsed', { repairedAfter: 41 }), note(3, 'NotRepaired', { reason: 'DiskFull' })]),
    ]);
    expect(total).toMatchObject({
      ...{ found: 4, repaired: 2, failed: 1, recurred: 1, detectedWithin: { count: 1, p50: 1800, p95: 1800 } },
      repairedAfter: { count: 2, p50: 6, p95: 45 },
    });
    expect(groups.map(({ group, found: n, repaired, failed }) => [group, n, repaired, failed])).toEqual([
      ['SandboxImageMissing', 3, 2, 0],
      ['DiskFull', 1, 0, 1],
    ]);
  });

  it('counts a fault once whose repair failed for another reason, and again what is found after a repair', () => {
    const failed = note(1, 'NotRepaired', { at: at(20), reason: 'NodeRoleLacksECR' });
    const again = digest({ notes: [note(1, 'Broken', { at: at(90) }), note(2, 'Broken', { at: at(90) })] });
    const { total, groups, worst } = sum([
      digest({ notes: [note(1, 'Broken'), note(2, 'Broken')] }),
      repair([failed, note(2, 'Repaired', { at: at(20) })]),
      again,
    ]);
    // Node 1 is still broken; node 2 is broken again.
    expect(total).toMatchObject({ found: 3, repaired: 1, failed: 1 });
    expect(groups.map(({ group, found, ...own }) => [group, found, own.repaired, own.failed])).toEqual([
      ['SandboxImageMissing', 2, 1, 0],
      ['NodeRoleLacksECR', 1, 0, 1],
    ]);
    expect(worst.map(({ instanceId, found }) => [instanceId, found])).toEqual([
      [node(2), 2],
      [node(1), 1],
    ]);
  });

  it.each([
    ['cluster', ['demo', 'shop']],
    ['remediation', ['pause-image']],
    ['nodegroup', ['workers-0', '']],
    ['ami', ['ami-1', '']],
    ['containerd', ['1.6.20', '']],
    ['day', ['2026-08-22']],
  ] as const)('groups by %s', (by, expected) => {
    const from = { nodegroup: 'workers-0', ami: 'ami-1', containerd: '1.6.20' };
    const digests = [
      repair([note(1, 'Repaired', from), note(2, 'Repaired', from)]),
      repair([note(3, 'Repaired')], { cluster: 'shop' }),
    ];
    expect(sum(digests, by).groups.map(({ group }) => group)).toEqual(expected);
  });

  it('lists groups of one size by name', () => {
    const { groups } = sum([repair([note(1, 'Repaired', { reason: 'B' }), note(2, 'Repaired', { reason: 'A' })])]);
    expect(groups.map(({ group }) => group)).toEqual(['A', 'B']);
  });

  it('counts sweeps as requests, the nodes of the largest of each cluster, and those that stopped', () => {
    const part = { requestId: 's-1', counts: { Healthy: 1000 } };
    const { total } = sum([
      digest(part),
      digest({ ...part, counts: { Healthy: 200, Unknown: 1, TimedOut: 2, Unreachable: 3, Unsupported: 4 } }),
      digest({ counts: { Healthy: 5 } }),
      digest({ cluster: 'shop', counts: { Healthy: 38 } }),
      digest({ end: 'Stopped' }),
    ]);
    expect(total).toMatchObject({
      ...{ runs: 5, sweeps: 4, sweepsStopped: 1, nodes: 1248, clusters: ['demo', 'shop'] },
      ...{ unknown: 3, unreachable: 3, unsupported: 4 },
    });
  });

  it('says what was not acted on: decisions of repairs, and findings that the policy forbids to repair', () => {
    const cri = note(1, 'Broken', { remediation: 'cri-dockerd' });
    const { total } = sum([
      repair([], { counts: { OptedOut: 2, Repaired: 1 } }),
      digest({ cluster: 'careful', notes: [cri, note(2, 'Broken')] }),
      digest({ cluster: 'careful', notes: [cri] }),
      digest({ cluster: 'watched', notes: [note(3, 'Broken')], counts: { NotManaged: 9 } }),
    ]);
    expect(total?.notActedOn).toEqual({ OptedOut: 2, NotAllowed: 1, Observe: 1 });
  });

  it('lists people by their requests, and the nodes with the most repairs', () => {
    const asked = { because: 'operator', by: 'mei', requestId: 'q-1' } as const;
    const { total, worst } = sum([
      ...[
        digest(asked),
        digest(asked),
        digest({ ...asked, by: 'ana' }),
        digest({ ...asked, by: 'zoe', requestId: 'q-2' }),
      ],
      digest({ ...asked, requestId: 'q-3' }),
      repair([note(1, 'Repaired', { nodegroup: 'workers-0' }), note(2, 'Repaired'), note(3, 'Unreachable')]),
      repair([note(2, 'Relapsed', { ami: 'ami-1' }), note(4, 'Repaired')]),
    ]);
    expect(total?.people).toEqual([
      { by: 'mei', requests: 2 },
      { by: 'ana', requests: 1 },
      { by: 'zoe', requests: 1 },
    ]);
    expect(worst.map(({ instanceId, found, ami, nodegroup }) => [instanceId, found, ami, nodegroup])).toEqual([
      [node(2), 2, 'ami-1', undefined],
      [node(1), 1, undefined, 'workers-0'],
      [node(4), 1, undefined, undefined],
    ]);
  });
});
