import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  kinds,
  LIMITS,
  node,
  nodes,
  START,
  step,
  stopBy,
} from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun, RunState, Stop } from '../state/run-state.ts';
import { withoutUnsent } from './stop.ts';

const part = (n: number, over: Partial<CommandState> = {}): CommandState =>
  aCommand({ key: `1.${n}`, part: n, parts: 2, instanceIds: nodes(2), versions: ['', ''], size: 2, ...over });
const SENT: Partial<CommandState> = {
  status: 'sent',
  commandId: 'c-1',
  sentAt: START,
  hardDeadlineAt: at(390),
  instanceIds: [],
};

describe('a check that stops', () => {
  const stop = (...commands: CommandState[]): RunState =>
    withoutUnsent(aCheck(0, { commands }), stopBy('Paused'), at(5), LIMITS);

  it('closes a part that was not sent, with an observation, where another part was', () => {
    const state = stop(part(1, SENT), part(2));
    expect(state.commands).toEqual([
      part(1, SENT),
      expect.objectContaining({ key: '1.2', status: 'closed', instanceIds: [] }),
    ]);
    expect(state.outbox).toEqual([
      {
        kind: 'observation',
        key: '1.2',
        part: 2,
        parts: 2,
        outcome: 'Skipped',
        skipReason: 'Paused',
        message: 'the run was stopped (Paused) before a command was sent to this node',
        at: at(5),
        instanceIds: nodes(2),
      },
    ]);
    expect(state.settled).toEqual({});
  });

  it('settles the nodes of a batch that was not sent once, and counts those that SSM had refused', () => {
    const state = stop(part(1, { unreachable: [node(9)], size: 3 }), part(2, { size: 3 }));
    expect(state.settled).toEqual({ Paused: 2 });
    expect(state.commands).toEqual([
      expect.objectContaining({ key: '1.1', status: 'closed', instanceIds: [], counts: { Unreachable: 1 } }),
      expect.not.objectContaining({ counts: expect.anything() }),
    ]);
    expect(state.outbox).toMatchObject([
      { kind: 'results', outcome: 'Unreachable', instanceIds: [node(9)] },
      { kind: 'results', skipReason: 'Paused', instanceIds: nodes(2) },
    ]);
  });

  it('is asked for again where signals asked for it, and nobody else: a part of it, or all of it', () => {
    const asked = (commands: readonly CommandState[], over: Partial<RunningRun>, by: Stop['reason'] = 'Paused') =>
      withoutUnsent(aCheck(0, { ...over, commands: [...commands] }), stopBy(by), at(5), LIMITS).outbox.flatMap(
        (entry) => (entry.kind === 'enqueue' ? [[entry.lane, entry.reason, entry.nodes]] : []),
      );
    const again = [['demo/node-check', 'Paused', nodes(2).map((id) => [id, at(5)])]];
    const ofSignals = { lane: 'demo/node-check' };
    expect(asked([part(1), part(2)], ofSignals)).toEqual(again);
    expect(asked([part(1, SENT), part(2)], ofSignals)).toEqual(again);
    expect(asked([part(1), part(2)], {})).toEqual([]);
    expect(asked([part(1), part(2)], ofSignals, 'Cancelled')).toEqual([]);
    expect(asked([part(1, SENT), part(2)], ofSignals, 'Cancelled')).toEqual([]);
  });

  it('has no result for a refused node where none was refused', () => {
    expect(stop(part(1), part(2)).outbox).toHaveLength(1);
  });
});

it('a repair that stops has no second result for a node that SSM refused', () => {
  const command = aCommand({ instanceIds: [node(0)], unreachable: [node(9)], size: 2 });
  const state = withoutUnsent(aRun(0, { commands: [command] }), stopBy('Paused'), at(5), LIMITS);
  expect(state.outbox).toMatchObject([{ kind: 'results', skipReason: 'Paused', instanceIds: [node(0)] }]);
  expect(state.commands[0]?.counts).toEqual({ Unreachable: 1 });
});

it('a run that stops with nothing unsent keeps what it has promised', () => {
  const promised: RunState['outbox'] = [{ kind: 'cancel', commandId: 'c-9' }];
  const run = aRun(0, { outbox: promised, settled: { Gone: 1 }, commands: [aCommand(SENT)] });
  expect(withoutUnsent(run, stopBy('Paused'), at(5), LIMITS)).toEqual(run);
});

describe('a cancel', () => {
  const sentRun = (over: Partial<RunningRun> = {}): RunningRun =>
    aCheck(0, { commands: [aCommand({ ...SENT, size: 1 })], status: 'draining', ...over });

  it('of a check also cancels what was sent, without force', () => {
    expect(kinds(step(sentRun(), { cancelled: { force: false } }, at(1)).state)).toEqual(['cancel']);
  });

  it('of a run that stops for another reason cancels nothing that was sent', () => {
    expect(kinds(step(sentRun(), { paused: true }, at(1)).state)).toEqual([]);
  });

  it('names no command that SSM has given no id, and none that is over', () => {
    const { commandId, ...nameless } = SENT;
    const commands = [aCommand(nameless), aCommand({ ...SENT, key: '2', status: 'closed', counts: { Healthy: 1 } })];
    expect(kinds(step(sentRun({ commands }), { cancelled: { force: false } }, at(1)).state)).toEqual([]);
  });

  it('is of its own time, and a later step leaves it as it was', () => {
    const first = step(sentRun(), { cancelled: { force: false } }, at(1)).state;
    const again = step({ ...first, outbox: [] }, { cancelled: { force: false } }, at(70)).state;
    expect(again.stopped).toEqual({ reason: 'Cancelled', at: at(1) });
    const forced = step({ ...first, outbox: [] }, { cancelled: { force: true } }, at(80)).state;
    expect(forced.stopped).toEqual({ reason: 'Cancelled', at: at(80), forced: true });
    const still = step({ ...forced, outbox: [] }, { cancelled: { force: true } }, at(90)).state;
    expect(still.stopped).toEqual({ reason: 'Cancelled', at: at(80), forced: true });
  });

  it('takes the place of another reason, and no other reason that of the first', () => {
    const paused = step(sentRun(), { paused: true }, at(1)).state;
    expect(step(paused, { paused: true }, at(2)).state.stopped).toEqual({ reason: 'Paused', at: at(1) });
    expect(step(paused, { cancelled: { force: false } }, at(2)).state.stopped).toEqual({
      reason: 'Cancelled',
      at: at(2),
    });
    const cancelled = step(sentRun(), { cancelled: { force: false } }, at(1)).state;
    expect(step(cancelled, { paused: true }, at(2)).state.stopped).toEqual({ reason: 'Cancelled', at: at(1) });
  });
});

describe('a run that SSM refuses', () => {
  const refusal = (notBefore: number) => ({
    firstAt: START,
    count: 4,
    notBefore: at(notBefore),
    message: 'AccessDenied',
  });

  it('tries for a day, and stops after it', () => {
    const run = (seconds: number) =>
      step(aRun(1, { refusal: refusal(100_000) }), { isAwaited: false }, at(seconds)).state.stopped?.reason;
    expect(run(86_400)).toBeUndefined();
    expect(run(86_401)).toBe('CommandRefused');
  });

  it('is not refused again before its next try, where its document is not deployed', () => {
    const run = (seconds: number) =>
      step(aRun(1, { refusal: refusal(60) }), { documents: [] }, at(seconds)).state.refusal;
    expect(run(59)).toEqual(refusal(60));
    expect(run(60)).toMatchObject({ count: 5, message: 'no document pause-image-repair is deployed' });
  });

  it('is not refused for a missing document where no node waits for it', () => {
    const run = aRun(0, { commands: [aCommand(SENT)], status: 'draining' });
    expect(step(run, { documents: [] }, at(1)).state).not.toHaveProperty('refusal');
  });
});
