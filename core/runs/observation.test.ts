import { describe, expect, it } from 'vitest';
import { at, node, nodes, START } from '../../test/support/runs.ts';
import type { Texts } from '../model/render-message.ts';
import type { CommandRow, ObservationRow } from '../state/command-state.ts';
import type { Invocation } from './invocation.ts';
import { batchResults, healthyNodes, observationOf, readNodes, supersedes, unsentObservation } from './observation.ts';

const command = (over: Partial<CommandRow> = {}): CommandRow => ({
  commandId: 'c-1',
  runId: 'r-1',
  key: '1.2',
  part: 2,
  parts: 2,
  group: 'r-1',
  cluster: 'demo',
  remediation: 'node-check',
  action: 'check',
  instanceIds: nodes(2),
  sentAt: START,
  softDeadlineAt: at(30),
  hardDeadlineAt: at(150),
  ...over,
});
const line = (outcome: string): string =>
  JSON.stringify({
    v: 2,
    remediation: 'node-check',
    action: 'check',
    part: 2,
    parts: 2,
    outcome,
    title: 't',
    startedAt: at(1),
    endedAt: at(5),
  });
const shown = (...ends: readonly [statusDetails: string, output?: string][]): { invocations: Invocation[] } => ({
  invocations: ends.map(([statusDetails, output = ''], i) => ({ instanceId: node(i), statusDetails, output })),
});
const observe = (
  seconds: number,
  from: Parameters<typeof readNodes>[1],
  over: Partial<CommandRow> = {},
  standing?: ObservationRow,
) => observationOf(command(over), readNodes(command(over), from, at(seconds)), at(seconds), standing);
const HEALTHY = ['Success', line('Healthy')] as const;

describe('an observation', () => {
  it('is made when all nodes have ended, or at a deadline, and not before', () => {
    const half = shown([...HEALTHY], ['InProgress']);
    expect(observe(29, half)).toBeUndefined();
    expect(observe(30, half)).toMatchObject({ final: false, closedBy: 'soft-deadline', healthy: [node(0)] });
    expect(observe(150, half)).toMatchObject({
      final: true,
      closedBy: 'hard-deadline',
      nodes: { [node(1)]: { outcome: 'TimedOut' } },
    });
    expect(observe(6, shown([...HEALTHY], [...HEALTHY]))).toEqual({
      runId: 'r-1',
      key: '1.2',
      part: 2,
      parts: 2,
      commandId: 'c-1',
      final: true,
      closedBy: 'end',
      at: at(6),
      healthy: nodes(2),
      nodes: {},
    });
  });

  it('has the nodes that SSM refused as Unreachable, beside those that answered', () => {
    const seen = observe(6, shown([...HEALTHY]), { instanceIds: [node(0)], unreachable: [node(7)] });
    expect(seen).toMatchObject({ healthy: [node(0)], nodes: { [node(7)]: { outcome: 'Unreachable' } } });
  });

  it('lists a node that an earlier one had as slow and that is healthy', () => {
    const early = observe(30, shown([...HEALTHY], ['InProgress']));
    const end = observe(40, shown([...HEALTHY], [...HEALTHY]), {}, early);
    expect(end).toMatchObject({ healthy: nodes(2), amended: [node(1)], nodes: {} });
  });

  it('keeps that list until the end, so that the row of the node follows from the last observation too', () => {
    const early = observe(30, shown(['InProgress'], ['InProgress']));
    const hard = observe(150, shown([...HEALTHY], ['InProgress']), {}, early);
    expect(hard).toMatchObject({ closedBy: 'hard-deadline', amended: [node(0)] });
    expect(observe(160, shown([...HEALTHY], [...HEALTHY]), {}, hard)).toMatchObject({ amended: nodes(2) });
  });

  it('of one part makes no node healthy while another part has none', () => {
    const second = observe(6, shown([...HEALTHY], [...HEALTHY])) ?? expect.fail();
    const first: ObservationRow = { ...second, key: '1.1', part: 1, healthy: [node(1)], nodes: {} };
    expect(healthyNodes([second])).toEqual([]);
    expect(healthyNodes([first, second])).toEqual([node(1)]);
  });

  it('keeps the whole reading of a healthy node of a repair', () => {
    const repair = { action: 'repair', remediation: 'pause-image' } as const;
    const { part, parts, ...whole } = command({ ...repair, instanceIds: [node(0)] });
    const output = JSON.stringify({ ...JSON.parse(line('Healthy')), ...repair, part: undefined, parts: undefined });
    const from = shown(['Success', output]);
    expect(observationOf(whole, readNodes(whole, from, at(6)), at(6), undefined)).toMatchObject({
      nodes: { [node(0)]: { outcome: 'Healthy', endedAt: at(5) } },
    });
  });

  it('of a command that did not run has the same reading for every node', () => {
    const told = { outcome: 'Unknown', reason: 'CommandRefused', message: 'no' } as const;
    const row = unsentObservation(command(), told, { instanceIds: nodes(2), unreachable: [node(9)] }, at(3));
    expect(row).toMatchObject({ key: '1.2', final: true, closedBy: 'not-sent', at: at(3) });
    expect(Object.entries(row.nodes).map(([id, { outcome }]) => [id, outcome])).toEqual([
      [node(0), 'Unknown'],
      [node(1), 'Unknown'],
      [node(9), 'Unreachable'],
    ]);
    expect(row).not.toHaveProperty('healthy');
    expect(row).not.toHaveProperty('commandId');
  });
});

describe('the row of a repair that did not last', () => {
  const run = { runId: 'r-1', cluster: 'demo', remediation: 'pause-image', action: 'repair' } as const;
  const texts = (words: string): Texts => ({
    version: '0badcafe',
    reasons: new Map(),
    remediations: new Map([['pause-image', { healthy: ['Fine.'], repaired: [words] }]]),
  });
  const reading = { outcome: 'Relapsed', title: 't', endedAt: at(5), relapseOf: { runId: 'r-0', at: START } } as const;
  const part: ObservationRow = { runId: 'r-1', key: '1', final: true, closedBy: 'end', at: at(6), nodes: {} };
  const rowOf = (words: string) => batchResults(run, [{ ...part, nodes: { [node(0)]: reading } }], texts(words))[0];

  it('names the earlier repair, then says what this one did, in at most 900 characters', () => {
    expect(rowOf('The image is back.')).toMatchObject({
      outcome: 'Relapsed',
      message: `repaired again: the repair at ${START} (run r-0) did not last. The image is back.`,
      catalogueVersion: '0badcafe',
    });
    expect(rowOf('The image is back.')).not.toHaveProperty('relapseOf');
    expect(rowOf('x'.repeat(2000))?.message.length).toBeLessThanOrEqual(900);
  });
});

describe('of two observations of a command', () => {
  const row = (closedBy: ObservationRow['closedBy']): ObservationRow => ({
    runId: 'r-1',
    key: '1',
    final: closedBy !== 'soft-deadline',
    closedBy,
    at: START,
    nodes: {},
  });
  it.each([
    ['end', 'soft-deadline', true],
    ['end', 'hard-deadline', true],
    ['end', 'not-sent', true],
    ['hard-deadline', 'soft-deadline', true],
    ['hard-deadline', 'not-sent', false],
    ['not-sent', 'hard-deadline', false],
    ['soft-deadline', 'soft-deadline', false],
    ['soft-deadline', 'end', false],
    ['hard-deadline', 'end', false],
    ['end', 'end', false],
  ] as const)('%s replaces %s: %s', (next, standing, expected) => {
    expect(supersedes(row(next), row(standing))).toBe(expected);
    expect(supersedes(row(next), undefined)).toBe(true);
  });
});
