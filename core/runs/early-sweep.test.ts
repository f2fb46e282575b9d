import { describe, expect, it } from 'vitest';
import { anEndedRun, at, because, LIMITS, node, START, stopBy } from '../../test/support/runs.ts';
import type { NodeNote } from '../state/run-digest.ts';
import type { EndedRun } from '../state/run-state.ts';
import { earlyDelaySeconds, earlySweepId, earlySweepsAfter, MAX_EARLY_SWEEPS } from './early-sweep.ts';

const sweep = (over: Partial<EndedRun> = {}): EndedRun =>
  anEndedRun({ action: 'check', because: because('sweep'), startedAt: START, endedAt: at(30), ...over });
const note = (n: number, over: Partial<NodeNote> = {}): NodeNote => ({
  ...{ instanceId: node(n), at: START, outcome: 'Broken', remediation: 'pause-image', nodegroup: 'blue' },
  ...over,
});
const asked = (run: EndedRun, notes: readonly NodeNote[], now = at(30)) =>
  earlySweepsAfter(run, { notes: [...notes] }, { everyMinutes: 30, limits: LIMITS }, now);
const groupsOf = ({ sweeps }: ReturnType<typeof asked>) => sweeps.map(({ early }) => early?.nodegroup);

it.each([
  [5, 120],
  [30, 300],
  [1440, 600],
])('with a sweep each %i minutes, an early one follows after %i seconds', (minutes, seconds) => {
  expect(earlyDelaySeconds(minutes)).toBe(seconds);
});

it('asks for a check of the node group, which leads back to the sweep', () => {
  const { sweeps, raised } = asked(sweep({ ailing: [node(7)] }), [note(1), note(2), note(1, { remediation: 'cni' })]);
  expect(sweeps).toMatchObject([
    {
      status: 'queued',
      remediation: 'node-check',
      runId: 'r-1-e1-1nz36s0',
      because: { kind: 'finding', parent: { runId: 'r-1' }, detectedWithinSeconds: 360 },
      early: { nodegroup: 'blue', of: 'r-1', from: START, turn: 1, ailing: [node(7), node(1), node(2)] },
      dueAt: at(300),
    },
  ]);
  expect(raised).toEqual([
    [node(1), at(30)],
    [node(2), at(30)],
  ]);
});

it('asks for one of each node group with a new fault, and of the nodes without one', () => {
  const { nodegroup, ...alone } = note(2, { ami: 'ami-1' });
  const { ami, ...unknown } = alone;
  expect(groupsOf(asked(sweep(), [note(1), alone, note(3, { nodegroup: 'green' })]))).toEqual(['blue', '', 'green']);
  expect(groupsOf(asked(sweep(), [{ ...unknown, instanceId: node(4) }]))).toEqual([]);
});

describe('asks for none', () => {
  const raised = (seconds: number) => [[node(1), at(seconds)]] as [string, string][];
  it.each<[string, EndedRun, NodeNote, string?]>([
    ['because of a fault that it knew', sweep({ ailing: [node(1)] }), note(1)],
    ['because of a node that brought one forward today', sweep({ raised: raised(-86_000) }), note(1)],
    ['because of a node without an answer', sweep(), note(1, { outcome: 'TimedOut' })],
    ['where the sweep was stopped', sweep({ end: 'Stopped', stopped: stopBy('Paused') } as Partial<EndedRun>), note(1)],
    ['shortly before the next sweep', sweep(), note(1), at(1700)],
  ])('%s', (_, run, found, now) => {
    expect(asked(run, [found], now).sweeps).toEqual([]);
  });

  it('after so many since the last sweep', () => {
    const early = { nodegroup: 'blue', of: 'r-0', from: START, ailing: [], raised: [] };
    const turns = (turn: number) => asked(sweep({ early: { ...early, turn }, endedAt: at(400) }), [note(1)], at(400));
    expect(turns(MAX_EARLY_SWEEPS - 1).sweeps).toMatchObject([{ early: { turn: MAX_EARLY_SWEEPS, of: 'r-0' } }]);
    expect(turns(MAX_EARLY_SWEEPS).sweeps).toEqual([]);
  });
});

it('a node may bring a sweep forward again after a day, and one that was never planned began when it was asked for', () => {
  const { startedAt, ...run } = sweep({ raised: [[node(1), at(-86_500)]] });
  const { sweeps, raised } = asked(run as EndedRun, [note(1)]);
  expect([sweeps.length, sweeps[0]?.dueAt, raised]).toEqual([1, at(300), [[node(1), at(30)]]]);
});

it('has an id with the time of its sweep, short enough for a line of 80 characters', () => {
  const id = (nodegroup: string) => earlySweepId('r-20261130T170500-sweep811c9dc5', 1, nodegroup);
  expect(id('blue')).toBe('r-20261130T170500-e1-6qu8y6');
  expect(id('green')).not.toBe(id('blue'));
});
