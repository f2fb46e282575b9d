import { describe, expect, it } from 'vitest';
import { rules } from '../../test/support/rules.ts';
import { aCheck, aCommand, anEndedRun, aRun, at, node, START } from '../../test/support/runs.ts';
import type { LaneState } from '../state/lane-state.ts';
import { salvagedRun } from '../state/run-state.ts';
import { newLane } from './lane.ts';
import { STUCK_TURNS, stuckRun, stuckStep } from './stuck.ts';

const lane = (over: Partial<LaneState> = {}): LaneState => ({ ...newLane('demo/pause-image'), version: 1, ...over });
const failed = (count: number) => ({ failures: { count, firstAt: START, message: 'm' } });
const seen = (over: Partial<Parameters<typeof stuckStep>[0]> = {}): Parameters<typeof stuckStep>[0] => ({
  lane: lane({ activeRunId: 'r-1', ...failed(STUCK_TURNS) }),
  run: aRun(1),
  message: 'the table said no',
  newRunId: 'r-new',
  rules: rules(),
  now: at(10),
  ...over,
});
const sending = aCommand({ status: 'sending', sendingAt: START, instanceIds: [node(5)], versions: ['v-5'] });

describe('a stuck run', () => {
  it('gives its unsent nodes back to the lane with a next look, and reports that it was stuck', () => {
    const run = stuckRun(
      aRun(1, {
        ...failed(5),
        pending: [
          [node(0), 'v'],
          [node(1), ''],
        ],
      }),
      'the table said no',
      rules(),
      at(10),
    );
    expect(run).toMatchObject({
      status: 'ended',
      end: 'Stuck',
      endedAt: at(10),
      pending: [],
      settled: { Unreadable: 2 },
    });
    expect(run).not.toHaveProperty('failures');
    expect(run.outbox).toMatchObject([
      { kind: 'results', skipReason: 'Unreadable', reason: 'RunStuck', instanceIds: [node(0), node(1)] },
      { kind: 'defer', rows: [[node(0), 'v']], notBefore: at(310) },
      { kind: 'enqueue', nodes: [[node(1), at(10)]] },
      { kind: 'notice', detailType: 'Run Ended' },
      { kind: 'notice', id: 'r-1/stuck', detailType: 'Run Stuck', detail: { message: 'the table said no' } },
    ]);
  });

  it('leaves the slots of a command that may be at SSM until it has ended in any case, and checks its nodes', () => {
    const sent = aCommand({ key: '2', status: 'sent', commandId: 'c-2', hardDeadlineAt: at(450) });
    const run = stuckRun(aRun(0, { commands: [sending, sent] }), 'm', rules(), at(10));
    expect(run.commands[1]).toEqual(sent);
    expect(run.commands[0]?.status).toBe('sending');
    expect(Date.parse(run.commands[0]?.hardDeadlineAt ?? '')).toBeGreaterThan(Date.parse(at(300)));
    expect(run.outbox).toMatchObject([
      { kind: 'drop' },
      { kind: 'results', outcome: 'Unknown', reason: 'CommandLost', instanceIds: [node(5)] },
      { kind: 'enqueue', lane: 'demo/node-check' },
      { kind: 'notice' },
      { kind: 'notice' },
    ]);
  });

  it('that is a check says what its nodes have not been told, and takes what a command that may be at SSM finds', () => {
    const run = stuckRun(aCheck(1, { commands: [sending] }), 'm', rules(), at(10));
    expect(run.commands).toMatchObject([{ status: 'sending', instanceIds: [node(5)] }]);
    expect(Date.parse(run.commands[0]?.hardDeadlineAt ?? '')).toBeGreaterThan(Date.parse(at(60)));
    expect(run.outbox).toMatchObject([
      { kind: 'results', outcome: 'Unknown', reason: 'RunStuck', instanceIds: [node(0)] },
      { kind: 'observation', outcome: 'Unknown', reason: 'CommandLost', instanceIds: [node(5)] },
      { kind: 'notice' },
      { kind: 'notice' },
    ]);
  });
});

describe('a lane whose turns fail', () => {
  it('ends its run, which performs its outbox as the active one', () => {
    const { commit } = stuckStep(seen());
    expect(commit).toMatchObject({ run: { after: { runId: 'r-1', end: 'Stuck' } } });
    expect(commit?.lane?.after).toEqual(lane({ activeRunId: 'r-1' }));
  });

  it('ends its run also where the failures were not stored', () => {
    expect(stuckStep(seen({ lane: lane({ activeRunId: 'r-1' }) })).commit?.run?.after).toMatchObject({ end: 'Stuck' });
  });

  it('goes on where its run has ended: its outbox is performed in a group of its own', () => {
    const { commit } = stuckStep(seen({ run: anEndedRun() }));
    expect(commit).toEqual({ lane: { before: seen().lane, after: lane(), isIdle: false } });
  });

  it('leaves a run whose end cannot be stored either, and records that in a run that is over from the start', () => {
    const { commit } = stuckStep(seen({ lane: lane({ activeRunId: 'r-1', ...failed(2 * STUCK_TURNS) }) }));
    expect(commit?.run).toMatchObject({ before: undefined, after: { runId: 'r-new', status: 'ended', end: 'Stuck' } });
    expect(commit?.run?.after.outbox).toMatchObject([{ kind: 'notice', id: 'r-1/stuck', detail: { runId: 'r-1' } }]);
    expect(commit?.lane?.after).toEqual(lane({ activeRunId: 'r-new' }));
  });

  it('records a run that cannot be read, and its nodes wait in the lane for the request that asked for them', () => {
    const salvaged = { requestId: 'r-asked', instanceIds: [node(3)] };
    const { commit } = stuckStep(seen({ run: undefined, salvaged }));
    expect(commit?.run?.after.outbox).toMatchObject([
      { kind: 'enqueue', nodes: [[node(3), at(10)]], requestIds: ['r-asked'] },
      { kind: 'notice', detailType: 'Run Stuck' },
    ]);
    const unknown = stuckStep(seen({ run: undefined, salvaged: { instanceIds: [node(3)] } }));
    expect(unknown.commit?.run?.after.outbox).toMatchObject([{ requestIds: ['r-new'] }, { kind: 'notice' }]);
  });

  it('has no run to name where none was active', () => {
    const { commit } = stuckStep(seen({ lane: lane(failed(5)), run: undefined }));
    expect(commit?.run?.after.outbox).toMatchObject([{ id: '/stuck' }]);
  });
});

it('the nodes of a run that cannot be read are those of its list without a row, each read on its own', () => {
  const pending = [[node(1), ''], [node(2), 'v'], 'broken', [node(3), '']];
  expect(salvagedRun({ pending, requestId: 'q-1', group: 7, cluster: 'demo' })).toEqual({
    requestId: 'q-1',
    cluster: 'demo',
    instanceIds: [node(1), node(3)],
  });
  expect(salvagedRun({})).toEqual({ instanceIds: [] });
});
