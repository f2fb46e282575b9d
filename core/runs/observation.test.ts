import { describe, expect, it } from 'vitest';
import { at, because, node, nodes, START } from '../../test/support/runs.ts';
import { becauseOnce } from '../model/because.ts';
import type { Texts } from '../model/render-message.ts';
import type { CommandRow, ObservationRow } from '../state/command-state.ts';
import { batchResults, batchTallies, healthyNodes } from './batch-results.ts';
import type { Invocation } from './invocation.ts';
import { observationOf, readNodes, supersedes, unsentObservation } from './observation.ts';

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
const NO_TEXTS: Texts = { version: 'none', reasons: new Map(), remediations: new Map() };

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
      grade: 8,
      open: [],
      healthy: nodes(2),
      nodes: {},
    });
  });

  it('names the nodes that still run, which have no reading', () => {
    const half = observe(30, shown([...HEALTHY], ['InProgress']));
    expect(half).toMatchObject({ final: false, open: [node(1)], nodes: {} });
    const parts = [half ?? expect.fail()];
    expect(batchTallies(parts, command())).toMatchObject({
      [node(0)]: { outcome: 'Healthy' },
      [node(1)]: { outcome: 'TimedOut', open: true },
    });
    expect(batchTallies(parts, command())[node(0)]).not.toHaveProperty('open');
    expect(batchResults(command(), parts, NO_TEXTS)).toEqual([]);
  });

  it('is made by a look where a node of a repair has ended, and not for one part of a check', () => {
    const { part, parts, ...whole } = command();
    const look = (over: CommandRow, ...ends: readonly [string, string?][]) =>
      observationOf(over, readNodes(over, shown(...ends), at(12)), at(12), undefined);
    expect(look(whole, [...HEALTHY], ['InProgress'])).toMatchObject({ closedBy: 'look', open: [node(1)] });
    expect(look(whole, ['InProgress'], ['InProgress'])).toBeUndefined();
    expect(look(command(), [...HEALTHY], ['InProgress'])).toBeUndefined();
  });

  it('is made by a look at one part of a check that a person waits for, where a node of it has ended', () => {
    const asked = command({ because: because('operator') });
    const look = (...ends: readonly [string, string?][]) =>
      observationOf(asked, readNodes(asked, shown(...ends), at(4)), at(4), undefined);
    expect(look([...HEALTHY], ['InProgress'])).toMatchObject({ closedBy: 'look', open: [node(1)], healthy: [node(0)] });
    expect(look(['InProgress'], ['InProgress'])).toBeUndefined();
  });

  it('has the nodes that SSM refused as Unreachable, beside those that answered', () => {
    const seen = observe(6, shown([...HEALTHY]), { instanceIds: [node(0)], unreachable: [node(7)] });
    expect(seen).toMatchObject({ healthy: [node(0)], nodes: { [node(7)]: { outcome: 'Unreachable' } } });
  });

  it('lists a node that was assumed to be slow and that is healthy', () => {
    const hard = observe(150, shown([...HEALTHY], ['InProgress']));
    expect(hard).toMatchObject({ assumed: [node(1)] });
    const end = observe(160, shown([...HEALTHY], [...HEALTHY]), {}, hard);
    expect(end).toMatchObject({ closedBy: 'end', healthy: nodes(2), amended: [node(1)], nodes: {} });
    expect(end).not.toHaveProperty('assumed');
  });

  it('lists no node that was open before, which has no row', () => {
    const early = observe(30, shown([...HEALTHY], ['InProgress']));
    expect(observe(40, shown([...HEALTHY], [...HEALTHY]), {}, early)).not.toHaveProperty('amended');
  });

  it('keeps the list of amended nodes until the end', () => {
    const hard = observe(150, shown(['InProgress'], ['InProgress']));
    const later = observe(155, shown([...HEALTHY], ['InProgress']), {}, hard);
    expect(later).toMatchObject({ closedBy: 'hard-deadline', assumed: [node(1)], amended: [node(0)] });
    expect(observe(160, shown([...HEALTHY], [...HEALTHY]), {}, later)).toMatchObject({ amended: nodes(2) });
  });

  it('keeps the final reading of a node, whatever a later read shows', () => {
    const first = observe(30, shown(['Failed', line('Broken')], ['InProgress']));
    const stale = observe(31, shown(['InProgress'], [...HEALTHY]), {}, first);
    expect(stale).toMatchObject({ closedBy: 'end', healthy: [node(1)], nodes: { [node(0)]: { outcome: 'Broken' } } });
    const other = observe(40, shown([...HEALTHY], [...HEALTHY]), {}, first);
    expect(other).toMatchObject({ healthy: [node(1)], nodes: { [node(0)]: { outcome: 'Broken' } } });
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

  it.each(['RateExceeded', 'NoInstancesInTag'])('of a command that SSM ended as %s ran on no node', (status) => {
    expect(observe(6, { invocations: [], status })).toMatchObject({
      closedBy: 'end',
      nodes: Object.fromEntries(nodes(2).map((id) => [id, { outcome: 'Skipped', ranNowhere: true }])),
    });
  });

  it('waits for invocations that SSM does not list yet, whatever the status of the command', () => {
    expect(observe(6, { invocations: [], status: 'InProgress' })).toBeUndefined();
    expect(observe(6, shown([...HEALTHY]))).toBeUndefined();
  });

  it('of a check of one document makes its nodes healthy', () => {
    const { part, parts, ...row } = observe(6, shown([...HEALTHY], [...HEALTHY])) ?? expect.fail();
    expect(healthyNodes([{ ...row, key: '1' }])).toEqual(nodes(2));
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
  const part: ObservationRow = {
    runId: 'r-1',
    key: '1',
    final: true,
    closedBy: 'end',
    at: at(6),
    grade: 4,
    open: [],
    nodes: { [node(0)]: reading },
  };
  const rowOf = (words: string) => batchResults(run, [part], texts(words))[0];

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
  const ENDED = [...HEALTHY] as [string, string];
  const rows: Readonly<Record<string, ObservationRow | undefined>> = {
    look: observationOf(
      command({ parts: undefined }),
      readNodes(command(), shown(ENDED, ['InProgress']), at(12)),
      at(12),
      undefined,
    ),
    soft: observe(30, shown(ENDED, ['InProgress'])),
    hard: observe(150, shown(ENDED, ['InProgress'])),
    'not-sent': unsentObservation(
      command(),
      { outcome: 'Unknown', reason: 'CommandLost', message: 'm' },
      { instanceIds: nodes(2) },
      at(9),
    ),
    end: observe(20, shown(ENDED, ENDED)),
  };
  it.each([
    ['soft', 'look', true],
    ['hard', 'soft', true],
    ['end', 'look', true],
    ['end', 'soft', true],
    ['end', 'hard', true],
    ['end', 'not-sent', true],
    ['look', 'soft', false],
    ['soft', 'soft', false],
    ['soft', 'end', false],
    ['hard', 'end', false],
    ['not-sent', 'hard', false],
    ['end', 'end', false],
  ] as const)('%s replaces %s: %s', (next, standing, expected) => {
    const [a, b] = [rows[next] ?? expect.fail(), rows[standing] ?? expect.fail()];
    expect(supersedes(a, b)).toBe(expected);
    expect(supersedes(a, undefined)).toBe(true);
  });
});

it('keeps with a reading where its node comes from, and since when the fault is known', () => {
  const because = { ...becauseOnce({ kind: 'log', detectedWithinSeconds: 1800 }, 's', at(-60)) };
  const own = becauseOnce({ kind: 'sweep' }, 's', at(-5));
  const places = { [node(0)]: { nodegroup: 'workers-0', ami: 'ami-1' } };
  const ended = shown(['Undeliverable'], ['Undeliverable']);
  const readings = readNodes(command({ because, becauses: { [node(1)]: own }, places }), ended, at(60));
  expect(readings.get(node(0))).toMatchObject({
    ...{ since: at(-60), detectedWithinSeconds: 1800, nodegroup: 'workers-0', ami: 'ami-1' },
  });
  expect(readings.get(node(1))).toMatchObject({ since: at(-5) });
  expect(readings.get(node(1))).not.toHaveProperty('nodegroup');
});
