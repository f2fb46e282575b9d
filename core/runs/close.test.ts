import { describe, expect, it } from 'vitest';
import { aCheck, aCommand, aRun, at, DOCUMENT, node, nodes, observed, step } from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import { countsOf } from './reports.ts';

const HARD = 400;
const WAIT = 900;
const sentCommand = (over: Partial<CommandState> = {}): CommandState =>
  aCommand({
    ...{ status: 'sent', commandId: 'c-1', instanceIds: nodes(3), versions: ['a', 'b', 'c'], size: 3 },
    ...{ documentName: DOCUMENT.name, sentAt: at(1), hardDeadlineAt: at(HARD) },
    ...over,
  });
const repair = (over: Partial<CommandState> = {}) => aRun(0, { status: 'draining', commands: [sentCommand(over)] });
const lookedAt = observed('1', { [node(0)]: {} }, { final: false, closedBy: 'look', open: [node(1), node(2)] });

describe('a repair whose observation is lost', () => {
  it('waits for it for a quarter of an hour after its hard deadline', () => {
    expect(step(repair(), {}, at(HARD + WAIT - 1)).state).toMatchObject({ status: 'draining' });
    expect(step(repair(), { isAwaited: false }, at(HARD + WAIT)).state).toMatchObject({ status: 'ended', end: 'Done' });
    const { hardDeadlineAt, ...without } = sentCommand();
    const undated = aRun(0, { status: 'draining', commands: [without] });
    expect(step(undated, {}, at(HARD + WAIT)).state).toMatchObject({ status: 'draining' });
  });

  it('ends its nodes as Unknown, and asks for a check of them', () => {
    const { state } = step(repair(), {}, at(HARD + WAIT));
    expect(state.commands).toMatchObject([{ status: 'lost', instanceIds: nodes(3), counts: { Unknown: 3 } }]);
    expect(state.outbox).toMatchObject([
      { kind: 'drop' },
      { kind: 'results', reason: 'CommandLost', instanceIds: nodes(3), message: /no observation of its end is stored/ },
      { kind: 'enqueue', lane: 'demo/node-check', nodes: nodes(3).map((id) => [id, at(HARD + WAIT)]) },
      { kind: 'notice' },
    ]);
  });

  it('keeps what a look has seen', () => {
    const { state } = step(repair(), { observations: [lookedAt] }, at(HARD + WAIT));
    expect(countsOf(state)).toEqual({ Repaired: 1, Unknown: 2 });
    expect(state.outbox[1]).toMatchObject({ kind: 'results', instanceIds: [node(1), node(2)] });
    const known = step(repair({ open: [node(2)] }), {}, at(HARD + WAIT)).state;
    expect(countsOf(known)).toEqual({ Unknown: 1 });
  });
});

describe('a check whose observation is lost', () => {
  const part = (n: number, over: Partial<CommandState> = {}): CommandState =>
    sentCommand({ key: `1.${n}`, part: n, parts: 2, commandId: `c-1.${n}`, instanceIds: [], ...over });
  const check = (...commands: CommandState[]) => aCheck(0, { status: 'draining', commands });
  const partSeen = (n: number) => observed(`1.${n}`, { [node(0)]: { outcome: 'Broken' } }, { part: n, parts: 2 });

  it('gets one without nodes, by which its batch is complete', () => {
    const { state } = step(check(part(1), part(2)), { observations: [partSeen(1)] }, at(HARD + WAIT));
    expect(state.commands).toMatchObject([{ status: 'closed' }, { status: 'lost' }]);
    expect(state.outbox).toMatchObject([
      { kind: 'observation', key: '1.2', outcome: 'Unknown', reason: 'CommandLost', instanceIds: [] },
    ]);
  });

  it('gets one also where it was over before its observation was lost, unless that is written again', () => {
    const over = check(part(1, { status: 'closed' }), part(2, { status: 'closed' }));
    const lost = step(over, { observations: [partSeen(1)] }, at(50)).state;
    expect(lost.outbox).toMatchObject([{ kind: 'observation', key: '1.2', instanceIds: [] }]);
    expect(step(lost, { observations: [partSeen(1)] }, at(51)).state.outbox).toHaveLength(1);
    const awaited = step(over, { observations: [partSeen(1)], awaited: new Set(['1.2']) }, at(50)).state;
    expect(awaited.outbox).toEqual([]);
  });

  it('counts nodes that no part has as Unknown', () => {
    const run = check(sentCommand({ status: 'closed', instanceIds: [] }));
    const empty = observed('1', {}, { closedBy: 'not-sent' });
    expect(countsOf(step(run, { observations: [empty] }, at(50)).state)).toEqual({ Unknown: 3 });
  });
});
