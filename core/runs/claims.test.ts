import { describe, expect, it } from 'vitest';
import { aCommand, aRun, at, LIMITS, node, nodes, START } from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import {
  isAwaitedBy,
  isDisrupted,
  slotsFor,
  withClaim,
  withClaimKept,
  withoutLeftClaim,
  withoutWaiting,
  withSlotsOf,
  withWaiting,
} from './claims.ts';

const CNI = 'demo/cni';
const DOCKER = 'demo/docker';
const cluster = (over: Partial<ClusterState> = {}): ClusterState => ({
  cluster: 'demo',
  version: 1,
  slots: {},
  nodeCount: 100,
  ...over,
});
const slots = (count: number, until = at(600)) => ({ lane: CNI, count, until, runVersion: 1 });

describe('the slots of a run', () => {
  const both = cluster({ slots: { 'r-1': slots(2), 'r-2': slots(7) } });

  it('are what the other runs leave of the budget of ten nodes in a hundred', () => {
    expect(slotsFor(both, { runId: 'r-1', isDisruptive: false }, START, LIMITS)).toBe(3);
    expect(slotsFor(both, { runId: 'r-3', isDisruptive: false }, START, LIMITS)).toBe(1);
    expect(
      slotsFor(cluster({ slots: { 'r-2': slots(12) } }), { runId: 'r-1', isDisruptive: false }, START, LIMITS),
    ).toBe(0);
  });

  it('are free again when their time is over', () => {
    expect(slotsFor(both, { runId: 'r-3', isDisruptive: false }, at(601), LIMITS)).toBe(10);
  });

  it('are one in a cluster whose nodes were never counted', () => {
    const { nodeCount, ...uncounted } = cluster();
    expect(slotsFor(uncounted, { runId: 'r-1', isDisruptive: false }, START, LIMITS)).toBe(1);
    const command = { status: 'sending' as const, sendingAt: START, instanceIds: [node(1)], size: 1 };
    const after = withSlotsOf(uncounted, aRun(0, { commands: [aCommand(command)] }), at(900), {
      now: START,
      limits: LIMITS,
    });
    expect(after.slots['r-1']?.count).toBe(1);
  });

  const sending = (over: Parameters<typeof aCommand>[0] = {}) =>
    aRun(0, {
      version: 4,
      commands: [
        aCommand({
          status: 'sending',
          sendingAt: START,
          instanceIds: nodes(2),
          versions: ['a', 'b'],
          size: 2,
          ...over,
        }),
      ],
    });
  const stored = (before: ClusterState, run = sending()) =>
    withSlotsOf(before, run, at(900), { now: START, limits: LIMITS });

  it('are held by its nodes in flight, until the time at which an unsent command would end', () => {
    expect(stored(cluster()).slots).toEqual({
      'r-1': { lane: 'demo/pause-image', count: 2, until: at(900), sentAt: START, runVersion: 5 },
    });
  });

  it('are held for its group where it has no lane', () => {
    const { lane, ...run } = sending();
    expect(stored(cluster(), { ...run, group: 'r-1' }).slots['r-1']?.lane).toBe('r-1');
  });

  it('are not written again while nothing about them changes, and those of others go when their time is over', () => {
    const own = { lane: 'demo/pause-image', count: 2, until: at(900), runVersion: 3 };
    expect(stored(cluster({ slots: { 'r-1': own, 'r-2': slots(3, at(-1)) } })).slots).toEqual({ 'r-1': own });
  });

  it('are written again when the deadline of its command is known', () => {
    const own = { lane: 'demo/pause-image', count: 2, until: at(900), runVersion: 3 };
    const run = sending({ status: 'sent', commandId: 'c-1', hardDeadlineAt: at(450) });
    expect(stored(cluster({ slots: { 'r-1': own } }), run).slots['r-1']).toMatchObject({ until: at(450), count: 2 });
  });
});

describe('the claim of a disruptive lane', () => {
  const claimed = cluster({ disruptive: { lane: CNI, runId: 'r-1' } });
  const atWork = { ...claimed, slots: { 'r-1': slots(2) } };

  it('keeps every other disruptive lane from starting', () => {
    expect(isDisrupted(cluster(), DOCKER, START)).toBe(false);
    expect(isDisrupted(claimed, DOCKER, START)).toBe(true);
  });

  it('keeps its own lane from starting only while nodes of the last run hold slots', () => {
    expect(isDisrupted(claimed, CNI, START)).toBe(false);
    expect(isDisrupted(atWork, CNI, START)).toBe(true);
    expect(isDisrupted(atWork, CNI, at(601))).toBe(false);
  });

  it('goes with its lane, once no node holds a slot', () => {
    expect(withoutLeftClaim(atWork, CNI, START)).toEqual({ cluster: atWork, until: at(600) });
    expect(withoutLeftClaim(claimed, CNI, START)).toEqual({ cluster: cluster() });
    expect(withoutLeftClaim(claimed, DOCKER, START)).toEqual({ cluster: claimed });
  });

  it('is taken by the next lane that waits for it, which waits no more', () => {
    const waiting = withWaiting(withWaiting(cluster(), DOCKER), CNI);
    expect(waiting.waiting).toEqual([DOCKER, CNI]);
    const next = withClaim(waiting, DOCKER, 'r-2', START);
    expect(next).toMatchObject({ disruptive: { lane: DOCKER, runId: 'r-2' }, waiting: [CNI] });
    expect(isAwaitedBy(next, DOCKER)).toBe(true);
    expect(withClaim(withWaiting(cluster(), DOCKER), DOCKER, 'r-2', START)).not.toHaveProperty('waiting');
  });

  it('is awaited by other lanes only', () => {
    expect(isAwaitedBy(cluster(), CNI)).toBe(false);
    expect(isAwaitedBy(cluster({ waiting: [CNI] }), CNI)).toBe(false);
    expect(isAwaitedBy(cluster({ waiting: [CNI, DOCKER] }), CNI)).toBe(true);
  });

  it('makes no lane yield once nothing waits in the other one any more', () => {
    const both = withWaiting(withWaiting(cluster(), DOCKER), CNI);
    const one = withoutWaiting(both, CNI);
    expect(one.waiting).toEqual([DOCKER]);
    expect(withoutWaiting(one, DOCKER)).toEqual(cluster());
    expect(withoutWaiting(cluster(), DOCKER)).toEqual(cluster());
    expect(isAwaitedBy(withoutWaiting(one, DOCKER), CNI)).toBe(false);
  });

  it('is waited for once by a lane', () => {
    const waiting = withWaiting(cluster(), DOCKER);
    expect(withWaiting(waiting, DOCKER)).toBe(waiting);
  });
});

describe('a disruptive run whose claim was lost with the row of the cluster', () => {
  const of = { runId: 'r-1', isDisruptive: true };
  const run = aRun(0, { group: CNI });

  it('sends nothing while another run has the cluster, and something where nobody has', () => {
    const others = cluster({ disruptive: { lane: DOCKER, runId: 'r-2' } });
    expect(slotsFor(others, of, START, LIMITS)).toBe(0);
    expect(slotsFor(others, { ...of, isDisruptive: false }, START, LIMITS)).toBe(10);
    expect(slotsFor(cluster({ disruptive: { lane: CNI, runId: 'r-1' } }), of, START, LIMITS)).toBe(10);
    expect(slotsFor(cluster(), of, START, LIMITS)).toBe(10);
  });

  it('has the cluster again as soon as it has slots', () => {
    const held = cluster({ slots: { 'r-1': slots(1) } });
    expect(withClaimKept(held, run, START).disruptive).toEqual({ lane: CNI, runId: 'r-1' });
    expect(withClaimKept(cluster(), run, START).disruptive).toBeUndefined();
    const others = cluster({ slots: { 'r-1': slots(1) }, disruptive: { lane: DOCKER, runId: 'r-2' } });
    expect(withClaimKept(others, run, START)).toBe(others);
  });
});
