import { expect, it } from 'vitest';
import { aQueuedRun, at, because, LIMITS, node, START } from '../../test/support/runs.ts';
import { sampleOf } from '../model/because.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { becausesOfNodes } from './because-of-nodes.ts';
import { startRun } from './start.ts';

const run = { runId: 'r-2', because: because('log') };
const row = (n: number, over: Partial<PendingNode> = {}): PendingNode => ({
  ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node(n), reason: 'SandboxImageMissing' },
  ...{ because: { kind: 'log' }, firstSeenAt: START, lastSeenAt: START, signals: 1, source: 'test', version: 'v' },
  ...over,
});
const state = (n: number, repairedAt: string) => ({
  ...{ instanceId: node(n), cluster: 'demo', remediation: 'pause-image' },
  attempts: { 'r-1': { at: repairedAt, outcome: 'Repaired' as const } },
});

it('names only nodes whose because differs from the run, each with its own times and sample', () => {
  const own = row(2, { because: { kind: 'log', sample: 'a line' }, firstSeenAt: at(-9), signals: 4 });
  expect(becausesOfNodes(run, [row(1), own], new Map(), LIMITS)).toEqual({
    [node(2)]: { kind: 'log', sample: 'a line', firstSeenAt: at(-9), lastSeenAt: START, count: 4, source: 'test' },
  });
});

it('leads a fault that is there again within a day back to the earlier repair, and to the check that found it', () => {
  const parent = { runId: 'r-check', requestId: 'q-1' };
  const rows = [row(1, { because: { kind: 'finding', parent } }), row(2), row(3)];
  const states = new Map([
    [node(1), state(1, at(-3600))],
    [node(2), state(2, at(-86_401))],
    [node(3), state(3, at(1))],
  ]);
  const becauses = becausesOfNodes(run, rows, states, LIMITS);
  expect(Object.keys(becauses)).toEqual([node(1)]);
  expect(becauses[node(1)]).toMatchObject({ kind: 'relapse', parent: { runId: 'r-1' }, foundBy: parent });
});

it('cleans and cuts the sample of a text from outside', () => {
  expect(sampleOf('a\u0000b\u202Ec\u200Bd\n')).toBe('a\uFFFDb\uFFFDc\uFFFDd\uFFFD');
  expect(sampleOf('x'.repeat(400))).toHaveLength(300);
});

it('leaves a check of 1,000 nodes that are all settled within one item, whatever their rows say', () => {
  const parent = { runId: `r-${'1'.repeat(40)}`, requestId: 'q'.repeat(100) };
  const cause = { kind: 'finding' as const, parent, foundBy: parent, by: 'b'.repeat(200), sample: 's'.repeat(300) };
  const candidates = Array.from({ length: 1000 }, (_, n) => {
    const instanceId = `i-${n.toString(16).padStart(17, '0')}`;
    const own = row(n, {
      instanceId,
      because: cause,
      source: 'x'.repeat(100),
      signals: n + 1,
      version: 'v'.repeat(36),
    });
    return { instanceId, row: own };
  });
  const queued = aQueuedRun({ action: 'check', lane: 'demo/node-check' });
  const planned = startRun(queued, {
    ...{ candidates, facts: new Map(), nodeStates: new Map(), isManaged: true, mayRepair: false },
    ...{ maintenance: () => undefined, limits: LIMITS, now: at(10) },
  });
  expect(planned.settled).toEqual({ Gone: 1000 });
  expect(JSON.stringify(planned).length).toBeLessThan(400_000);
});
