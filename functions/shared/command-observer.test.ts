import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coolDownEnd } from '../../core/guards/attempts.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import { invocation, line, observerWorld } from '../../test/support/observer-world.ts';
import { at, LIMITS, node, nodes, START } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());
const world = (over: Partial<CommandRow> = {}) => observerWorld(table, over);

describe('a command that runs', () => {
  it('is not observed before its soft deadline while no node has ended', async () => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'InProgress'), invocation(1, 'InProgress')];
    expect(await w.observe()).toBe('running');
    expect(await w.written()).toEqual([]);
    expect(await w.runs.observations('r-1')).toEqual([]);
  });

  it('has the results of the nodes that have ended, and stays due at its soft deadline', async () => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success'), invocation(1, 'InProgress')];
    expect(await w.observe()).toBe('open');
    expect((await w.written()).map((r) => [r.instanceId, r.outcome])).toEqual([[node(0), 'Repaired']]);
    expect(await w.runs.observations('r-1')).toMatchObject([{ final: false, closedBy: 'look', open: [node(1)] }]);
    expect(await w.due()).toBe(at(90));
  });

  it('is observed at the soft deadline, and again at the hard one', async () => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success'), invocation(1, 'InProgress')];
    w.shown.now = at(90);
    expect(await w.observe()).toBe('open');
    expect((await w.written()).map((r) => r.outcome)).toEqual(['Repaired']);
    expect(await w.runs.observations('r-1')).toMatchObject([{ final: false, closedBy: 'soft-deadline' }]);
    expect(Object.keys((await w.results.nodeStates([node(1)], 'pause-image')).get(node(1))?.attempts ?? {})).toEqual(
      [],
    );
    expect(await w.due()).toBe(at(390));
    w.shown.now = at(390);
    expect(await w.observe()).toBe('complete');
    expect((await w.written()).map((r) => r.outcome)).toEqual(['Repaired', 'TimedOut']);
  });

  it.each<[string, Error]>([
    ['has forgotten it', Object.assign(new Error('InvalidCommandId'), { name: 'InvalidCommandId' })],
    ['does not answer', new Error('the service is away')],
  ])('is closed at the hard deadline if SSM %s, and stays due before', async (_, failure) => {
    const w = await world();
    w.shown.failure = failure;
    w.shown.now = at(389);
    await expect(w.observe()).rejects.toThrow(failure);
    expect([await w.written(), await w.due()]).toEqual([[], at(90)]);
    w.shown.now = at(390);
    expect(await w.observe()).toBe('complete');
    expect((await w.written()).map((r) => [r.instanceId, r.outcome])).toEqual(nodes(2).map((id) => [id, 'TimedOut']));
    expect(await w.runs.observations('r-1')).toMatchObject([{ final: true, closedBy: 'hard-deadline' }]);
    expect(await w.due()).toBeUndefined();
  });

  it('is closed at the hard deadline, and not observed again', async () => {
    const w = await world();
    w.shown.now = at(390);
    expect(await w.observe()).toBe('complete');
    expect((await w.written()).map((r) => [r.outcome, r.message])).toEqual(
      Array(2).fill(['TimedOut', 'SSM never ended the invocation']),
    );
    expect(await w.runs.observations('r-1')).toMatchObject([{ final: true, closedBy: 'hard-deadline' }]);
    expect(await w.due()).toBeUndefined();
  });
});

describe('a command that has ended', () => {
  it.each(['RateExceeded', 'Rate Exceeded', 'NoInstancesInTag', 'AccessDenied'])(
    'without a row, as %s, ran nowhere',
    async (statusDetails) => {
      const w = await world();
      w.shown.listed = { commandId: 'c-1', comment: 'fm r-1 1', statusDetails, requestedAt: START };
      expect(await w.observe()).toBe('complete');
      expect((await w.written()).map((r) => [r.outcome, r.reason])).toEqual(
        Array(2).fill(['Skipped', 'CommandNotDelivered']),
      );
      expect((await w.results.nodeStates(nodes(2), 'pause-image')).size).toBe(0);
    },
  );

  it('is read again if its invocations are not listed yet', async () => {
    const w = await world();
    w.shown.listed = { commandId: 'c-1', comment: 'fm r-1 1', statusDetails: 'Success', requestedAt: START };
    expect(await w.observe()).toBe('running');
    w.shown.invocations = [invocation(0, 'Success')];
    expect(await w.observe()).toBe('open');
  });

  it('gives each result the advice of its reason', async () => {
    const w = await world();
    const output = line({ outcome: 'NotRepaired', reason: 'DiskFull' });
    w.shown.invocations = [invocation(0, 'Failed', output), invocation(1, 'Success')];
    await w.observe();
    expect((await w.written()).map((r) => r.advice)).toEqual(['grow the disk', undefined]);
  });

  it('gives a repaired node the advice of the cause, which it still has', async () => {
    const w = await world();
    const repaired = { outcome: 'Repaired', reason: 'SandboxImageMissing', willRecur: true };
    w.shown.invocations = [
      invocation(0, 'Success', line({ ...repaired, cause: 'DiskFull' })),
      invocation(1, 'Success', line({ ...repaired, reason: 'DiskFull' })),
    ];
    await w.observe();
    expect((await w.written()).map((r) => [r.willRecur, r.advice])).toEqual([
      [true, 'grow the disk'],
      [true, undefined],
    ]);
  });

  it('writes no row for a node that a check finds healthy, and keeps its id', async () => {
    const w = await world({ action: 'check', remediation: 'node-check' });
    const of = (outcome: string) => line({ remediation: 'node-check', action: 'check', outcome });
    w.shown.invocations = [invocation(0, 'Success', of('Healthy')), invocation(1, 'Failed', of('Broken'))];
    await w.observe();
    expect((await w.written()).map((r) => r.instanceId)).toEqual([node(1)]);
    expect(await w.runs.observations('r-1')).toMatchObject([{ healthy: [node(0)], nodes: { [node(1)]: {} } }]);
  });

  it('replaces the TimedOut row of a node that is healthy after the hard deadline', async () => {
    const w = await world({ action: 'check', remediation: 'node-check' });
    const healthy = line({ remediation: 'node-check', action: 'check', outcome: 'Healthy' });
    w.shown.invocations = [invocation(0, 'Success', healthy), invocation(1, 'InProgress')];
    w.shown.now = at(390);
    await w.observe();
    expect((await w.written()).map((r) => [r.instanceId, r.outcome])).toEqual([[node(1), 'TimedOut']]);
    w.shown.invocations = [invocation(0, 'Success', healthy), invocation(1, 'Success', healthy)];
    w.shown.now = at(395);
    await w.observe();
    expect((await w.written()).map((r) => [r.instanceId, r.outcome])).toEqual([[node(1), 'Healthy']]);
  });

  it('is written once, even if it is read twice', async () => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success'), invocation(1, 'Success')];
    await w.observe();
    const before = [await w.written(), await w.runs.observations('r-1')];
    w.shown.now = at(60);
    await w.observe();
    expect([await w.written(), await w.runs.observations('r-1')]).toEqual(before);
  });
});

describe('the output of a node', () => {
  it.each([
    ['in the past', '1999-12-31T23:59:59Z', START],
    ['in the future', '2999-12-31T23:59:59Z', at(20)],
    ['within the command', at(7), at(7)],
  ])('with a clock %s counts within the time of its command', async (_, endedAt, expected) => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success', line({ startedAt: endedAt, endedAt })), invocation(1, 'Success')];
    await w.observe();
    expect((await w.written())[0]?.endedAt).toBe(expected);
    expect((await w.results.nodeStates([node(0)], 'pause-image')).get(node(0))?.attempts['r-1']?.at).toBe(expected);
    expect((await w.runs.observations('r-1'))[0]?.nodes[node(0)]?.endedAt).toBe(expected);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['garbage', '\u0000\u0001{{{{'],
    ['a number beyond all tables', line({ evidence: { n: 1e300 } })],
    ['half a character', line().replace('"m"', '"\\ud800"')],
    ['a shell', line({ detail: '$(reboot); `id` {{ssm:x}}' })],
    ['a name of a prototype', line().replace('"v":2', '"v":2,"evidence":{"__proto__":1,"constructor":"x"}')],
  ])('that is %s keeps no other result from being written', async (_, output) => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success', output), invocation(1, 'Success')];
    expect(await w.observe()).toBe('complete');
    expect((await w.written()).map((r) => r.instanceId)).toEqual(nodes(2));
  });

  it('from instances that the command does not name is ignored', async () => {
    const w = await world();
    w.shown.invocations = [invocation(0, 'Success'), invocation(1, 'Success'), invocation(9, 'Success')];
    await w.observe();
    expect((await w.written()).map((r) => r.instanceId)).toEqual(nodes(2));
  });
});

describe('attempts', () => {
  const failed = async (w: Awaited<ReturnType<typeof world>>, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await w.results.recordAttempt(
        { instanceId: node(0), cluster: 'demo', remediation: 'pause-image' },
        `r-old-${i}`,
        {
          at: at(-3600 - i),
          outcome: 'NotRepaired',
        },
      );
    }
  };
  const quarantinedAt = async (w: Awaited<ReturnType<typeof world>>) =>
    (await w.results.nodeStates([node(0)], 'pause-image')).get(node(0))?.quarantinedAt;

  it('quarantine the node at the third failure, but not while the node is slow', async () => {
    const w = await world();
    await failed(w, 2);
    w.shown.invocations = [invocation(0, 'InProgress'), invocation(1, 'Success')];
    w.shown.now = at(90);
    await w.observe();
    expect(await quarantinedAt(w)).toBeUndefined();
    w.shown.invocations = [invocation(0, 'ExecutionTimedOut', ''), invocation(1, 'Success')];
    w.shown.now = at(330);
    await w.observe();
    expect(await quarantinedAt(w)).toBe(at(330));
  });

  it.each(['Undeliverable', 'DeliveryTimedOut', 'Cancelled'])(
    'that did not reach the node start the cool-down, and never quarantine it: %s',
    async (status) => {
      const w = await world();
      await failed(w, 2);
      w.shown.invocations = [invocation(0, status, ''), invocation(1, 'Success')];
      await w.observe();
      const state = (await w.results.nodeStates([node(0)], 'pause-image')).get(node(0));
      expect(Object.keys(state?.attempts ?? {})).toContain('r-1');
      expect(coolDownEnd(state, LIMITS)).toBe(at(20 + LIMITS.coolDownSeconds));
      expect(state?.quarantinedAt).toBeUndefined();
    },
  );

  it('are taken back where the document reports that it tried nothing', async () => {
    const w = await world();
    const about = { instanceId: node(0), cluster: 'demo', remediation: 'pause-image' };
    await w.results.recordAttempt(about, 'r-1', { at: at(0) });
    w.shown.invocations = [invocation(0, 'InvalidPlatform', ''), invocation(1, 'Success')];
    await w.observe();
    expect((await w.results.nodeStates([node(0)], 'pause-image')).get(node(0))?.attempts).toEqual({});
  });

  it.each([
    [-3600, 'Relapsed'],
    [-90_000, 'Repaired'],
    [6, 'Repaired'],
  ] as const)('a repair %i s after the start of this one makes it %s', async (seconds, outcome) => {
    const w = await world();
    await w.results.recordAttempt({ instanceId: node(0), cluster: 'demo', remediation: 'pause-image' }, 'r-0', {
      at: at(seconds),
      outcome: 'Repaired',
    });
    w.shown.invocations = [invocation(0, 'Success'), invocation(1, 'Success')];
    await w.observe();
    expect((await w.written())[0]?.outcome).toBe(outcome);
  });

  it('that relapse repeatedly quarantine the node, with the advice about the cause', async () => {
    const w = await world();
    for (const [i, outcome] of (['Repaired', 'Relapsed', 'Relapsed'] as const).entries()) {
      await w.results.recordAttempt(
        { instanceId: node(0), cluster: 'demo', remediation: 'pause-image' },
        `r-old-${i}`,
        {
          at: at(-3600 + i),
          outcome,
        },
      );
    }
    const repaired = line({ outcome: 'Repaired', reason: 'SandboxImageMissing', cause: 'DiskFull' });
    w.shown.invocations = [invocation(0, 'Success', repaired), invocation(1, 'Success')];
    await w.observe();
    expect((await w.written())[0]).toMatchObject({ outcome: 'Relapsed', cause: 'DiskFull', advice: 'grow the disk' });
    expect((await w.results.nodeStates([node(0)], 'pause-image')).get(node(0))).toMatchObject({
      quarantinedAt: at(20),
      quarantineAdvice: 'grow the disk',
    });
  });
});
