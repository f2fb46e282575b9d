import { describe, expect, it } from 'vitest';
import {
  breakNodes,
  failObservations,
  type World,
  worldsOfRunController,
} from '../../test/support/run-controller-scene.ts';
import { keys } from '../adapters/table/keys.ts';
import { turn } from './turn.ts';

const LANE = 'demo/pause-image';
const world = worldsOfRunController();
const ends = async (w: World) => (await w.allRuns()).map((r) => [r.runId, r.status, r.end]);
const stuckNotices = (w: World) => w.notices.filter((n) => n.detailType === 'Run Stuck').map((n) => n.detail.runId);

describe('a run whose turns fail', () => {
  it('ends as Stuck after five of them; its lane, and the nodes that it did not reach, go on', async () => {
    const w = await world();
    const [first = '', second = '', signalled = ''] = w.ids;
    breakNodes(w, [first, second, signalled]);
    failObservations(w, 'r-1');
    await w.ask('r-1', 'repair', [first, second]);
    await w.signal(signalled);
    await w.pass(300, 10);
    const run = await w.runs.get('r-1');
    expect(run).toMatchObject({ status: 'ended', end: 'Stuck', stopped: { reason: 'Stuck' } });
    expect(stuckNotices(w)).toEqual(['r-1']);
    expect(w.failures).toHaveLength(4);
    const results = await w.resultsOf('r-1');
    expect(results.map((r) => [r.instanceId, r.outcome, r.skipReason, r.reason])).toContainEqual([
      second,
      'Skipped',
      'Unreadable',
      'RunStuck',
    ]);
    await w.pass(1800, 30);
    expect([...w.nodes].filter(([, n]) => n.broken)).toEqual([]);
    expect(Math.max(...w.ssm.sends('repair').values())).toBe(1);
    expect(await w.lanes.get(LANE)).not.toHaveProperty('failures');
    expect(await w.lanes.get(LANE)).not.toHaveProperty('activeRunId');
  });

  it('holds the slots of its nodes until their hard deadlines', async () => {
    const w = await world({ nodes: 10 });
    const [slow = '', other = ''] = w.ids;
    breakNodes(w, [slow], Number.POSITIVE_INFINITY);
    breakNodes(w, [other]);
    failObservations(w, 'r-1');
    await w.ask('r-1', 'repair', [slow]);
    await w.pass(90, 10);
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Stuck' });
    await w.signal(other);
    await w.pass(60, 10);
    expect((await w.lanes.getCluster('demo')).slots).toHaveProperty('r-1');
    expect(w.ssm.sends('repair').get(other)).toBeUndefined();
    await w.pass(900, 60);
    expect(w.ssm.sends('repair').get(other)).toBe(1);
  });

  it('is not stuck where a turn between them succeeds', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id], 60_000);
    let calls = 0;
    const { readObservations } = w.deps.runs;
    Object.assign(w.deps, {
      runs: {
        ...w.deps.runs,
        readObservations: async (runId: string) => {
          if (++calls % 3 !== 0) throw new Error('no');
          return await readObservations(runId);
        },
      },
    });
    await w.signal(id);
    for (let n = 0; n < 15; n++) {
      w.queue.push({ kind: 'lane', lane: LANE });
      await w.pass(10, 10);
    }
    expect((await ends(w)).map(([, status, end]) => [status, end])).toEqual([['ended', 'Done']]);
    expect(stuckNotices(w)).toEqual([]);
  });

  it.each(['ThrottlingException', 'ContentionError', 'VersionConflictError'])(
    'is not stuck for throttling and other writers: %s',
    async (name) => {
      const w = await world();
      const { readObservations } = w.deps.runs;
      let isAway = true;
      const { ContentionError } = await import('../adapters/table/table.ts');
      const { VersionConflictError } = await import('../adapters/table/items.ts');
      const errors: Readonly<Record<string, Error>> = {
        ContentionError: new ContentionError('no'),
        VersionConflictError: new VersionConflictError('no'),
        ThrottlingException: Object.assign(new Error('no'), { name }),
      };
      Object.assign(w.deps, {
        runs: {
          ...w.deps.runs,
          readObservations: async (runId: string) => {
            if (isAway) throw errors[name];
            return await readObservations(runId);
          },
        },
      });
      const [id = ''] = w.ids;
      breakNodes(w, [id]);
      await w.signal(id);
      await w.pass(120, 10);
      expect(w.failures.length).toBeGreaterThan(5);
      isAway = false;
      await w.pass(60, 10);
      expect((await ends(w)).map(([, status, end]) => [status, end])).toEqual([['ended', 'Done']]);
    },
  );

  it('ends also where it is a check in its own group', async () => {
    const w = await world();
    failObservations(w, 'r-check');
    await w.ask('r-check', 'check', w.ids.slice(0, 3));
    await w.pass(300, 10);
    expect(await w.runs.get('r-check')).toMatchObject({ status: 'ended', end: 'Stuck', outbox: [] });
    expect(stuckNotices(w)).toEqual(['r-check']);
  });

  it('leaves the lane also where not even its end can be stored', async () => {
    const w = await world();
    const [first = '', signalled = ''] = w.ids;
    breakNodes(w, [first, signalled]);
    const { commit } = w.deps.commits;
    Object.assign(w.deps, {
      commits: {
        commit: async (...[step, now]: Parameters<typeof commit>) => {
          if (step.run?.before?.runId === 'r-1' && step.run.before.status !== 'queued')
            throw new Error('storing r-1: the item is larger than 400 KB');
          return await commit(step, now);
        },
      },
    });
    await w.ask('r-1', 'repair', [first]);
    await w.signal(signalled);
    await w.pass(600, 10);
    expect(stuckNotices(w)).toEqual(['r-1']);
    expect(w.nodes.get(signalled)?.broken).toBe(false);
  });
});

describe('an active run', () => {
  it('that is not stored leaves its lane, with a record and a notice', async () => {
    const w = await world();
    const [first = '', signalled = ''] = w.ids;
    breakNodes(w, [first, signalled]);
    await w.ask('r-1', 'repair', [first]);
    await w.deliver();
    await w.clear(keys.run('r-1'));
    await w.signal(signalled);
    await w.pass(300, 10);
    expect(stuckNotices(w)).toEqual(['r-1']);
    expect(w.nodes.get(signalled)?.broken).toBe(false);
    expect(w.failures).toEqual([]);
  });

  it('that cannot be read leaves its lane; its nodes that wait in no other row are handed back', async () => {
    const w = await world();
    const ids = w.ids.slice(0, 3);
    const [signalled = ''] = w.ids.slice(5);
    breakNodes(w, [...ids, signalled]);
    await w.ask('r-1', 'repair', ids);
    await w.deliver();
    const [item = {}] = await w.table.items('RUN#r-1');
    await w.put({ ...item, settled: 'no record' });
    await w.signal(signalled);
    await w.pass(1800, 30);
    expect(stuckNotices(w)).toEqual(['r-1']);
    expect([...w.nodes].filter(([, n]) => n.broken)).toEqual([]);
    expect(Math.max(...w.ssm.sends('repair').values())).toBe(1);
  });
});

describe('a queued run that cannot be read', () => {
  it('leaves the queue of its lane, with a record and a notice', async () => {
    const w = await world();
    const [first = '', signalled = ''] = w.ids;
    breakNodes(w, [first, signalled]);
    await w.ask('r-1', 'repair', [first]);
    const [item = {}] = await w.table.items('RUN#r-1');
    await w.put({ ...item, settled: 'no record' });
    await w.signal(signalled);
    await w.pass(300, 10);
    expect(stuckNotices(w)).toEqual(['r-1']);
    expect(w.nodes.get(signalled)?.broken).toBe(false);
  });
});

describe('a turn that runs out of time', () => {
  const wake = { kind: 'lane', lane: LANE } as const;
  /** A turn in which a call never returns. */
  const outOfTime = async (w: World, call: () => void): Promise<void> => {
    const controller = new AbortController();
    call();
    const ended = turn(w.deps, wake, controller.signal);
    setTimeout(() => controller.abort(), 200);
    await expect(ended).rejects.toThrow(/the time of this invocation is over/);
  };
  const never = () => new Promise<never>(() => {});
  const failuresOf = async (w: World) => (await w.lanes.get(LANE))?.failures?.count;

  it('without storing anything counts as failed: after five of them its run is stuck, and its lane goes on', async () => {
    const w = await world();
    const [first = '', second = ''] = w.ids;
    breakNodes(w, [first, second]);
    await w.ask('r-1', 'repair', [first]);
    await w.deliver();
    const { readObservations } = w.deps.runs;
    // The late results of the stuck run are read in a group of its own: there the call ends with the turn's time.
    let isStuck = false;
    const late = () => (isStuck ? Promise.reject(new Error('reading the observations: no')) : never());
    const ofOthers = (runId: string) => (runId === 'r-1' ? late() : readObservations(runId));
    const hang = () => Object.assign(w.deps, { runs: { ...w.deps.runs, readObservations: ofOthers } });
    for (let n = 1; n <= 5; n++) {
      await outOfTime(w, hang);
      expect(await failuresOf(w)).toBe(n);
    }
    isStuck = true;
    await w.signal(second);
    await w.deliver();
    expect(await w.runs.get('r-1')).toMatchObject({ status: 'ended', end: 'Stuck' });
    await w.pass(90, 10);
    expect(w.nodes.get(second)?.broken).toBe(false);
  });

  it('after it has stored a decision counts as none, and ends the count', async () => {
    const w = await world();
    const [id = ''] = w.ids;
    breakNodes(w, [id]);
    await w.signal(id);
    const { readPending } = w.deps.lanes;
    await outOfTime(w, () => Object.assign(w.deps, { lanes: { ...w.deps.lanes, readPending: never } }));
    expect(await failuresOf(w)).toBe(1);
    const { send } = w.deps.sender;
    Object.assign(w.deps, { lanes: { ...w.deps.lanes, readPending }, sender: { ...w.deps.sender, send: never } });
    await outOfTime(w, () => {});
    expect(await failuresOf(w)).toBeUndefined();
    Object.assign(w.deps, { sender: { ...w.deps.sender, send } });
  });
});
