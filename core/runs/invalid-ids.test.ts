import { describe, expect, it } from 'vitest';
import {
  aCheck,
  aCommand,
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
import type { CommandState } from '../state/command-state.ts';
import type { RunState } from '../state/run-state.ts';
import { countsOf } from './reports.ts';

const unnamed = (key: string) => ({ key, kind: 'invalid-ids', instanceIds: ['i-99999999'] }) as const;
const window = { trust: trustAfter(9) };

describe('a repair that SSM refuses without naming a node of it', () => {
  it('waits until SSM is asked about its nodes again, and is halved then, each time at once', () => {
    const first = step(sendingRun(4), { reports: [unnamed('1')] }, at(1)).state;
    expect(first.refusal).toBeUndefined();
    expect(step(first, window, at(61)).effects).toEqual([]);
    const second = step(first, window, at(62));
    expect(second.booked).toEqual(nodes(2));
    expect(second.state.pending.map(([id]) => id)).toEqual([node(2), node(3)]);
    const third = step(second.state, { ...window, reports: [unnamed('1')] }, at(63)).state;
    expect(step(third, window, at(68)).booked).toEqual([node(0)]);
  });

  it('has found the node where it is refused alone; the others go on', () => {
    const { state } = step(sendingRun(1, { pending: [[node(1), 'v']] }), { ...window, reports: [unnamed('1')] }, at(1));
    expect(countsOf(state)).toEqual({ Unreachable: 1 });
    expect(state.outbox).toContainEqual(expect.objectContaining({ kind: 'results', instanceIds: [node(0)] }));
    expect(step(state, window, at(2)).booked).toEqual([node(1)]);
  });
});

describe('a check that SSM refuses without naming a node of it', () => {
  const part = (n: number, over: Partial<CommandState> = {}): CommandState =>
    aCommand({
      ...{ key: `1.${n}`, part: n, parts: 2, status: 'sending', sendingAt: START, documentName: DOCUMENT.name },
      ...{ instanceIds: nodes(3), versions: ['', '', ''], size: 4, unreachable: [node(9)], ...over },
    });
  const shape = ({ commands }: RunState) =>
    commands.map(({ key, status, instanceIds, size }) => [key, status, instanceIds.length, size]);

  it('is divided into two, where no part of it was sent', () => {
    const run = aCheck(0, { commands: [part(1), part(2)] });
    const { state } = step(run, { reports: [unnamed('1.1'), unnamed('1.2')] }, at(1));
    expect(shape(state)).toEqual([
      ['1.1', 'planned', 2, 3],
      ['1.2', 'planned', 2, 3],
      ['2.1', 'planned', 1, 1],
      ['2.2', 'planned', 1, 1],
    ]);
    expect(state.commands.map((c) => c.unreachable)).toEqual([[node(9)], [node(9)], undefined, undefined]);
    expect(state.refusal).toMatchObject({ count: 1 });
  });

  it('of one document is divided too; alone, a node is Unreachable', () => {
    const { versions, part: _, parts, unreachable, ...one } = part(1, { key: '1', size: 3 });
    const { state } = step(aCheck(0, { commands: [one] }), { reports: [unnamed('1')] }, at(1));
    expect(shape(state)).toEqual([
      ['1', 'planned', 2, 2],
      ['2', 'planned', 1, 1],
    ]);
    const alone = { ...one, instanceIds: nodes(1), size: 1 };
    const ended = step(aCheck(0, { commands: [alone] }), { reports: [unnamed('1')] }, at(1)).state;
    expect(ended.outbox).toMatchObject([{ kind: 'observation', outcome: 'Unreachable' }]);
  });

  it('is sent again as it is where another part of it was sent: its nodes are in order', () => {
    const run = aCheck(0, { commands: [part(1), part(2)] });
    const { state } = step(run, { reports: [sent('1.1'), unnamed('1.2')] }, at(1));
    expect(shape(state)).toEqual([
      ['1.1', 'sent', 0, 4],
      ['1.2', 'planned', 3, 4],
    ]);
    const seen = observed('1.1', { [node(0)]: { outcome: 'Healthy' } }, { part: 1, parts: 2 });
    expect(shape(step(state, { observations: [seen] }, at(2)).state)[1]).toEqual(['1.2', 'planned', 3, 4]);
  });
});
