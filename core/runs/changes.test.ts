import { describe, expect, it } from 'vitest';
import { anEndedRun, because, node, START } from '../../test/support/runs.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeNote } from '../state/run-digest.ts';
import { changesOf, MAX_CHANGES, withChanges } from './changes.ts';

const note = (n: number, outcome: Outcome, over: Partial<NodeNote> = {}): NodeNote => ({
  instanceId: node(n),
  at: START,
  outcome,
  remediation: 'pause-image',
  ...over,
});
const KNOWN = { repairable: new Set(['pause-image']), unrepairable: new Set(['NamesDiffer']) };
const repair = anEndedRun();
const sweepOf = (...ailing: number[]) =>
  anEndedRun({ action: 'check', because: because('sweep'), ailing: ailing.map(node) });
const namesOf = (...args: Parameters<typeof changesOf>) =>
  changesOf(...args).map(({ change, instanceId }) => [change, instanceId]);
const NOBODY = new Set<string>();

describe('what a repair has changed', () => {
  it('is told by what the outcomes mean, the worst first; a node that works anyway, or got no command, has not changed', () => {
    const outcomes = ['Repaired', 'Healthy', 'Relapsed', 'NotRepaired', 'Skipped', 'TimedOut', 'Unknown'] as const;
    const notes = outcomes.map((outcome, n) => note(n, outcome));
    expect(namesOf(repair, { notes }, KNOWN, NOBODY)).toEqual([
      ['not-repaired', node(3)],
      ['not-repaired', node(5)],
      ['not-repaired', node(6)],
      ['relapsed', node(2)],
      ['repaired', node(0)],
    ]);
  });
});

describe('what a sweep has changed', () => {
  it('is a fault that no repair answers: by policy, by its reason, or because nobody knows it', () => {
    const notes = [
      note(0, 'Broken', { reason: 'SandboxImageMissing' }),
      note(1, 'Broken', { reason: 'CNIConfigMissing', remediation: 'cni-files' }),
      note(2, 'Broken', { reason: 'NamesDiffer' }),
      note(3, 'Unknown'),
      note(4, 'Unsupported'),
    ];
    expect(namesOf(sweepOf(), { notes }, KNOWN, NOBODY)).toEqual([1, 2, 3, 4].map((n) => ['broken', node(n)]));
  });

  it('is nothing where the sweep before it found the same, or the node gave no answer', () => {
    const notes = [note(0, 'Unknown'), note(1, 'Unreachable'), note(2, 'TimedOut')];
    expect(namesOf(sweepOf(0), { notes }, KNOWN, NOBODY)).toEqual([]);
  });

  it('is a node that works again; not one that was healthy before', () => {
    expect(namesOf(sweepOf(0, 1), { notes: [note(1, 'Unknown')] }, KNOWN, new Set([node(0), node(2)]))).toEqual([
      ['works', node(0)],
    ]);
  });

  it('of another check is told to nobody: who asked for it sees it, and a signal is often repeated', () => {
    for (const kind of ['operator', 'log'] as const) {
      const check = anEndedRun({ action: 'check', because: because(kind) });
      expect(namesOf(check, { notes: [note(0, 'Unknown')] }, KNOWN, NOBODY)).toEqual([]);
    }
  });
});

describe('the notice of the end', () => {
  const ended = anEndedRun({
    outbox: [
      { kind: 'notice', id: 'r-1/other', detailType: 'Run Stuck', detail: {} },
      { kind: 'notice', id: 'r-1/ended', detailType: 'Run Ended', detail: { runId: 'r-1' } },
    ],
  });

  it('names the nodes that have changed, as many as fit, and counts all', () => {
    const notes = Array.from({ length: MAX_CHANGES + 1 }, (_, n) => note(n, 'NotRepaired'));
    const [other, own] = withChanges(ended, changesOf(ended, { notes }, KNOWN, NOBODY)).outbox;
    expect(other).toEqual(ended.outbox[0]);
    expect(own).toMatchObject({ detail: { runId: 'r-1', changed: MAX_CHANGES + 1 } });
    expect(own?.kind === 'notice' && own.detail.changes).toHaveLength(MAX_CHANGES);
  });

  it('stays as it is where nothing has changed', () => {
    expect(withChanges(ended, [])).toBe(ended);
  });
});
