import { describe, expect, it } from 'vitest';
import {
  afterOutbox,
  aRun,
  at,
  DOCUMENT,
  kinds,
  LIMITS,
  node,
  nodes,
  observed,
  START,
  sendingRun,
  sent,
  step,
  trustAfter,
} from '../../test/support/runs.ts';
import type { SendReport } from './command.ts';
import { countsOf } from './reports.ts';

describe('a report', () => {
  it('of a sent command drops the rows that brought its nodes, and sets the deadlines', () => {
    const { state } = step(sendingRun(2), { reports: [sent('1')] }, at(2));
    expect(state.commands[0]).toEqual({
      key: '1',
      documentName: DOCUMENT.name,
      executionTimeoutSeconds: DOCUMENT.executionTimeoutSeconds,
      instanceIds: nodes(2),
      size: 2,
      status: 'sent',
      commandId: 'c-1',
      sentAt: at(1),
      hardDeadlineAt: at(1 + 60 + 300 + 30),
    });
    expect(state.outbox).toEqual([
      {
        kind: 'drop',
        lane: 'demo/pause-image',
        rows: [
          [node(0), `v-${node(0)}`],
          [node(1), `v-${node(1)}`],
        ],
      },
    ]);
  });

  it('of a check leaves the rows for the cool-down', () => {
    const run = { ...sendingRun(2), action: 'check' as const };
    expect(step(run, { reports: [sent('1')] }).state.outbox).toEqual([]);
  });

  it('that it was not sent brings the command back, not before its time', () => {
    const { state, effects } = step(
      sendingRun(),
      { reports: [{ key: '1', kind: 'not-sent', notBefore: at(10) }] },
      at(1),
    );
    expect(effects).toEqual([]);
    expect(state.commands[0]).toMatchObject({ status: 'planned', notBefore: at(10) });
    expect(state.dueAt).toBe(at(10));
    expect(step(state, {}, at(10)).effects).toEqual([{ kind: 'send', key: '1' }]);
  });

  it('of invalid ids settles those, keeps their rows for the cool-down, and sends the rest in the next step', () => {
    const first = step(
      sendingRun(3),
      { reports: [{ key: '1', kind: 'invalid-ids', instanceIds: [node(1), 'i-99999999'] }] },
      at(1),
    );
    // The attempts that were booked for all three are taken back before any of them is booked again.
    expect(first.effects).toEqual([]);
    expect(first.state.outbox).toMatchObject([
      { kind: 'defer', rows: [[node(1), `v-${node(1)}`]], notBefore: at(901), decidedAt: at(1) },
      { kind: 'results', outcome: 'Unreachable', instanceIds: [node(1)] },
    ]);
    const window = { trust: trustAfter(3) };
    const { state, effects, booked } = step(first.state, window, at(1));
    expect(effects).toEqual([{ kind: 'send', key: '1' }]);
    expect(booked).toEqual([node(0), node(2)]);
    expect(state.commands[0]).toMatchObject({
      status: 'sending',
      instanceIds: [node(0), node(2)],
      versions: [`v-${node(0)}`, `v-${node(2)}`],
      unreachable: [node(1)],
    });
    const closed = step(state, {
      reports: [sent('1')],
      observations: [observed('1', { [node(0)]: {}, [node(2)]: {} })],
    }).state;
    expect(countsOf(closed)).toEqual({ Repaired: 2, Unreachable: 1 });
    expect(closed.status).toBe('ended');
  });

  it('that all ids are invalid ends the command', () => {
    const report = { key: '1', kind: 'invalid-ids', instanceIds: nodes(3) } as const;
    const { state, effects } = step(sendingRun(3), { reports: [report] }, at(1));
    expect(effects).toEqual([]);
    expect(state.status).toBe('ended');
    expect(countsOf(state)).toEqual({ Unreachable: 3 });
    expect(kinds(state)).toEqual(['defer', 'results', 'notice']);
  });

  it('of a command that SSM refuses proves that nothing ran: its nodes stay with the run, which tries again', () => {
    const report: SendReport = { key: '1', kind: 'refused', message: 'InvalidDocument: no' };
    const { state, effects } = step(sendingRun(1), { reports: [report] }, at(1));
    expect([effects, kinds(state), countsOf(state)]).toEqual([[], [], {}]);
    expect(state.refusal).toMatchObject({ firstAt: at(1), count: 1, notBefore: at(16) });
    expect(step(state, {}, at(15)).effects).toEqual([]);
    const again = step(state, {}, at(16));
    expect(again.effects).toEqual([{ kind: 'send', key: '1' }]);
    const twice = step(again.state, { reports: [report] }, at(17)).state;
    expect(twice.refusal).toMatchObject({ firstAt: at(1), count: 2, notBefore: at(47) });
    const sentAtLast = step(step(twice, {}, at(47)).state, { reports: [sent('1', 47)] }, at(48)).state;
    expect(sentAtLast).not.toHaveProperty('refusal');
  });

  it('of a repair that is refused for a day gives its nodes up, each with the reason; none counts as failed', () => {
    const refusal = {
      firstAt: START,
      count: 99,
      notBefore: at(86_400),
      message: 'SSM refused the command: AccessDenied',
    };
    const { state } = step(aRun(2, { refusal }), {}, at(86_401));
    expect(state).toMatchObject({ settled: { Unreadable: 2 }, stopped: { reason: 'CommandRefused' } });
    expect(state.outbox.find((e) => e.kind === 'results')).toMatchObject({
      outcome: 'Skipped',
      skipReason: 'Unreadable',
      reason: 'CommandRefused',
    });
  });

  it('of a check that is refused for a quarter of an hour stops it, and records a result for every node', () => {
    const run = { ...sendingRun(2), pending: [[node(7), '']] as [string, string][], action: 'check' as const };
    const refused = step(run, { reports: [{ key: '1', kind: 'refused', message: 'AccessDenied' }] }).state;
    const { state } = step(refused, {}, at(901));
    expect(state).toMatchObject({ settled: { Unknown: 3 }, stopped: { reason: 'CommandRefused' } });
  });

  it('for a command that is not being sent is ignored', () => {
    const run = step(sendingRun(), { reports: [sent('1')] }).state;
    const again = step(run, { reports: [{ ...sent('1'), commandId: 'c-other' } as SendReport] }, at(1));
    expect(again.state.commands[0]?.commandId).toBe('c-1');
  });
});

describe('a command whose sending was interrupted', () => {
  const CRASH_WAIT = LIMITS.runControllerTimeoutSeconds + LIMITS.adoptionGraceSeconds;

  it("is looked for after the function's timeout and the grace, not before, and never sent again", () => {
    const run = sendingRun();
    expect(step(run, {}, at(CRASH_WAIT - 1)).effects).toEqual([]);
    expect(step(run, {}, at(CRASH_WAIT)).effects).toEqual([{ kind: 'look-for', key: '1' }]);
  });

  it('is adopted where it is found', () => {
    const found: SendReport = { key: '1', kind: 'found', commandId: 'c-9', sentAt: at(1) };
    expect(step(sendingRun(), { reports: [found] }, at(CRASH_WAIT)).state.commands[0]).toMatchObject({
      status: 'sent',
      commandId: 'c-9',
      sentAt: at(1),
    });
  });

  it('is closed by an observation, where its event was quicker than any look', () => {
    const { state } = step(sendingRun(), { observations: [observed('1', { [node(0)]: {} })] }, at(20));
    expect(state).toMatchObject({
      status: 'ended',
      commands: [{ status: 'closed', commandId: 'c-1', counts: { Repaired: 1 } }],
    });
    expect(kinds(state)).toEqual(['drop', 'notice']);
  });

  it('is looked for a second time a minute later; then a repair is lost, and becomes a check', () => {
    const first = step(sendingRun(2), { reports: [{ key: '1', kind: 'not-found', at: at(150) }] }, at(150));
    expect(first.effects).toEqual([]);
    expect(first.state.dueAt).toBe(at(210));
    expect(step(first.state, {}, at(209)).effects).toEqual([]);
    expect(step(first.state, {}, at(210)).effects).toEqual([{ kind: 'look-for', key: '1' }]);
    const second = step(first.state, { reports: [{ key: '1', kind: 'not-found', at: at(210) }] }, at(210)).state;
    expect(second).toMatchObject({ status: 'ended', commands: [{ status: 'lost', counts: { Unknown: 2 } }] });
    expect(second.outbox).toMatchObject([
      { kind: 'drop' },
      { kind: 'results', outcome: 'Unknown', reason: 'CommandLost', instanceIds: nodes(2) },
      {
        kind: 'enqueue',
        lane: 'demo/node-check',
        reason: 'CommandLost',
        nodes: [
          [node(0), at(210)],
          [node(1), at(210)],
        ],
      },
      { kind: 'notice' },
    ]);
  });

  it('is sent again if it is a check, for a quarter of an hour at most', () => {
    const check = { ...sendingRun(), action: 'check' as const };
    const missed = step(check, { reports: [{ key: '1', kind: 'not-found', at: at(150) }] }, at(150)).state;
    const second: SendReport = { key: '1', kind: 'not-found', at: at(210) };
    expect(step(missed, { reports: [second] }, at(210)).effects).toEqual([{ kind: 'send', key: '1' }]);
    const given = step(missed, { reports: [second] }, at(901)).state;
    expect(afterOutbox(given, at(902))).toMatchObject({
      status: 'ended',
      commands: [{ status: 'lost', counts: { Unknown: 1 } }],
    });
    expect(given.outbox.some((e) => e.kind === 'enqueue')).toBe(false);
  });
});
