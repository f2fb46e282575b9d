import { describe, expect, it } from 'vitest';
import { pendingRow } from '../../test/support/rules.ts';
import { aCheck, aCommand, aRun, at, DOCUMENT, LIMITS, node, nodes, START } from '../../test/support/runs.ts';
import type { Decision } from '../guards/decide-node.ts';
import type { CommandState } from '../state/command-state.ts';
import { nodesToAsk, type SendInputs, withCheckBatches, withRepairCommand } from './sending.ts';

const moment = { now: START, limits: LIMITS };
const GO: Decision = { kind: 'go' };
const GONE: Decision = { kind: 'skip', skipReason: 'Gone', message: 'the instance is terminated' };
const LATER: Decision = { kind: 'wait', notBefore: at(60) };
const bounds = (over: Partial<SendInputs> = {}): SendInputs => ({
  documents: [DOCUMENT],
  places: { free: 3, enough: 1 },
  isCanary: false,
  order: (waiting) => waiting,
  decideAgain: (instanceId) => ({ candidate: { instanceId, row: pendingRow(instanceId) }, decision: GO }),
  ...over,
});
/** Decides about each node as said; nodes that are not named were not read. */
const deciding = (decisions: Readonly<Record<string, Decision>>): Partial<SendInputs> => ({
  decideAgain: (instanceId) => {
    const decision = decisions[instanceId];
    return decision && { candidate: { instanceId, row: pendingRow(instanceId, { version: 'now' }) }, decision };
  },
});
const refused = (over: Partial<CommandState> = {}): CommandState =>
  aCommand({ instanceIds: nodes(2), versions: ['a', 'b'], size: 2, notBefore: START, ...over });

describe('the nodes that are asked about before a repair sends', () => {
  const run = aRun(5);

  it('are the first that wait, as many as the window leaves', () => {
    expect(nodesToAsk(run, bounds(), moment)).toEqual(nodes(3));
    expect(nodesToAsk(run, bounds({ order: (waiting) => waiting.toReversed() }), moment)).toEqual([4, 3, 2].map(node));
  });

  it('are none while the window is full, or while no document is deployed', () => {
    expect(nodesToAsk(run, bounds({ places: { free: 0, enough: 1 } }), moment)).toEqual([]);
    expect(nodesToAsk(run, bounds({ documents: [] }), moment)).toEqual([]);
  });

  it('are those of the command that SSM did not take, once it may be sent again', () => {
    expect(nodesToAsk({ ...run, commands: [refused()] }, bounds(), moment)).toEqual(nodes(2));
    expect(nodesToAsk({ ...run, commands: [refused({ notBefore: at(1) })] }, bounds(), moment)).toEqual([]);
  });

  it('are none of a check', () => {
    expect(nodesToAsk(aCheck(3), bounds(), moment)).toEqual([]);
  });
});

describe('the next command of a repair', () => {
  it('goes to the nodes that may still go, with their rows as they are now, and books their attempts', () => {
    const { state, booked } = withRepairCommand(
      aRun(3),
      bounds({ ...deciding({ [node(0)]: GO, [node(1)]: GONE, [node(2)]: LATER }), isCanary: true }),
      moment,
    );
    expect(booked).toEqual([node(0)]);
    expect(state).toMatchObject({ pending: [], settled: { Gone: 1 } });
    expect(state.commands).toMatchObject([
      {
        key: '1',
        status: 'sending',
        sendingAt: START,
        documentName: DOCUMENT.name,
        instanceIds: [node(0)],
        versions: ['now'],
        size: 1,
        isCanary: true,
      },
    ]);
    expect(state.outbox).toMatchObject([
      { kind: 'results', skipReason: 'Gone', instanceIds: [node(1)] },
      { kind: 'defer', rows: [[node(1), 'now']] },
      { kind: 'defer', rows: [[node(2), 'now']], notBefore: at(60) },
    ]);
  });

  it('leaves nodes waiting whose facts were not read', () => {
    const run = aRun(3);
    const { state, booked } = withRepairCommand(run, bounds(deciding({ [node(1)]: GO })), moment);
    expect(booked).toEqual([node(1)]);
    expect(state.pending).toEqual([
      [node(0), `v-${node(0)}`],
      [node(2), `v-${node(2)}`],
    ]);
    expect(withRepairCommand(run, bounds(deciding({})), moment)).toEqual({ state: run, booked: [] });
  });

  it('goes to no node whose row has left the lane since the plan: no request wants it any more', () => {
    const rowless = bounds({ decideAgain: (instanceId) => ({ candidate: { instanceId }, decision: GO }) });
    const left = withRepairCommand(aRun(1), rowless, moment);
    expect(left).toMatchObject({ booked: [], state: { commands: [], settled: { Cancelled: 1 } } });
    const asked = withRepairCommand(aRun(0, { pending: [[node(0), '']] }), rowless, moment);
    expect(asked.state.commands).toMatchObject([{ instanceIds: [node(0)], versions: [''] }]);
  });

  it('is none where no node may go, or no document is deployed', () => {
    const { state, booked } = withRepairCommand(aRun(1), bounds(deciding({ [node(0)]: GONE })), moment);
    expect({ state, booked }).toMatchObject({ state: { commands: [], pending: [], settled: { Gone: 1 } }, booked: [] });
    const run = aRun(1);
    expect(withRepairCommand(run, bounds({ documents: [] }), moment)).toEqual({ state: run, booked: [] });
  });

  it('is the one that SSM did not take, by the document that is deployed now', () => {
    const first = aCommand({ key: '1', status: 'closed', instanceIds: [], counts: { Repaired: 1 } });
    const again = refused({ key: '2', documentName: 'older', unreachable: [node(9)], size: 3 });
    const { state } = withRepairCommand(aRun(0, { commands: [first, again] }), bounds(), moment);
    expect(state.commands[0]).toEqual(first);
    expect(state.commands[1]).toMatchObject({
      key: '2',
      status: 'sending',
      documentName: DOCUMENT.name,
      versions: nodes(2).map((id) => `v-${id}`),
      unreachable: [node(9)],
      // The node that SSM refused is counted with the command.
      size: 3,
    });
    expect(state.commands[1]).not.toHaveProperty('notBefore');
  });

  it('of which no node may go any more is closed, and counts the nodes that SSM refused', () => {
    const again = refused({ unreachable: [node(9)], size: 3 });
    const inputs = bounds(deciding({ [node(0)]: GONE, [node(1)]: GONE }));
    const { state, booked } = withRepairCommand(aRun(0, { commands: [again] }), inputs, moment);
    expect(booked).toEqual([]);
    expect(state).toMatchObject({ settled: { Gone: 2 }, commands: [{ status: 'closed', instanceIds: [] }] });
    expect(state.commands[0]?.counts).toEqual({ Unreachable: 1 });
  });

  it('hands the nodes of a command that SSM did not take back to the run where the window has become smaller', () => {
    const { state } = withRepairCommand(
      aRun(0, { commands: [refused()] }),
      bounds({ places: { free: 1, enough: 1 } }),
      moment,
    );
    expect(state).toMatchObject({ pending: [[node(1), 'b']], commands: [{ instanceIds: [node(0)], size: 1 }] });
  });
});

describe('the batches of a check', () => {
  it('are planned for all its nodes at once, fifty to a batch', () => {
    const run = withCheckBatches(aCheck(60), [DOCUMENT], moment);
    expect(run.commands.map(({ key, size }) => [key, size])).toEqual([
      ['1', 50],
      ['2', 10],
    ]);
    expect(run.pending).toEqual([]);
  });

  it('are none while no document is deployed, or no node waits', () => {
    const [waiting, none] = [aCheck(1), aCheck(0)];
    expect(withCheckBatches(waiting, [], moment)).toBe(waiting);
    expect(withCheckBatches(none, [DOCUMENT], moment)).toBe(none);
  });
});

it('a node whose pending row cannot be read is skipped as Unreadable, one whose row is gone as Cancelled', () => {
  const unreadable: Decision = { kind: 'skip', skipReason: 'Unreadable', message: 'reading the row: no' };
  const decideAgain = (instanceId: string) => ({
    candidate: { instanceId },
    decision: instanceId === node(0) ? unreadable : GO,
  });
  const { state } = withRepairCommand(aRun(2), bounds({ decideAgain }), moment);
  expect(state.settled).toEqual({ Unreadable: 1, Cancelled: 1 });
  expect(state.commands).toEqual([]);
});
