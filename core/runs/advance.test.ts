import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  anEndedRun,
  aQueuedRun,
  aRun,
  at,
  DOCUMENT,
  node,
  nodes,
  observed,
  START,
  sendingRun,
  sent,
  step,
  trustAfter,
} from '../../test/support/runs.ts';
import type { Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { nodesInFlight } from './in-flight.ts';

describe('a run that begins', () => {
  it('stores its first canary as `sending` before the effect that sends it', () => {
    const { state, effects } = step(aRun(5));
    expect(effects).toEqual([{ kind: 'send', key: '1' }]);
    expect(state.commands).toEqual([
      {
        key: '1',
        documentName: DOCUMENT.name,
        executionTimeoutSeconds: DOCUMENT.executionTimeoutSeconds,
        instanceIds: [node(0)],
        versions: [`v-${node(0)}`],
        size: 1,
        isCanary: true,
        status: 'sending',
        sendingAt: START,
      },
    ]);
    expect(state.pending).toHaveLength(4);
    expect(state.status).toBe('active');
  });

  it('sends a check to all at once, in commands of fifty', () => {
    const { state, effects } = step(aCheck(120));
    expect(effects).toHaveLength(3);
    expect(state.commands.map((c) => c.size)).toEqual([50, 50, 20]);
    expect(state.status).toBe('draining');
  });

  it('sends no more than the budget allows, and is due again within a minute', () => {
    const { state, effects } = step(aRun(5), { slots: 0 });
    expect(effects).toEqual([]);
    expect(state.dueAt).toBe(at(60));
  });

  it('ends at once with a notice if nothing is to be sent', () => {
    const { state } = step(aRun(0, { settled: { Gone: 2 } }));
    expect(state).toMatchObject({ status: 'ended', endedAt: START });
    expect(state.outbox).toMatchObject([
      { kind: 'notice', id: 'r-1/ended', detail: { counts: { Gone: 2 }, startedAt: START } },
    ]);
  });

  it.each([aQueuedRun(), anEndedRun()])('that is $status does nothing', (run) => {
    expect(step(run, { cancelled: { force: true } })).toEqual({ state: run, booked: [], trust: [], effects: [] });
    expect(step(run).state).toBe(run);
  });
});

describe('an idle step', () => {
  it('returns the same state object and no effects', () => {
    const { state } = step(aRun(5));
    expect(step(state, {}, at(1))).toEqual({ state, booked: [], trust: [], effects: [] });
    expect(step(state, {}, at(1)).state).toBe(state);
  });

  it('moves only `dueAt`, and only when it is reached', () => {
    const { state } = step(aRun(5), { slots: 0 });
    const later = step(state, { slots: 0 }, at(61)).state;
    expect(later).toEqual({ ...state, dueAt: at(121) });
  });
});

describe('an observation', () => {
  const run = (): RunState => step(sendingRun(3), { reports: [sent('1')] }).state;
  const [a, b, c] = nodes(3) as [string, string, string];

  it('closes its command with counts that derive from it alone', () => {
    const seen = observed('1', {
      [a]: {},
      [b]: { outcome: 'NotRepaired', reason: 'X' },
      [c]: { outcome: 'NotRepaired', reason: 'DiskFull' },
    });
    const { state } = step(run(), { observations: [seen] }, at(20));
    expect(state.commands[0]).toMatchObject({
      status: 'closed',
      instanceIds: [],
      counts: { Repaired: 1, NotRepaired: 2 },
    });
    expect(nodesInFlight(state)).toBe(0);
    expect(step(state, { observations: [seen] }, at(21)).state).toBe(state);
  });

  it('of nodes that have ended frees their slots, and keeps those of the nodes that still run', () => {
    const look = observed('1', { [a]: {}, [b]: {} }, { final: false, closedBy: 'look', open: [c], grade: 8 });
    const { state } = step(run(), { observations: [look] }, at(20));
    expect(state.commands[0]).toMatchObject({ status: 'sent', open: [c] });
    expect([state.status, nodesInFlight(state)]).toEqual(['draining', 1]);
    expect(step(state, { observations: [look] }, at(21)).state).toBe(state);
    const end = observed('1', { [a]: {}, [b]: {}, [c]: {} });
    expect(step(state, { observations: [end] }, at(200)).state).toMatchObject({
      status: 'ended',
      commands: [{ status: 'closed', counts: { Repaired: 3 } }],
    });
  });

  it('that assumed a reading at the hard deadline is followed by a surer one, also after the run has ended', () => {
    const slow = { outcome: 'TimedOut' } as const;
    const over = { closedBy: 'hard-deadline', assumed: [c], grade: 10 } as const;
    const hard = observed('1', { [a]: {}, [b]: {}, [c]: slow }, { ...over, assumed: [c] });
    const { state } = step({ ...run(), outbox: [] }, { observations: [hard] }, at(500));
    expect(state).toMatchObject({ status: 'ended', commands: [{ counts: { Repaired: 2, TimedOut: 1 } }] });
    expect(step(state, { observations: [hard] }, at(501)).state).toBe(state);
    const final = observed('1', { [a]: {}, [b]: {}, [c]: {} });
    const after = step(state, { observations: [final] }, at(600));
    expect(after.effects).toEqual([]);
    expect(after.state).toMatchObject({ status: 'ended', endedAt: at(500), commands: [{ counts: { Repaired: 3 } }] });
    expect(after.state.outbox).toEqual(state.outbox);
    expect(step(after.state, { observations: [final] }, at(601)).state).toBe(after.state);
  });

  it('of a check enqueues its findings in the lanes that may repair, with the times of the node', () => {
    const check = step({ ...aCheck(3) }, {}).state;
    const found = (reason: string): Partial<Tally> => ({
      outcome: 'Broken',
      findings: [
        ['pause-image', reason],
        ['cri-dockerd', 'CRIDockerdDown'],
      ],
    });
    const seen = observed('1', {
      [a]: found('SandboxImageMissing'),
      [b]: { ...found('SandboxImageMissing'), at: at(12) },
      [c]: found('SandboxImageUnpinned'),
    });
    const { state } = step(check, { observations: [seen] }, at(20));
    expect(state.outbox.filter((e) => e.kind === 'enqueue')).toEqual([
      {
        kind: 'enqueue',
        lane: 'demo/pause-image',
        reason: 'SandboxImageMissing',
        source: 'fleetmend.check',
        because: { kind: 'finding', parent: { runId: 'r-1', requestId: 'r-1' } },
        nodes: [
          [a, at(10)],
          [b, at(12)],
        ],
      },
      {
        kind: 'enqueue',
        lane: 'demo/pause-image',
        reason: 'SandboxImageUnpinned',
        source: 'fleetmend.check',
        because: { kind: 'finding', parent: { runId: 'r-1', requestId: 'r-1' } },
        nodes: [[c, at(10)]],
      },
    ]);
  });
});

it('the parts of a check hold the slots of their nodes once, and have the deadlines of their own documents', () => {
  const documents = [
    { ...DOCUMENT, key: 'node-check-1', executionTimeoutSeconds: 60 },
    { ...DOCUMENT, key: 'node-check-2', executionTimeoutSeconds: 200 },
  ];
  const sending = step(aCheck(3), { documents }).state;
  expect(nodesInFlight(sending)).toBe(3);
  const { state } = step(sending, { documents, reports: [sent('1.1'), sent('1.2')] }, at(1));
  expect(nodesInFlight(state)).toBe(3);
  const [first = '', second = ''] = state.commands.map((c) => c.hardDeadlineAt ?? '');
  expect(Date.parse(second) - Date.parse(first)).toBe(140_000);
});

it('the last nodes of a run are canaries too, where it has no more nodes than canaries', () => {
  const ended = (n: number) =>
    aCommand({ key: String(n), status: 'closed', instanceIds: [], size: 1, counts: { Repaired: 1 } });
  const run = aRun(2, { commands: [ended(1), ended(2)] });
  const { state } = step(run, { trust: trustAfter(2) });
  expect(state.commands[2]).toMatchObject({ status: 'sending', size: 1, isCanary: true });
});
