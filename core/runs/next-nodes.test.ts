import { describe, expect, it } from 'vitest';
import { factsOf, pendingRow } from '../../test/support/rules.ts';
import {
  aCheck,
  aCommand,
  anEndedRun,
  aQueuedRun,
  aRun,
  at,
  because,
  DOCUMENT,
  goes,
  LIMITS,
  node,
  nodes,
  observed,
  quiet,
  START,
  sendingRun,
  sent,
  step,
  trustAfter,
} from '../../test/support/runs.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunState } from '../state/run-state.ts';
import { nodesToDecide } from './advance.ts';
import { batchTallies } from './batch-results.ts';
import type { SendReport } from './command.ts';
import { findingsOf, notRunOf, waitingOf } from './findings.ts';
import { holdOf } from './lane.ts';
import { gradeOf, nodeGrade, readingIn } from './observation.ts';
import { isUnsent, takenBackOf } from './refusal.ts';
import { decideByPolicy, startRun } from './start.ts';

const SENT: Partial<CommandState> = { status: 'sent', commandId: 'c-1', sentAt: START, hardDeadlineAt: at(390) };

describe('the canaries of a run', () => {
  it('are one at a time also where the other node of two is in flight', () => {
    const run = aRun(1, { commands: [aCommand({ ...SENT, instanceIds: [node(9)] })] });
    expect(step(run, { trust: trustAfter(1) }, at(1)).effects).toEqual([]);
    expect(step(run, { trust: trustAfter(2) }, at(1)).effects).toEqual([{ kind: 'send', key: '2' }]);
  });

  it('count all nodes of the run: those of a command that SSM has not taken, and those of one that is over', () => {
    const isCanary = (before: CommandState, repaired: number) =>
      step(aRun(1, { commands: [before] }), { trust: trustAfter(repaired) }, at(1)).state.commands.at(-1)?.isCanary;
    const throttled = aCommand({ instanceIds: [node(9)], versions: [`v-${node(9)}`] });
    const closed = aCommand({ key: '0', status: 'closed', instanceIds: [], counts: { Repaired: 1 } });
    expect([isCanary(throttled, 1), isCanary(throttled, 2)]).toEqual([true, false]);
    expect([isCanary(closed, 1), isCanary(closed, 2)]).toEqual([true, false]);
  });
});

describe('a check that SSM throttles', () => {
  const throttled = (notBefore: number): RunState =>
    aCheck(0, { commands: [aCommand({ instanceIds: [node(9)], versions: [''], notBefore: at(notBefore) })] });

  it('sends its command again at its time, not before', () => {
    expect(step(throttled(30), {}, at(29)).effects).toEqual([]);
    expect(step(throttled(30), {}, at(30)).effects).toEqual([{ kind: 'send', key: '1' }]);
  });

  it('sends no command again that SSM has', () => {
    const run = aCheck(1, { commands: [aCommand({ ...SENT, instanceIds: [] })] });
    const { state, effects } = step(run, {}, at(1));
    expect(effects).toEqual([{ kind: 'send', key: '2' }]);
    expect(state.commands[0]).toMatchObject(SENT);
  });
});

it('a run asks about no node once it has stopped, is queued or has ended', () => {
  const ask = (run: RunState) => nodesToDecide(run, quiet(), at(1), LIMITS);
  expect(ask(aRun(1))).toEqual([node(0)]);
  expect(ask(aRun(1, { stopped: { reason: 'Paused', at: START } }))).toEqual([]);
  expect([ask(aQueuedRun()), ask(anEndedRun())]).toEqual([[], []]);
});

describe('a report proves that nothing ran', () => {
  it.each<[SendReport, boolean]>([
    [{ key: '1', kind: 'not-sent', notBefore: START }, true],
    [{ key: '1', kind: 'invalid-ids', instanceIds: [] }, true],
    [{ key: '1', kind: 'refused', message: 'm' }, true],
    [sent('1'), false],
    [{ key: '1', kind: 'found', commandId: 'c-1', sentAt: START }, false],
    [{ key: '1', kind: 'not-found', at: START }, false],
  ])('%j: %s', (report, expected) => {
    expect(isUnsent(report)).toBe(expected);
    expect(takenBackOf(sendingRun(1), [report])).toEqual(expected ? [node(0)] : []);
    expect(takenBackOf({ ...sendingRun(1), action: 'check' }, [report])).toEqual([]);
  });
});

describe('the parts of a check', () => {
  const documents = [DOCUMENT, { ...DOCUMENT, key: 'second', name: 'fleetmend-second-bbbbbbbbbbbb' }];

  it('are sent to the same nodes, each with its number, after the commands that were there', () => {
    const before = aCommand({ ...SENT, key: '1', instanceIds: [] });
    const { commands } = step(aCheck(2, { commands: [before] }), { documents }, at(1)).state;
    expect(commands[0]).toMatchObject({ key: '1', status: 'sent' });
    expect(commands.slice(1)).toMatchObject([
      { key: '2.1', part: 1, parts: 2, documentName: DOCUMENT.name, instanceIds: nodes(2), versions: ['', ''] },
      { key: '2.2', part: 2, parts: 2, documentName: documents[1]?.name, instanceIds: nodes(2), versions: ['', ''] },
    ]);
  });

  it('are as many as the nodes need, and no empty one', () => {
    expect(step(aCheck(100)).state.commands.map(({ size }) => size)).toEqual([50, 50]);
  });
});

describe('a node just before its command', () => {
  it('whose row has left the lane is no longer wanted, and its result says so', () => {
    const { state, effects } = step(aRun(1), {
      decideAgain: (id) => ({ candidate: { instanceId: id }, decision: { kind: 'go' } }),
    });
    expect(effects).toEqual([]);
    expect(state.settled).toEqual({ Cancelled: 1 });
    expect(state.outbox[0]).toMatchObject({
      kind: 'results',
      outcome: 'Skipped',
      skipReason: 'Cancelled',
      message: 'every request that wanted this node was cancelled before a command was sent to it',
    });
  });

  it('that was not read waits for the next step, and nothing is booked', () => {
    const { state, effects, booked } = step(aRun(1), { decideAgain: () => undefined });
    expect([effects, booked]).toEqual([[], []]);
    expect(state.pending).toEqual([[node(0), `v-${node(0)}`]]);
    expect(step(aRun(1), { documents: [], decideAgain: goes }).booked).toEqual([]);
  });
});

describe('the first decision', () => {
  const inputs = {
    facts: new Map([[node(1), factsOf(node(1))]]),
    nodeStates: new Map(),
    isManaged: true,
    mayRepair: true,
    maintenance: () => 'the node group is UPDATING',
    limits: LIMITS,
    now: at(10),
  };
  const row = pendingRow(node(1), { lastSeenAt: at(5) });
  const decide = (over: Partial<typeof inputs>, own = row, action: 'check' | 'repair' = 'repair') =>
    decideByPolicy({ action }, { instanceId: node(1), row: own }, { ...inputs, ...over });

  it('about a cluster that the policy no longer lists is to leave it alone', () => {
    expect(decide({ isManaged: false })).toEqual({
      kind: 'skip',
      skipReason: 'OptedOut',
      message: 'the policy no longer lists this cluster: fleetmend does not act on it',
    });
  });

  it('asks for no check of a finding of a check, where nothing may be repaired', () => {
    expect(decide({ mayRepair: false }).kind).toBe('check');
    expect(decide({ mayRepair: false }, { ...row, source: 'fleetmend.check' })).toMatchObject({
      kind: 'skip',
      skipReason: 'Observe',
    });
  });

  it('lets a check go on while the node group updates', () => {
    expect(decide({})).toMatchObject({ kind: 'skip', skipReason: 'Maintenance' });
    expect(decide({}, row, 'check')).toEqual({ kind: 'go' });
  });

  it('about a node without facts is that it is gone', () => {
    expect(decide({ facts: new Map() })).toMatchObject({ kind: 'skip', skipReason: 'Gone' });
  });

  it('takes as many nodes as a run of its action may have, and keeps what the run has promised', () => {
    const ids = nodes(3);
    const promised: RunState['outbox'] = [{ kind: 'cancel', commandId: 'c-9' }];
    const start = (action: 'check' | 'repair') =>
      startRun(aQueuedRun({ action, outbox: promised }), {
        ...inputs,
        candidates: ids.map((instanceId) => ({ instanceId })),
        facts: new Map(ids.map((id) => [id, factsOf(id)])),
        maintenance: () => undefined,
        limits: { ...LIMITS, maxNodesPerRepairRun: 1, maxNodesPerCheckRun: 2 },
      });
    expect([start('repair'), start('check')].map(({ pending }) => pending.length)).toEqual([1, 2]);
    expect(start('repair').outbox).toEqual([...promised, expect.objectContaining({ kind: 'enqueue' })]);
    expect(start('repair')).not.toHaveProperty('local');
    expect(startRun(aQueuedRun(), { ...inputs, candidates: [] }).outbox).toEqual([]);
  });
});

describe('the findings of a check', () => {
  const known = { repairable: new Set(['pause-image']), unrepairable: new Set<string>() };
  const run = aCheck(0, { because: because('sweep', { detectedWithinSeconds: 60 }) });
  const found = observed('1', {
    [node(1)]: {
      outcome: 'Broken',
      findings: [['pause-image', 'SandboxImageMissing']],
      localMethod: true,
      image: 'a/p:1',
    },
  });

  it('keep the image, the local method and how late the fault was seen', () => {
    const tally = batchTallies([found], run)[node(1)] ?? expect.fail();
    expect(findingsOf(run, node(1), tally, known)).toMatchObject([
      { image: 'a/p:1', localMethod: true, because: { kind: 'finding', detectedWithinSeconds: 60 } },
    ]);
    const seen = { ...run, looks: [[node(1), 90]] satisfies [string, number][] };
    expect(findingsOf(seen, node(1), tally, known)).toMatchObject([{ because: { detectedWithinSeconds: 90 } }]);
  });

  it('of nodes on which nothing ran are asked for again, as part of the run', () => {
    const tallies = { [node(1)]: { outcome: 'Skipped', ranNowhere: true, at: at(3) } as const };
    const later = [found, { ...found, at: at(90) }];
    expect(notRunOf(aRun(0), tallies, later, LIMITS)).toMatchObject([
      { reason: 'CommandNotDelivered', source: 'fleetmend.run', notBefore: at(180) },
    ]);
    expect(notRunOf(run, tallies, later, LIMITS)).toEqual([]);
    expect(notRunOf(aRun(0), { [node(1)]: { outcome: 'Repaired', at: at(3) } }, later, LIMITS)).toEqual([]);
  });

  it('that had to wait are looked at again after a cool-down, where the check was itself a second look', () => {
    const tallies = { [node(1)]: { outcome: 'Skipped', skipReason: 'Busy', waits: true, at: at(3) } as const };
    const busy = [
      observed('1', {}, { nodes: { [node(1)]: { outcome: 'Skipped', skipReason: 'Busy', endedAt: at(3) } } }),
    ];
    const second = (of: RunState) => waitingOf(of, tallies, busy, known, LIMITS)[0];
    expect(second(aCheck(0))).toMatchObject({ reason: 'Busy', notBefore: at(110) });
    expect(second(aCheck(0, { lane: 'demo/node-check' }))).toMatchObject({ notBefore: at(920) });
    expect(second(aCheck(0, { lane: 'demo/node-check', slice: { from: 0 } }))).toMatchObject({ notBefore: at(110) });
    expect(
      waitingOf(
        aCheck(0),
        { [node(1)]: { outcome: 'Skipped', waits: true, at: at(3) } },
        [observed('1', {})],
        known,
        LIMITS,
      ),
    ).toEqual([]);
  });
});

describe('how sure an observation is', () => {
  const [a, b] = nodes(2) as [string, string];
  const row = observed('1', { [a]: {} }, { open: [b], grade: 4 });

  it('is the sum over its parts', () => {
    expect(gradeOf([row, { ...row, grade: 3 }])).toBe(7);
    expect(gradeOf([])).toBe(0);
  });

  it('is known of a node once no part is open: what SSM reported counts more than what was assumed', () => {
    expect(nodeGrade([row], a)).toBe(2);
    expect(nodeGrade([row], b)).toBeUndefined();
    expect(nodeGrade([{ ...row, assumed: [a] }], a)).toBe(1);
    expect(nodeGrade([row, observed('2', {}, { healthy: [a] })], a)).toBe(4);
    expect(nodeGrade([row, observed('2', {})], a)).toBe(3);
  });

  it('of a node that is open is no more than that it still runs', () => {
    expect(readingIn(row, b)).toEqual({
      outcome: 'TimedOut',
      message: 'no answer yet: the document still runs on the node',
      endedAt: at(20),
    });
    expect(readingIn(row, node(7))).toBeUndefined();
  });
});

it('a lane that waits for a breaker names the run that opened it, or says that nobody knows', () => {
  const breaker = { openedAt: START, openUntil: at(900), openings: 1 };
  expect(holdOf({ ...breaker, runId: 'r-9' }, undefined, START)?.message).toBe(
    `the circuit breaker is open until ${at(900)}, since run r-9 failed: read that run's results`,
  );
  expect(holdOf(breaker, undefined, START)?.message).toBe(
    `the circuit breaker is open until ${at(900)}, since the stored experience with its document cannot be read`,
  );
});
