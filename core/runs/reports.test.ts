import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  LIMITS,
  node,
  nodes,
  observed,
  quiet,
  START,
  sent,
} from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { isCounted, type News, withReports } from './reports.ts';

const read = (run: RunningRun, news: Partial<News>): RunningRun => withReports(run, quiet(news), at(20), LIMITS);
const sending = (key: string, over: Partial<CommandState> = {}): CommandState =>
  aCommand({ key, status: 'sending', sendingAt: START, instanceIds: [node(Number(key))], ...over });
const statuses = (run: RunState) => run.commands.map(({ status }) => status);

describe('a batch is counted', () => {
  it.each<[string, readonly Partial<CommandState>[], boolean]>([
    ['once it is over and has its counts', [{ status: 'closed', counts: { Healthy: 1 } }], true],
    ['also where it was lost', [{ status: 'lost', counts: { Unknown: 1 } }], true],
    ['not before it has its counts', [{ status: 'closed' }], false],
    ['not while it runs', [{ status: 'sent', counts: {} }], false],
    ['not while a part of it runs', [{ status: 'closed', counts: {} }, { status: 'sent' }], false],
  ])('%s', (_, commands, expected) => {
    expect(isCounted(commands.map((over) => aCommand(over)))).toBe(expected);
  });
});

describe('news', () => {
  it('change the command that they name, and no other', () => {
    const run = aRun(0, { commands: [sending('1'), sending('2')] });
    const after = read(run, { reports: [sent('2')] });
    expect(statuses(after)).toEqual(['sending', 'sent']);
    expect(after.commands[0]).toBe(run.commands[0]);
    const ended = read(run, { observations: [observed('2', { [node(2)]: {} })] });
    expect(statuses(ended)).toEqual(['sending', 'closed']);
    expect(ended.commands[1]?.counts).toEqual({ Repaired: 1 });
  });

  it('of another run change nothing', () => {
    const run = aRun(0, { commands: [sending('1')] });
    expect(read(run, { reports: [sent('9')], observations: [observed('9', {})] })).toBe(run);
  });

  it('of a part count its batch once every part is over, from the observations of all of them', () => {
    const part = (n: number, over: Partial<CommandState>): CommandState =>
      aCommand({ key: `1.${n}`, part: n, parts: 2, instanceIds: [], size: 1, ...over });
    const seen = [1, 2].map((n) => observed(`1.${n}`, {}, { part: n, parts: 2, healthy: [node(0)] }));
    const half = aCheck(0, { commands: [part(1, { status: 'sent' }), part(2, { status: 'sent' })] });
    const first = read(half, { observations: seen.slice(0, 1) });
    expect(statuses(first)).toEqual(['closed', 'sent']);
    expect(first.commands[0]).not.toHaveProperty('counts');
    const both = read(first, { observations: seen });
    expect(both.commands.map(({ counts }) => counts)).toEqual([{ Healthy: 1 }, undefined]);
    // One part is over, and the observation of the other is not read yet.
    const unread = aCheck(0, { commands: [part(1, { status: 'sent' }), part(2, { status: 'closed' })] });
    expect(read(unread, { observations: seen.slice(0, 1) }).commands[0]).not.toHaveProperty('counts');
  });

  it('that SSM has taken a command end its refusal, and a report about a command that is not being sent says nothing', () => {
    const refusal = { firstAt: START, count: 3, notBefore: START, message: 'AccessDenied' };
    const run = aRun(0, { refusal, commands: [sending('1')] });
    expect(read(run, { reports: [sent('1')] })).not.toHaveProperty('refusal');
    const other = aRun(0, {
      refusal,
      commands: [sending('1'), aCommand({ key: '2', status: 'sent', instanceIds: nodes(1) })],
    });
    const seen = { observations: [observed('2', { [node(0)]: {} })] };
    expect(read(other, { reports: [sent('2')], ...seen }).refusal).toEqual(refusal);
  });
});
