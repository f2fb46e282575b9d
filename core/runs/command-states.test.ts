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
  START,
  sendingRun,
  sent,
  step,
} from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { commandRowOf, deadlinesOf, isNews, looksAfter, type SendReport } from './command.ts';
import { countsOf } from './reports.ts';

const DOCUMENT_TIME = { executionTimeoutSeconds: 300 };
const HARD = 60 + 300 + 30;
const sentAt = (run: RunState) => deadlinesOf(run, DOCUMENT_TIME, at(1), LIMITS);

describe('the deadlines of a command', () => {
  it.each<[string, RunState, number]>([
    ['a repair', aRun(1), 90],
    ['a check of one command', aCheck(0, { commands: [aCommand()] }), 30],
    [
      'a check with one batch of two parts',
      aCheck(0, { commands: [aCommand({ key: '1.1' }), aCommand({ key: '1.2' })] }),
      30,
    ],
    [
      'a sweep of several commands, which is read only at its end',
      aCheck(0, { because: because('sweep'), commands: [aCommand(), aCommand({ key: '2' })] }),
      HARD,
    ],
    ['a sweep with nodes that still wait', aCheck(1, { because: because('sweep'), commands: [aCommand()] }), HARD],
    ['a check of several commands for which a lane waits', aCheck(9, { commands: [aCommand()] }), 30],
    ['a repair with nodes that still wait', aRun(9, { commands: [aCommand(), aCommand({ key: '2' })] }), 90],
  ])('%s', (_, run, soft) => {
    expect(sentAt(run)).toEqual({ softDeadlineAt: at(1 + soft), hardDeadlineAt: at(1 + HARD) });
  });

  it("are those of SSM's default where the time of the document is not known", () => {
    expect(deadlinesOf(aRun(1), {}, START, LIMITS).hardDeadlineAt).toBe(at(60 + 3600 + 30));
  });
});

it('a repair is looked at before its deadline, one of a single node where it may be silent', () => {
  expect(looksAfter(aRun(2), { instanceIds: nodes(2) }, LIMITS)).toEqual([15, 40]);
  expect(looksAfter(aRun(2), { instanceIds: nodes(2) }, { ...LIMITS, repairFirstLookSeconds: 0 })).toEqual([40]);
  expect(looksAfter(aRun(1), { instanceIds: nodes(1) }, LIMITS)).toEqual([8]);
  expect(looksAfter(aRun(1), { instanceIds: nodes(1) }, { ...LIMITS, breakerFirstSeconds: 901 })).toEqual([]);
});

it('a check is looked at for the lane that has its nodes checked first, a sweep never', () => {
  const row = { instanceIds: nodes(2) };
  const sweep = aCheck(2, { because: because('sweep') });
  expect(looksAfter(aCheck(2), row, LIMITS)).toEqual([8, 30]);
  expect(looksAfter(sweep, row, LIMITS)).toEqual([]);
  // Where other nodes of the check were reported before, the run is told by theirs.
  const others = aCheck(2, { because: because('event') });
  expect(looksAfter(others, row, LIMITS)).toEqual([]);
  expect(looksAfter(others, { ...row, becauses: { [node(1)]: because('log') } }, LIMITS)).toEqual([8, 30]);
});

describe('a check that a person waits for', () => {
  const asked = (waiting: number, over: Partial<RunningRun> = {}) =>
    aCheck(waiting, { because: because('operator'), ...over });

  it('has the soft deadline however many commands it has', () => {
    const soft = (run: RunState) => deadlinesOf(run, DOCUMENT_TIME, at(1), LIMITS).softDeadlineAt;
    expect(soft(asked(400, { commands: [aCommand(), aCommand({ key: '2' })] }))).toBe(at(31));
    const sweep = aCheck(400, { because: because('sweep'), commands: [aCommand(), aCommand({ key: '2' })] });
    expect(soft(sweep)).toBe(at(1 + HARD));
  });

  it('is looked at while it runs, unless it has a node alone', () => {
    const row = { instanceIds: nodes(2), parts: 2 };
    expect(looksAfter(asked(48, { commands: [aCommand()] }), row, LIMITS)).toEqual([4, 8, 16]);
    expect(looksAfter(asked(0, { commands: [aCommand()] }), { instanceIds: nodes(1) }, LIMITS)).toEqual([]);
  });

  it('costs no more calls of SSM than the bound, at any size', () => {
    const row = { instanceIds: nodes(2), parts: 4 };
    const counts = [100, 1000, 2000, 5000].map((waiting) => {
      const looks = looksAfter(asked(waiting), row, LIMITS);
      return [looks, looks.length * Math.ceil(waiting / LIMITS.maxNodesPerCommand) * row.parts] as const;
    });
    expect(counts).toEqual([
      [[4, 8, 16], 24],
      [[8, 16], 160],
      [[16], 160],
      [[], 0],
    ]);
  });
});

describe('the row of a command', () => {
  it('lists the nodes that SSM refused only in a check', () => {
    const command = aCommand({ unreachable: [node(9)], part: 1, parts: 2 });
    const row = (run: RunState) => commandRowOf(run, command, 'c-1', at(1), LIMITS);
    expect(row(aCheck(0))).toMatchObject({ commandId: 'c-1', part: 1, parts: 2, unreachable: [node(9)] });
    expect(row(aRun(0))).not.toHaveProperty('unreachable');
    expect(commandRowOf(aCheck(0), aCommand(), 'c-1', at(1), LIMITS)).not.toHaveProperty('unreachable');
  });
});

describe('an observation is news', () => {
  const [a, b] = nodes(2) as [string, string];
  const look = observed('1', { [a]: {} }, { final: false, open: [b], grade: 4 });
  const end = observed('1', { [a]: {}, [b]: {} });
  const of = (over: Partial<CommandState>): CommandState =>
    aCommand({ status: 'sent', instanceIds: [a, b], size: 2, ...over });

  it.each<[string, Partial<CommandState>, typeof look, boolean]>([
    ['of a sent command, where a node has ended', {}, look, true],
    ['of a sent command, where the same nodes are open', { open: [b] }, look, false],
    ['of a sent command, at its end', { open: [b] }, end, true],
    ['of a command that is being sent, at its end', { status: 'sending' }, end, true],
    ['of a command that is being sent, not before', { status: 'sending' }, look, false],
    ['of a planned command', { status: 'planned' }, end, false],
    ['of a lost command', { status: 'lost' }, end, false],
    ['of a closed command that assumed nothing', { status: 'closed' }, end, false],
    ['of a closed command that knew less', { status: 'closed', assumedGrade: 7 }, end, true],
    ['of a closed command that knew as much', { status: 'closed', assumedGrade: 8 }, end, false],
  ])('%s', (_, over, seen, expected) => {
    expect(isNews(of(over), seen)).toBe(expected);
  });
});

describe('a command after a report', () => {
  const check = (count: number): RunState => ({ ...sendingRun(count), action: 'check' });
  const invalid = (...instanceIds: string[]): SendReport => ({ key: '1', kind: 'invalid-ids', instanceIds });

  it('of a check that was sent lists no nodes any more: its row does', () => {
    const { state } = step(check(3), { reports: [sent('1')] });
    expect(state.commands[0]).toMatchObject({ status: 'sent', instanceIds: [], size: 3 });
  });

  it('of a check goes on without the nodes that SSM refuses', () => {
    const { state, effects } = step(check(3), { reports: [invalid(node(1))] }, at(1));
    expect(effects).toEqual([{ kind: 'send', key: '1' }]);
    expect(state.commands[0]).toMatchObject({
      status: 'sending',
      instanceIds: [node(0), node(2)],
      versions: [`v-${node(0)}`, `v-${node(2)}`],
      unreachable: [node(1)],
    });
    expect(state.outbox).toEqual([]);
  });

  it('of a check of which SSM refuses every node is closed, with an observation of all', () => {
    const [command = expect.fail()] = check(2).commands;
    const run: RunState = { ...check(2), commands: [{ ...command, part: 1, parts: 1, unreachable: [node(9)] }] };
    const { state } = step(run, { reports: [invalid(...nodes(2))] }, at(1));
    expect(state.commands[0]).toMatchObject({ status: 'closed', instanceIds: [] });
    expect(state.outbox).toEqual([
      {
        kind: 'observation',
        key: '1',
        part: 1,
        parts: 1,
        outcome: 'Unreachable',
        message: expect.stringContaining('InvalidInstanceId'),
        at: at(1),
        instanceIds: [],
        unreachable: [node(9), node(0), node(1)],
      },
    ]);
  });

  it('that names none of its nodes is as it was, and knows of none that SSM refused', () => {
    const { state } = step(sendingRun(2), { reports: [invalid('i-99999999')] }, at(1));
    expect(state.commands[0]).toMatchObject({ status: 'planned', instanceIds: nodes(2) });
    expect(state.commands[0]).not.toHaveProperty('unreachable');
    expect(state.outbox).toEqual([]);
  });

  it.each<SendReport>([
    { key: '1', kind: 'not-sent', notBefore: at(9) },
    { key: '1', kind: 'refused', message: 'AccessDenied' },
  ])('that nothing ran promises nothing: %j', (report) => {
    expect(step(sendingRun(1), { reports: [report] }, at(1)).state.outbox).toEqual([]);
  });

  it('that SSM does not show it, for the second time, leads to another sending of a check and to nothing else', () => {
    const [command = expect.fail()] = check(1).commands;
    const run: RunState = { ...check(1), commands: [{ ...command, missedReads: [at(150)] }] };
    const { state } = step(run, { reports: [{ key: '1', kind: 'not-found', at: at(210) }] }, at(210));
    expect([state.commands[0]?.status, state.outbox]).toEqual(['sending', []]);
  });

  it('that SSM does not show it waits for the second search, and promises nothing', () => {
    const { state } = step(sendingRun(1), { reports: [{ key: '1', kind: 'not-found', at: at(150) }] }, at(150));
    expect(state.commands[0]).toMatchObject({ status: 'sending', missedReads: [at(150)] });
    expect(state.outbox).toEqual([]);
  });

  it('that is lost counts its nodes as Unknown, beside those that SSM refused', () => {
    const lose = (over: Partial<CommandState>) => {
      const [command = expect.fail()] = sendingRun(2).commands;
      const run = sendingRun(2, { commands: [{ ...command, missedReads: [at(150)], ...over }] });
      return step(run, { reports: [{ key: '1', kind: 'not-found', at: at(210) }] }, at(210)).state;
    };
    expect(countsOf(lose({}))).toEqual({ Unknown: 2 });
    expect(lose({}).commands[0]).toMatchObject({ status: 'lost', instanceIds: nodes(2) });
    expect(countsOf(lose({ unreachable: [node(9)] }))).toEqual({ Unknown: 2, Unreachable: 1 });
  });
});

describe('a command after its observation', () => {
  const run = (): RunState => ({ ...step(sendingRun(2), { reports: [sent('1')] }).state, outbox: [] });

  it('keeps only what is still read of it', () => {
    const { state } = step(run(), { observations: [observed('1', { [node(0)]: {}, [node(1)]: {} })] }, at(20));
    expect(state.commands).toEqual([
      { key: '1', size: 2, status: 'closed', instanceIds: [], commandId: 'c-1', counts: { Repaired: 2 } },
    ]);
  });

  it('also keeps its document where a reading was assumed: a surer one may follow', () => {
    const seen = observed('1', { [node(0)]: {}, [node(1)]: {} }, { assumed: [node(1)], grade: 6 });
    expect(step(run(), { observations: [seen] }, at(500)).state.commands[0]).toMatchObject({
      assumedGrade: 6,
      documentName: run().commands[0]?.documentName,
    });
  });

  it('that frees some slots promises nothing', () => {
    const look = observed('1', { [node(0)]: {} }, { final: false, open: [node(1)], grade: 4 });
    expect(step(run(), { observations: [look] }, at(20)).state.outbox).toEqual([]);
  });
});
