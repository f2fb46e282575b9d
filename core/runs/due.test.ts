import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  because,
  LIMITS,
  node,
  nodes,
  observed,
  sendingRun,
  step,
} from '../../test/support/runs.ts';
import { commandRowOf, dueMs, looksAfter } from './command.ts';
import { waitingOf } from './findings.ts';

describe('a command is due', () => {
  const dueAt = (over: Parameters<typeof aCommand>[0]) => dueMs(aCommand(over), LIMITS);

  it.each([
    ['at once, where it is planned', { status: 'planned' }, 0],
    ['not before its time', { status: 'planned', notBefore: at(10) }, Date.parse(at(10))],
    ['when its sender must be over', { status: 'sending', sendingAt: at(0) }, Date.parse(at(60 + 300))],
    ['at its hard deadline', { status: 'sent', hardDeadlineAt: at(390) }, Date.parse(at(390))],
    ['never again, where it is closed', { status: 'closed' }, Number.POSITIVE_INFINITY],
    ['never again, where it is lost', { status: 'lost' }, Number.POSITIVE_INFINITY],
  ] as const)('%s', (_, over, expected) => {
    expect(dueAt(over)).toBe(expected);
  });

  it('where its time is missing, so that no command is forgotten', () => {
    expect(dueAt({ status: 'sending' })).toBeLessThan(Date.parse(at(0)));
    expect(dueAt({ status: 'sent' })).toBeLessThan(Date.parse(at(0)));
  });
});

describe('a run that may not send now', () => {
  const stuck = () =>
    aRun(0, { commands: [aCommand({ instanceIds: nodes(2), versions: ['v', 'v'], size: 2, status: 'planned' })] });

  it('looks again in a minute although its command is due, so that a slow turn is not a circle', () => {
    const { state } = step(stuck(), { slots: 0 }, at(10));
    expect(state.dueAt).toBe(at(70));
    expect(step(state, { slots: 0 }, at(12)).state).toBe(state);
  });

  it('because its turn ends makes no command `sending`', () => {
    expect(step(aRun(3), { isEnding: true }).effects).toEqual([]);
    expect(step(aRun(3), { isEnding: false }).effects).toEqual([{ kind: 'send', key: '1' }]);
  });

  it('to a node whose row has left its lane records that the node was cancelled', () => {
    const decideAgain = (instanceId: string) => ({ candidate: { instanceId }, decision: { kind: 'go' } as const });
    const { state, effects } = step(aRun(1), { decideAgain });
    expect(effects).toEqual([]);
    expect(state).toMatchObject({ status: 'ended', settled: { Cancelled: 1 } });
    const asked = aRun(0, { pending: [[node(0), '']] });
    expect(step(asked, { decideAgain }).effects).toEqual([{ kind: 'send', key: '1' }]);
  });
});

describe("a command's row", () => {
  const command = aCommand({
    instanceIds: nodes(2),
    size: 3,
    unreachable: [node(2)],
    executionTimeoutSeconds: 60,
  });

  it('of a check has the nodes that SSM refused, because its observation reports them', () => {
    expect(commandRowOf(aCheck(0), { ...command, part: 1, parts: 2 }, 'c-1', at(1), LIMITS)).toMatchObject({
      commandId: 'c-1',
      runId: 'r-1',
      key: '1',
      part: 1,
      parts: 2,
      action: 'check',
      instanceIds: nodes(2),
      unreachable: [node(2)],
      sentAt: at(1),
      hardDeadlineAt: at(1 + 60 + 60 + 30),
    });
    const { unreachable, ...whole } = command;
    expect(commandRowOf(aCheck(0), whole, 'c-1', at(1), LIMITS)).not.toHaveProperty('unreachable');
  });

  it('of a repair has only the nodes of the command: the others have their results already', () => {
    const row = commandRowOf(aRun(0), command, 'c-1', at(1), LIMITS);
    expect(row).toMatchObject({ action: 'repair', instanceIds: nodes(2), group: 'demo/pause-image' });
    expect(row).not.toHaveProperty('unreachable');
  });
});

it("a command's row has the cause of each node whose cause differs from the run's", () => {
  const becauses = { [node(0)]: because('alarm') };
  expect(commandRowOf(aRun(0), aCommand(), 'c-1', at(1), LIMITS, { becauses })).toMatchObject({ becauses });
  const places = { [node(0)]: { nodegroup: 'workers-0', ami: 'ami-1' } };
  expect(commandRowOf(aRun(0), aCommand(), 'c-1', at(1), LIMITS, { places })).toMatchObject({ places });
  expect(commandRowOf(aRun(0), aCommand(), 'c-1', at(1), LIMITS)).not.toHaveProperty('places');
  expect(commandRowOf(aRun(0), aCommand(), 'c-1', at(1), LIMITS)).not.toHaveProperty('becauses');
});

describe('a run', () => {
  it('has the age of its plan, however long its request had waited', () => {
    const run = aRun(3, { createdAt: at(-9999) });
    expect(step(run, {}, at(900)).state.stopped).toBeUndefined();
    expect(step(run, {}, at(901)).state.stopped).toMatchObject({ reason: 'Yielded' });
  });

  it('gives a check up that SSM does not show, a quarter of an hour after its plan', () => {
    const { lane, ...repair } = sendingRun();
    const [command] = repair.commands;
    const check = {
      ...repair,
      action: 'check' as const,
      commands: [{ ...(command ?? expect.fail()), missedReads: [at(150)] }],
    };
    const statusAt = (seconds: number) =>
      step(check, { reports: [{ key: '1', kind: 'not-found', at: at(seconds) }] }, at(seconds)).state.commands[0]
        ?.status;
    expect([statusAt(899), statusAt(900)]).toEqual(['sending', 'lost']);
  });
});

it('an observation that names no command leaves the id that the run knows', () => {
  const { commandId, ...seen } = observed('1', { [node(0)]: {} });
  const run = sendingRun();
  const [command] = run.commands;
  const sent = { ...(command ?? expect.fail()), status: 'sent' as const, commandId: 'c-7', hardDeadlineAt: at(390) };
  expect(step({ ...run, commands: [sent] }, { observations: [seen] }, at(20)).state.commands[0]).toMatchObject({
    status: 'closed',
    commandId: 'c-7',
  });
});

it('the second check of a busy node waits from the time at which its last part was observed', () => {
  const known = { repairable: new Set<string>(), unrepairable: new Set<string>() };
  const part = (key: string, seconds: number) =>
    observed(key, { [node(0)]: { outcome: 'Skipped', skipReason: 'Busy' } }, { at: at(seconds) });
  const tallies = { [node(0)]: { outcome: 'Skipped', skipReason: 'Busy', waits: true, at: at(10) } } as const;
  const check = aCheck(0, { slice: { from: 0 } });
  for (const parts of [
    [part('1.1', 20), part('1.2', 30)],
    [part('1.1', 30), part('1.2', 20)],
  ]) {
    expect(waitingOf(check, tallies, parts, known, LIMITS)).toMatchObject([
      { kind: 'enqueue', notBefore: at(30 + LIMITS.repairSoftDeadlineSeconds) },
    ]);
  }
});

it('a repair of several nodes is looked at before its end, at the times that are not switched off', () => {
  const of = (count: number, over: object = {}) =>
    looksAfter(aRun(count), { instanceIds: nodes(count) }, { ...LIMITS, ...over });
  const looks = { repairFirstLookSeconds: 20, repairSecondLookSeconds: 45 };
  expect(of(2, looks)).toEqual([20, 45]);
  expect(of(2, { ...looks, repairFirstLookSeconds: 0 })).toEqual([45]);
  expect(of(1, looks)).toEqual([8]);
});
