import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  anEndedRun,
  at,
  DOCUMENT,
  node,
  nodes,
  observed,
  type SeenRun,
  sendingRun,
  step,
} from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { Tally } from '../state/results.ts';
import type { EndedRun } from '../state/run-state.ts';
import { assumedIn } from './command.ts';
import { awaitsResults } from './in-flight.ts';
import { outboxStep } from './run-step.ts';

const HARD = 390;
const WAIT = 900;
const learned = ({ trust }: ReturnType<typeof step>) =>
  trust.flatMap(({ after }) => after.results.map(({ instanceId, end }) => [after.document, instanceId, end]));

describe('a repair that was given up as lost', () => {
  const missed = (seconds: number) => ({ reports: [{ key: '1', kind: 'not-found', at: at(seconds) } as const] });
  const lost = step(step(sendingRun(2), missed(150), at(150)).state, missed(210), at(210)).state;
  const end = observed('1', { [node(0)]: {}, [node(1)]: { outcome: 'NotRepaired', reason: 'X' } });

  it('counts once SSM shows its end all the same, also after its run has ended', () => {
    expect(lost).toMatchObject({ status: 'ended', commands: [{ status: 'lost', instanceIds: nodes(2) }] });
    const next = step(lost, { observations: [end] }, at(400));
    expect(next.state.commands).toMatchObject([{ status: 'closed', counts: { Repaired: 1, NotRepaired: 1 } }]);
    expect(learned(next).toSorted()).toEqual([
      [DOCUMENT.name, node(0), 'repaired'],
      [DOCUMENT.name, node(1), 'failed'],
    ]);
    expect(step(next.state, { observations: [end] }, at(401)).state).toBe(next.state);
  });

  it('stays lost while a node still runs, or where nothing surer is known', () => {
    const open = { ...end, final: false, open: [node(1)] };
    expect(step(lost, { observations: [open] }, at(400)).state).toBe(lost);
    expect(step(lost, { observations: [{ ...end, grade: 0 }] }, at(400)).state).toBe(lost);
  });
});

describe('a late answer of one node', () => {
  const [early, late] = nodes(2) as [string, string];
  const waits = { outcome: 'Skipped', skipReason: 'Busy' } as const;
  const nowhere = { outcome: 'Skipped', reason: 'CommandNotDelivered', ranNowhere: true } as const;
  const asked = (tally: Partial<Tally>, second: Partial<Tally>, over: Partial<CommandState>, of = sendingRun(2)) => {
    const run = { ...of, commands: of.commands.map((c): CommandState => ({ ...c, status: 'sent', ...over })) };
    const close = observed('1', { [early]: tally, [late]: { outcome: 'TimedOut' } }, { assumed: [late], grade: 6 });
    const first = step(run, { observations: [close] }, at(HARD));
    const state: SeenRun = { ...first.state, outbox: [] };
    const next = step(state, { observations: [observed('1', { [early]: tally, [late]: second })] }, at(HARD + 60));
    const nodesIn = ({ outbox }: Pick<SeenRun, 'outbox'>) =>
      outbox.flatMap((entry) => (entry.kind === 'enqueue' ? entry.nodes.map(([id]) => id) : []));
    return [nodesIn(first.state), nodesIn(next.state)];
  };

  it.each([waits, nowhere])('asks for nothing about the others of its command again: %j', (tally) => {
    expect(asked(tally, {}, {})).toEqual([[early], []]);
    expect(asked(tally, tally, {})).toEqual([[early], [late]]);
    const check = aCheck(0, { commands: [aCommand({ size: 2 })] });
    expect(asked(tally, { outcome: 'Healthy' }, { instanceIds: [] }, check)).toEqual([[early], []]);
    expect(asked(tally, tally, { instanceIds: [] }, check)).toEqual([[early], [late]]);
  });

  it('is news about every node of a command that an earlier version has closed, and about none that was sure', () => {
    const seen = observed('1', { [early]: {}, [late]: {} });
    expect(assumedIn(aCommand({ status: 'closed', assumedGrade: 6 }), seen)).toEqual([early, late]);
    expect(assumedIn(aCommand({ status: 'closed', assumedGrade: 6, open: [late] }), seen)).toEqual([late]);
    expect(assumedIn(aCommand({ status: 'closed', open: [late] }), seen)).toEqual([]);
  });
});

describe('a run that has ended as stuck', () => {
  const command = (over: Partial<CommandState>): CommandState =>
    aCommand({ status: 'sent', documentName: DOCUMENT.name, hardDeadlineAt: at(HARD), versions: [], ...over });
  const stuck = (...commands: CommandState[]): EndedRun =>
    anEndedRun({ end: 'Stuck', stopped: { reason: 'Stuck', at: at(60) }, commands });

  it('learns what its command did since', () => {
    const next = step(stuck(command({})), { observations: [observed('1', { [node(0)]: {} })] }, at(HARD));
    expect(next.state.commands).toMatchObject([{ status: 'closed', counts: { Repaired: 1 } }]);
    expect(learned(next)).toEqual([[DOCUMENT.name, node(0), 'repaired']]);
    expect(awaitsResults(next.state)).toBe(false);
  });

  it('ends the nodes of a command whose end does not come', () => {
    const { state } = step(stuck(command({})), {}, at(HARD + WAIT));
    expect(state.commands).toMatchObject([{ status: 'lost', counts: { Unknown: 1 } }]);
    expect(state.outbox).toMatchObject([{ kind: 'results', outcome: 'Unknown' }, { kind: 'enqueue' }]);
  });

  it('has told the nodes of a command that was never found, and forgets it a quarter of an hour after its deadline', () => {
    const run = stuck(command({ status: 'sending', sendingAt: at(50) }));
    expect(step(run, {}, at(HARD + WAIT - 1)).state).toBe(run);
    expect(step(run, {}, at(HARD + WAIT)).state).toMatchObject({ commands: [{ status: 'lost' }], outbox: [] });
    const { hardDeadlineAt, ...undated } = command({ status: 'sending' });
    const other = stuck(undated);
    expect(step(other, {}, at(9999)).state).toBe(other);
  });

  it('is due at the latest deadline of its commands, once its outbox is performed', () => {
    const run = stuck(command({}), command({ key: '2', hardDeadlineAt: at(HARD + 60) }));
    const flushed = (stays: EndedRun['outbox'], of = run) =>
      outboxStep({
        run: { ...of, outbox: [{ kind: 'cancel', commandId: 'c-1' }] },
        flushed: { version: 0, stays },
        now: at(70),
      }).commit?.run?.after.dueAt;
    expect(flushed([])).toBe(at(HARD + 60));
    expect(flushed([{ kind: 'cancel', commandId: 'c-1', tries: 1 }])).toBe(run.dueAt);
    expect(flushed([], stuck())).toBe(run.dueAt);
  });
});

it('only a stuck run awaits results of commands that are not over', () => {
  const sent = [aCommand({ status: 'sent' })];
  const stopped = { reason: 'Stuck', at: at(60) } as const;
  expect(awaitsResults(anEndedRun({ commands: sent }))).toBe(false);
  expect(awaitsResults(anEndedRun({ end: 'Stuck', stopped, commands: sent }))).toBe(true);
  expect(awaitsResults(anEndedRun({ end: 'Stuck', stopped, commands: [aCommand({ status: 'lost' })] }))).toBe(false);
});
