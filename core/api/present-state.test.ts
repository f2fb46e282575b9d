import { describe, expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import { presentState, type SeenNote } from './present-state.ts';

const note = (n: number, outcome: NodeNote['outcome'], seconds: number, over: Partial<NodeNote> = {}): NodeNote => ({
  ...{ instanceId: node(n), at: at(seconds), outcome, remediation: 'pause-image' },
  ...over,
});
const digest = (runId: string, endedSeconds: number, over: Partial<RunDigest> = {}): RunDigest => ({
  ...{ runId, requestId: runId, cluster: 'demo', remediation: 'node-check', action: 'check', because: 'sweep' },
  ...{ createdAt: at(0), startedAt: at(0), endedAt: at(endedSeconds), end: 'Done', counts: {}, notes: [] },
  ...over,
});
const repair = (runId: string, endedSeconds: number, ...notes: NodeNote[]): RunDigest =>
  digest(runId, endedSeconds, { action: 'repair', remediation: 'pause-image', because: 'finding', notes });
const sweep = digest('sweep', 30, {
  counts: { Healthy: 7, Broken: 2, Unknown: 1, NotManaged: 2 },
  notes: [note(1, 'Broken', 10), note(2, 'Broken', 10), note(3, 'Unknown', 10, { remediation: 'node-check' })],
});
const shown = (later: readonly RunDigest[], settled: readonly SeenNote[] = [], first = [sweep]) => {
  const { notes, outcomes } = presentState(first, settled, later);
  return { notes: notes.map((n) => [n.instanceId, n.outcome, n.runId]), outcomes };
};

describe('presentState', () => {
  it('is what the sweep found, and knows how many nodes it looked at', () => {
    expect(presentState([sweep], [], [sweep])).toMatchObject({ nodes: 12, more: 0 });
    expect(shown([sweep])).toEqual({
      notes: [
        [node(1), 'Broken', 'sweep'],
        [node(2), 'Broken', 'sweep'],
        [node(3), 'Unknown', 'sweep'],
      ],
      outcomes: { Broken: 2, Unknown: 1 },
    });
  });

  it('knows before the first sweep how many nodes the checks of people looked at, each once', () => {
    const check = { ...sweep, runId: 'r-1', because: 'operator' as const, healthy: [node(1), node(7)] };
    const one = { ...check, remediation: 'pause-image', healthy: [node(8)] };
    expect(presentState([], [], [check, { ...check, runId: 'r-2' }, digest('r-3', 40), one]).nodes).toBe(4);
  });

  it('is unknown without a sweep', () => {
    expect(presentState([], [], [])).toEqual({ notes: [], outcomes: {}, nodes: undefined, more: 0 });
  });

  it('leaves out what was repaired since, and says what a repair could not do', () => {
    const later = [
      repair('r-2', 60, note(2, 'NotRepaired', 55)),
      repair('r-1', 40, note(1, 'Repaired', 35), note(9, 'Unreachable', 36)),
    ];
    expect(shown(later)).toEqual({
      notes: [
        [node(2), 'NotRepaired', 'r-2'],
        [node(3), 'Unknown', 'sweep'],
        [node(9), 'Unreachable', 'r-1'],
      ],
      outcomes: { NotRepaired: 1, Unknown: 1, Unreachable: 1 },
    });
  });

  it('keeps the newer of two notes about one fault', () => {
    expect(shown([repair('r-1', 40, note(1, 'NotRepaired', 5))]).notes).toContainEqual([node(1), 'Broken', 'sweep']);
  });

  it('believes a later check of everything about the nodes that it looked at', () => {
    const seen = { startedAt: at(60), healthy: [node(3)], notes: [note(1, 'Unknown', 80)] };
    const check = digest('r-1', 90, { because: 'operator', ...seen });
    expect(shown([check]).notes).toEqual([
      [node(1), 'Unknown', 'r-1'],
      [node(2), 'Broken', 'sweep'],
    ]);
  });

  it('believes a later check by one remediation about that one alone, and that the node was reached', () => {
    const first = digest('sweep', 30, {
      counts: { Broken: 1, TimedOut: 1 },
      notes: [
        note(1, 'Broken', 10),
        note(1, 'Broken', 10, { remediation: 'cni-files' }),
        note(2, 'TimedOut', 10, { remediation: 'node-check' }),
      ],
    });
    const check = digest('r-1', 90, {
      ...{ remediation: 'pause-image', startedAt: at(60), healthy: [node(1), node(2), node(5)] },
    });
    expect(shown([check], [], [first])).toEqual({ notes: [[node(1), 'Broken', 'sweep']], outcomes: { Broken: 1 } });
  });

  it('does not take a repair for an answer to a check without a result', () => {
    expect(shown([repair('r-1', 90, note(3, 'Repaired', 80))]).notes).toContainEqual([node(3), 'Unknown', 'sweep']);
  });

  it('shows the worst of several faults of a node', () => {
    const twice = [note(1, 'Unknown', 10, { remediation: 'cni-files' }), note(1, 'Broken', 10)];
    const first = digest('sweep', 30, { counts: { Broken: 1 }, notes: twice });
    const other = digest('sweep', 30, { counts: { Broken: 1 }, notes: twice.toReversed() });
    for (const one of [first, other])
      expect(shown([], [], [one])).toEqual({ notes: [[node(1), 'Broken', 'sweep']], outcomes: { Broken: 1 } });
  });

  it('counts the nodes that got no command, whether their results are read or not', () => {
    const first = digest('sweep', 30, { counts: { Healthy: 1, Unreachable: 2, Unsupported: 3 }, more: 4 });
    const settled: SeenNote = { ...note(7, 'Unreachable', 1, { remediation: 'node-check' }), runId: 'sweep' };
    expect(shown([], [], [first]).outcomes).toEqual({ Unreachable: 2, Unsupported: 3 });
    expect(shown([], [settled], [first]).outcomes).toEqual({ Unreachable: 2, Unsupported: 3 });
    const reached = digest('r-1', 90, { because: 'event', startedAt: at(60), healthy: [node(7)] });
    expect(shown([reached], [settled], [first]).outcomes).toEqual({ Unreachable: 1, Unsupported: 3 });
    expect(presentState([first], [], []).more).toBe(4);
    expect(shown([], [{ ...settled, outcome: 'TimedOut' }], [first]).outcomes).toEqual({
      ...{ TimedOut: 1, Unreachable: 2, Unsupported: 3 },
    });
  });

  describe('is what was seen last, in whatever order runs end', () => {
    const slow = (over: Partial<RunDigest>) =>
      digest('r-check', 400, { createdAt: at(40), startedAt: at(40), because: 'operator', ...over });

    it('a node that was repaired before the check that had found its fault ended works', () => {
      const check = slow({ notes: [note(4, 'Broken', 50), note(5, 'TimedOut', 390, { remediation: 'node-check' })] });
      expect(shown([check, repair('r-1', 90, note(4, 'Repaired', 80))], [], []).notes).toEqual([
        [node(5), 'TimedOut', 'r-check'],
      ]);
    });

    it('a node whose repair failed after a check had found it healthy does not work, although the check ends later', () => {
      const check = slow({ healthy: [node(4)] });
      expect(shown([check, repair('r-1', 90, note(4, 'NotRepaired', 80))]).notes).toContainEqual([
        ...[node(4), 'NotRepaired', 'r-1'],
      ]);
    });

    it('a node that a sweep has found broken after its repair is broken', () => {
      const late = { ...sweep, startedAt: at(5), notes: [note(1, 'Broken', 25)] };
      expect(shown([repair('r-1', 28, note(1, 'Repaired', 20))], [], [late]).notes).toEqual([
        [node(1), 'Broken', 'sweep'],
      ]);
    });

    it('what was seen before the sweep is replaced by the sweep, although its run ended after the sweep had begun', () => {
      const next = {
        ...sweep,
        createdAt: at(100),
        startedAt: at(100),
        endedAt: at(130),
        notes: [note(1, 'Broken', 110)],
      };
      expect(shown([slow({ notes: [note(4, 'Broken', 50)] })], [], [next]).notes).toEqual([
        [node(1), 'Broken', 'sweep'],
      ]);
    });

    it('any order of the same runs gives the same state', () => {
      const runs = [
        slow({ healthy: [node(6)], notes: [note(4, 'Broken', 50)] }),
        repair('r-1', 90, note(4, 'Repaired', 80), note(6, 'NotRepaired', 70)),
        digest('r-2', 95, { createdAt: at(60), startedAt: at(60), notes: [note(6, 'Unknown', 75)] }),
      ];
      const first = shown(runs);
      for (const order of [
        [1, 0, 2],
        [2, 1, 0],
        [0, 2, 1],
      ])
        expect(shown(order.flatMap((n) => runs[n] ?? []))).toEqual(first);
      expect(first.notes).not.toContainEqual([node(4), 'Broken', 'r-check']);
    });
  });
});
