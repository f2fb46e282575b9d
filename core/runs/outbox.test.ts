import { describe, expect, it } from 'vitest';
import {
  aCommand,
  anEndedRun,
  aRun,
  at,
  because,
  LIMITS,
  node,
  nodes,
  START,
  stopBy,
} from '../../test/support/runs.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import {
  answeredOf,
  becausesOf,
  countedBefore,
  keptUntil,
  merged,
  requeued,
  resultsOf,
  takenOf,
  unsentResults,
  unsentText,
} from './outbox.ts';
import { endNotice } from './run-end.ts';

describe('entries are merged', () => {
  const drop = (id: string): OutboxEntry => ({ kind: 'drop', lane: 'demo/pause-image', rows: [[id, 'v']] });
  const cancel: OutboxEntry = { kind: 'cancel', commandId: 'c-1' };

  it('where they differ only in their nodes', () => {
    const text = { outcome: 'Skipped', skipReason: 'Gone', message: 'm' } as const;
    const results = nodes(2).flatMap((id) => resultsOf([id], text, START));
    expect(merged([...results, drop(node(0)), drop(node(1))])).toEqual([
      { kind: 'results', ...text, at: START, instanceIds: nodes(2) },
      { ...drop(node(0)), rows: nodes(2).map((id) => [id, 'v']) },
    ]);
    expect(merged([...results, ...resultsOf([node(2)], { ...text, message: 'another' }, START)])).toHaveLength(2);
  });

  it('but every cancellation and every notice stays one of its own', () => {
    expect(merged([cancel, cancel])).toEqual([cancel, cancel]);
  });

  it('and two observations of one command are refused, because neither may be lost', () => {
    const observation: OutboxEntry = {
      kind: 'observation',
      key: '1',
      outcome: 'Unknown',
      message: 'm',
      at: START,
      instanceIds: [node(0)],
    };
    expect(() => merged([observation, observation])).toThrow('joining outbox entries: observation and observation');
  });
});

describe('an entry for no node', () => {
  it('is not written', () => {
    expect(resultsOf([], { outcome: 'Unknown', message: 'm' }, START)).toEqual([]);
    expect(answeredOf('demo/pause-image', [[node(0), '']], START, 900)).toEqual([]);
    expect(requeued(aRun(0), [], START)).toEqual([]);
  });
});

describe('a run of no lane', () => {
  const { lane, ...run } = aRun(0, { group: 'r-9' });

  it('keeps its nodes in its group', () => {
    const taken = [
      [node(0), 'v'],
      [node(1), ''],
    ] as const;
    const entries = [
      ...requeued(run, [node(0)], START),
      ...keptUntil(run, taken, at(60), 'Busy', START),
      ...unsentResults(run, taken, { outcome: 'Unknown', message: 'm' }, START, LIMITS),
    ];
    expect(entries.flatMap((entry) => ('lane' in entry ? [entry.lane] : []))).toEqual(['r-9', 'r-9', 'r-9', 'r-9']);
  });
});

it('the nodes of a command without stored rows come from no row', () => {
  expect(takenOf({ instanceIds: nodes(2) })).toEqual(nodes(2).map((id) => [id, '']));
  expect(takenOf({ instanceIds: nodes(2), versions: ['v'] })).toEqual([
    [node(0), 'v'],
    [node(1), ''],
  ]);
});

it('a command that was never sent counts only the nodes that SSM refused', () => {
  const command = aCommand({ size: 3 });
  expect(countedBefore(command)).toEqual({});
  expect(countedBefore({ ...command, unreachable: nodes(2) })).toEqual({ Unreachable: 2 });
});

it.each(['Cancelled', 'Paused', 'BreakerOpen'] as const)(
  'a node of a run that was stopped as %s has that reason',
  (it) => {
    expect(unsentText({ action: 'repair', remediation: 'pause-image' }, stopBy(it))).toMatchObject({
      outcome: 'Skipped',
      skipReason: it,
      message: expect.stringContaining(it),
    });
  },
);

it('a node of a run that yielded has no reason of its own, and one of a refused run is unknown only in a check', () => {
  expect(unsentText({ action: 'repair', remediation: 'pause-image' }, stopBy('Yielded'))).not.toHaveProperty(
    'skipReason',
  );
  expect(unsentText({ action: 'repair', remediation: 'pause-image' }, stopBy('CommandRefused'))).toMatchObject({
    outcome: 'Skipped',
    skipReason: 'Unreadable',
    reason: 'CommandRefused',
  });
  expect(unsentText({ action: 'repair', remediation: 'pause-image' }, stopBy('DocumentRefused'))).toMatchObject({
    skipReason: 'DocumentRefused',
    message: 'the run sent no command to this node: its document is not the one that was built',
  });
  expect(unsentText({ action: 'check', remediation: 'node-check' }, stopBy('CommandRefused'))).toMatchObject({
    outcome: 'Unknown',
  });
});

it('the notice of a run that was never planned begins with the request', () => {
  const { startedAt, ...run } = anEndedRun({ createdAt: at(-60) });
  expect(endNotice(run, {}, START)).toMatchObject({ detail: { startedAt: at(-60), endedAt: START } });
  expect(endNotice({ ...run, startedAt: at(-5) }, {}, START)).toMatchObject({ detail: { startedAt: at(-5) } });
});

it('the cause of a row is kept where it differs from that of the run, without its sample', () => {
  const run = { because: because('log') };
  const { source, firstSeenAt, lastSeenAt } = run.because;
  const row = (id: string, cause: { kind: 'log' | 'alarm'; sample?: string }) => ({
    lane: 'demo/pause-image',
    cluster: 'demo',
    instanceId: id,
    reason: 'SandboxImageMissing',
    because: cause,
    firstSeenAt,
    lastSeenAt,
    signals: 1,
    source,
    version: 'v',
  });
  expect(becausesOf(run, [row(node(0), { kind: 'log' }), row(node(1), { kind: 'alarm', sample: 'a line' })])).toEqual({
    [node(1)]: { ...run.because, kind: 'alarm' },
  });
});
