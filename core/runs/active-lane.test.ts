import { describe, expect, it } from 'vitest';
import { nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import { aCheck, anEndedRun, aRun, at, node, quiet } from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { RunState } from '../state/run-state.ts';
import { newLane } from './lane.ts';
import { activeStep, handOverStep, stuckLaneStep } from './lane-step.ts';

const lane = (over: Partial<LaneState> = {}): LaneState => ({ ...newLane('demo/pause-image'), version: 1, ...over });
const checkLane = { ...newLane('demo/node-check'), version: 1 };
const cluster = (over: Partial<ClusterState> = {}): ClusterState => ({
  cluster: 'demo',
  version: 1,
  slots: {},
  ...over,
});
const NOTICE = { kind: 'notice' as const, id: 'r-1/end', detailType: 'Run Ended', detail: {} };

describe('a lane with an active run', () => {
  const { slots, documents, clusterNodes, decideAgain, nodeLocal, repairable, unrepairable, ...news } = quiet();
  const active = (run: RunState, over: Partial<Parameters<typeof activeStep>[0]> = {}) =>
    activeStep({
      ...news,
      lane: lane({ activeRunId: 'r-1', dueAt: at(10) }),
      run,
      cluster: cluster({ nodeCount: 100 }),
      nodes: nodesSeen([node(0)], { rows: new Map([[node(0), pendingRow(node(0))]]) }),
      rules: rules(),
      now: at(10),
      ...over,
    });

  it('makes a step of the run', () => {
    const step = active(aRun(1));
    expect(step.commit).not.toHaveProperty('lane');
    expect(step.effects).toEqual([{ kind: 'send', key: '1' }]);
  });

  it('goes on without the run once that has ended and told all that it had to tell', () => {
    expect(active(anEndedRun({ endedAt: at(5) }))).toEqual({
      commit: {
        lane: { before: lane({ activeRunId: 'r-1', dueAt: at(10) }), after: lane({ dueAt: at(10) }), isIdle: false },
      },
      effects: [],
      isDone: false,
    });
    expect(active(anEndedRun({ endedAt: at(5), outbox: [NOTICE] })).effects).toEqual([{ kind: 'flush' }]);
  });

  it('hands a check to a group of its own, and goes on', () => {
    const run = aCheck(1);
    for (const idle of [checkLane, lane()]) {
      const before = { ...idle, activeRunId: 'r-1' };
      const seen = { lane: before, run };
      expect(handOverStep({ ...seen, isHandedOver: false })).toEqual({
        effects: [{ kind: 'hand-over' }],
        run,
        isDone: false,
      });
      expect(handOverStep({ ...seen, isHandedOver: true }).commit?.lane).toEqual({
        before,
        after: idle,
        isIdle: false,
      });
    }
  });

  it('is left by a stuck run once its outbox is performed: nothing about the run is read any more', () => {
    const before = lane({ activeRunId: 'r-1' });
    const stuck = anEndedRun({ end: 'Stuck', stopped: { reason: 'Stuck', at: at(5) }, outbox: [NOTICE], version: 4 });
    const now = at(10);
    expect(stuckLaneStep(before, { run: stuck, now })).toEqual({
      effects: [{ kind: 'flush' }],
      run: stuck,
      isDone: false,
    });
    const flushed = { version: 4, stays: [] };
    const performed = stuckLaneStep(before, { run: stuck, flushed, now });
    const after = { ...stuck, outbox: [] };
    expect(performed.commit).toEqual({ run: { before: stuck, after } });
    expect(performed.run?.version).toBe(5);
    expect(stuckLaneStep(before, { run: after, now }).commit?.lane?.after).toEqual(lane());
  });
});
