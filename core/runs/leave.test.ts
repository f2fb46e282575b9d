import { describe, expect, it } from 'vitest';
import { nodesSeen, pendingRow, rules } from '../../test/support/rules.ts';
import {
  aCheck,
  aCommand,
  aRun,
  at,
  DOCUMENT,
  LIMITS,
  node,
  nodes,
  observed,
  quiet,
  START,
} from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { leftOf } from './claims.ts';
import { commandRowOf, wakesOf } from './command.ts';
import { inFlightOf, lastSentOf } from './in-flight.ts';
import { newLane } from './lane.ts';
import { activeStep, type IdleSeen, idleStep } from './lane-step.ts';
import { leftRun } from './leave.ts';
import { nodesWanted, runStep } from './run-step.ts';

const SENT: Partial<CommandState> = { status: 'sent', commandId: 'c-1', sentAt: START, hardDeadlineAt: at(390) };
/** A run that has sent all its commands, the n-th after n seconds. */
const draining = (commands: readonly Partial<CommandState>[], over: Partial<RunningRun> = {}): RunningRun =>
  aRun(0, { status: 'draining', commands: commands.map((c, i) => aCommand({ key: `${i + 1}`, ...c })), ...over });
const cluster = (over: Partial<ClusterState> = {}): ClusterState => ({
  ...{ cluster: 'demo', version: 1, slots: {}, nodeCount: 100 },
  ...over,
});

describe('a lane leaves a run', () => {
  const left = (run: RunningRun, seconds = 8, limits = LIMITS) => leftRun(run, at(seconds), limits);

  it('that waits for nodes which do not answer: it goes on in a group of its own, and knows its lane', () => {
    const run = draining([SENT, { status: 'closed', instanceIds: [] }]);
    expect(left(run)).toEqual({ ...run, group: 'r-1', lane: 'demo/pause-image' });
    const { lane, ...asked } = run;
    expect(left(asked)).toEqual({ ...run, group: 'r-1', lane: 'demo/pause-image' });
  });

  it.each<[string, RunningRun, number?, typeof LIMITS?]>([
    ['before its nodes count as silent', draining([SENT]), 7],
    ['of which one node was sent to later', draining([SENT, { ...SENT, sentAt: at(1) }])],
    ['that has more nodes to send to', aRun(1, { commands: [aCommand(SENT)] })],
    ['with something left to tell', draining([SENT], { outbox: [{ kind: 'cancel', commandId: 'c-1' }] })],
    ['whose command may be at SSM', draining([{ status: 'sending', sendingAt: START }])],
    ['whose command has no deadline', draining([{ ...SENT, hardDeadlineAt: undefined }])],
    ['whose command has no time', draining([{ ...SENT, sentAt: undefined }])],
    ['whose nodes others may send to before its deadline', draining([SENT]), 8, { ...LIMITS, coolDownSeconds: 749 }],
  ])('not one %s', (_, run, seconds, limits) => {
    expect(left(run, seconds, limits)).toBeUndefined();
  });

  it('where the cool-down of its nodes, which began with the sending, outlives its command, however late SSM took it', () => {
    expect(left(draining([SENT]), 8, { ...LIMITS, coolDownSeconds: 750 })).toBeDefined();
  });

  const { slots, left: none, documents, clusterNodes, decideAgain, nodeLocal, repairable, ...quietNews } = quiet();
  const { unrepairable, ...news } = quietNews;
  const seen = (run: RunningRun, lane: string) => ({
    ...news,
    lane: { ...newLane(lane), version: 1, activeRunId: 'r-1' },
    run,
    cluster: cluster(),
    nodes: nodesSeen([]),
    rules: rules(),
    now: at(30),
  });

  it('but no canary of a disruptive repair gives its place to another before its result', () => {
    const running = (remediation: string, documentKey: string) =>
      aRun(1, { remediation, documentKey, lane: `demo/${remediation}`, commands: [aCommand(SENT)] });
    const wanted = (run: RunningRun) => nodesWanted(seen(run, run.lane ?? ''));
    expect(wanted(running('pause-image', 'pause-image-repair'))).toEqual([node(0)]);
    expect(wanted(running('cni', 'cni-repair'))).toEqual([]);
  });

  it('in one transaction with its own state, unless it is disruptive', () => {
    const run = draining([SENT], { dueAt: at(60) });
    const { commit, isDone } = activeStep(seen(run, 'demo/pause-image'));
    expect(isDone).toBe(false);
    expect(commit?.lane?.after).not.toHaveProperty('activeRunId');
    expect(commit?.lane?.after.left).toEqual([{ runId: 'r-1', until: at(390) }]);
    const known = [29, 30, 31].map((seconds) => ({ runId: `r-${seconds}`, until: at(seconds) }));
    const again = activeStep({
      ...seen(run, 'demo/pause-image'),
      lane: { ...seen(run, 'demo/pause-image').lane, left: known },
    });
    expect(again.commit?.lane?.after.left?.map(({ runId }) => runId)).toEqual(['r-31', 'r-1']);
    expect(commit?.run).toEqual({ before: run, after: { ...run, group: 'r-1' } });
    const disruptive = draining([SENT], { dueAt: at(60), remediation: 'cni', lane: 'demo/cni', group: 'demo/cni' });
    expect(activeStep(seen(disruptive, 'demo/cni')).commit?.lane).toBeUndefined();
  });
});

describe('what is in flight', () => {
  it('is known by when it was sent', () => {
    expect(lastSentOf(draining([]))).toBeUndefined();
    const sending: Partial<CommandState> = { status: 'sending', sendingAt: at(9) };
    expect(lastSentOf(draining([SENT, sending, { ...SENT, sentAt: at(20), status: 'closed' }]))).toBe(at(9));
    expect(lastSentOf(draining([{ status: 'sending' }]))).toBeUndefined();
  });

  it('is that of the run and of those that its lane has left', () => {
    expect(inFlightOf(draining([SENT]), { left: 0 })).toEqual({ own: 1, left: 0, lastSentAt: START });
    expect(inFlightOf(draining([]), { left: 2, lastSentAt: at(3) })).toEqual({ own: 0, left: 2, lastSentAt: at(3) });
    expect(inFlightOf(draining([SENT]), { left: 2, lastSentAt: at(3) }).lastSentAt).toBe(at(3));
  });

  it('of runs that its lane has left, is in the slots of the cluster', () => {
    const slot = { lane: 'demo/pause-image', count: 1, until: at(390), runVersion: 1 };
    const others = cluster({
      slots: {
        'r-1': { ...slot, count: 5 },
        'r-2': { ...slot, sentAt: at(4) },
        'r-3': slot,
        'r-4': { ...slot, lane: 'demo/cni' },
        'r-5': { ...slot, until: START },
      },
    });
    expect(leftOf(others, aRun(0), at(10))).toEqual({ left: 2, lastSentAt: at(4) });
    const { lane, ...asked } = aRun(0);
    expect(leftOf(others, asked, at(10)).left).toBe(2);
    expect(leftOf(undefined, aRun(0), at(10))).toEqual({ left: 0 });
  });
});

describe('news of a command wake', () => {
  const wakes = (run: RunningRun, seconds: number, limits = LIMITS) =>
    wakesOf(commandRowOf(run, aCommand(SENT), 'c-1', START, LIMITS), at(seconds), limits);
  const lane = { kind: 'lane', lane: 'demo/pause-image' };
  const own = { kind: 'run', runId: 'r-1' };

  it('its lane, and its run too once the lane may have left it', () => {
    expect(wakes(aRun(0), 7)).toEqual([lane]);
    expect(wakes(aRun(0), 8)).toEqual([lane, own]);
    expect(wakes(aCheck(0), 8)).toEqual([own]);
  });

  it('its run too after its hard deadline: it may have ended', () => {
    const limits = { ...LIMITS, breakerFirstSeconds: 900 };
    expect(wakes(aRun(0), 389, limits)).toEqual([lane]);
    expect(wakes(aRun(0), 4000, limits)).toEqual([lane, own]);
  });
});

describe('a hold that ends soon', () => {
  const results: TrustRow['results'] = [0, 1].map((n) => ({
    ...{ instanceId: node(n), runId: 'r-1', at: START, end: 'failed', isCanary: true },
  }));
  const trust: TrustRow = { document: DOCUMENT.name, cluster: 'demo', version: 1, results };
  const open = (seconds: number): TrustRow => ({
    ...trust,
    breaker: { openedAt: START, openUntil: at(seconds), openings: 1 },
  });
  const idle = (over: Partial<IdleSeen>): IdleSeen => ({
    ...{ lane: { ...newLane('demo/pause-image'), version: 1 }, rows: [pendingRow(node(5))], gone: [] },
    ...{ cluster: cluster(), nodes: nodesSeen([]), newRunId: 'r-new', rules: rules(), now: START },
    ...over,
  });

  it('is waited for by the lane, which is woken at its end; nobody is told', () => {
    const step = idleStep(idle({ trust: open(8) }));
    expect(step.commit?.run).toBeUndefined();
    expect(step.commit?.lane?.after.dueAt).toBe(at(8));
    expect(step.effects).toEqual([{ kind: 'wake-later', wake: { kind: 'lane', lane: 'demo/pause-image' }, at: at(8) }]);
    const waiting = { ...newLane('demo/pause-image'), version: 1, dueAt: at(8) };
    expect(idleStep(idle({ trust: open(8), lane: waiting })).effects).toEqual([]);
  });

  it('is not one that lasts for a minute: each waiting node is told, and scheduler wakes the lane', () => {
    const { commit } = idleStep(idle({ trust: open(60) }));
    expect(commit?.run?.after.settled).toEqual({ BreakerOpen: 1 });
    const told = [pendingRow(node(5), { skipped: 'BreakerOpen' })];
    const step = idleStep(idle({ trust: open(60), rows: told }));
    expect([step.commit?.lane?.after.dueAt, step.effects]).toEqual([at(60), []]);
  });

  const failing = (before: TrustRow, seconds: number) => {
    const { slots, left, documents, clusterNodes, decideAgain, nodeLocal, repairable, unrepairable, ...news } = quiet();
    const run = aRun(3, { commands: [aCommand({ ...SENT, documentName: DOCUMENT.name, isCanary: true })] });
    const failed = { [node(0)]: { outcome: 'NotRepaired' as const, reason: 'SandboxImageMissing' } };
    const seen = { ...news, run, observations: [observed('1', failed, { at: at(seconds) })] };
    const known = { trust: new Map([[DOCUMENT.name, before]]), cluster: cluster() };
    return runStep({ ...seen, ...known, nodes: nodesSeen(nodes(3)), rules: rules(), now: at(seconds) });
  };

  it('is waited for by the run that begins it, which is woken at its end', () => {
    const one = { ...trust, results: results.slice(1) };
    const step = failing(one, 5);
    expect(step.run).toMatchObject({ status: 'active' });
    expect(step.effects).toContainEqual({
      ...{ kind: 'wake-later', wake: { kind: 'lane', lane: 'demo/pause-image' } },
      at: at(13),
    });
  });

  it('is not one of a later step: the run stops', () => {
    const breaker = { openedAt: at(-20), openUntil: at(-12), openings: 1, nodes: [node(8), node(9)] };
    const step = failing({ ...trust, results: [], breaker }, 5);
    expect(step.run).toMatchObject({ stopped: { reason: 'BreakerOpen' } });
    expect(step.effects).not.toContainEqual(expect.objectContaining({ kind: 'wake-later' }));
  });
});
