import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunAnswer } from '../../core/api/request.ts';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { PauseRow } from '../../core/state/cluster-state.ts';
import { healthy, newInstance, operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { createAuditStore } from '../adapters/table/audit-store.ts';
import { rowOf } from '../adapters/table/items.ts';
import { keys } from '../adapters/table/keys.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { report } from '../audit-query/query.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = (nodes: readonly NodeFacts[] = [], at?: string) => operatorApiWorld(table, nodes, at);

describe('a request is refused for', () => {
  const repair = { action: 'repair', cluster: 'demo', remediation: 'pause-image', ...WHO };
  it.each([
    ['nothing', undefined, /field action: expected one of cancel, check, pause, release, repair, replay, resume/],
    ['an unknown action', { action: 'reboot' }, /field action: expected one of/],
    ['an array', [], /field action/],
    ['a missing author', { ...repair, requestedBy: undefined }, /field requestedBy/],
    ['a missing reason', { ...repair, reason: '' }, /field reason: say why/],
    ['an unknown field', { ...repair, force: true }, /force/],
    [
      'a hostile id',
      { ...repair, instanceIds: ['i-0123456789abcdef0', '$(reboot)'] },
      /field instanceIds\.1: not an EC2 instance id/,
    ],
    ['a hybrid node', { ...repair, instanceIds: ['mi-0123456789abcdef0'] }, /not an EC2 instance id/],
    ['no instances', { ...repair, instanceIds: [] }, /field instanceIds: name at least one/],
    [
      'an instance twice',
      { ...repair, instanceIds: ['i-0123456789abcdef0', 'i-0123456789abcdef0'] },
      /names an instance twice/,
    ],
    ['1001 instances', { ...repair, instanceIds: Array.from({ length: 1001 }, newInstance) }, /at most 1000 instances/],
    ['a hostile cluster', { ...repair, cluster: 'demo/x' }, /field cluster: not an EKS cluster name/],
    ['a hostile requestId', { ...repair, requestId: 'a b' }, /field requestId/],
    ['a hostile run', { action: 'cancel', runId: 'r 1', ...WHO }, /field runId/],
    ['too large a replay', { action: 'replay', max: 501, ...WHO }, /field max/],
  ])('%s, with the field named', async (_, event, message) => {
    await expect(world().ask(event)).rejects.toMatchObject({
      name: 'PermanentError',
      message: expect.stringMatching(message),
    });
  });
});

describe('pause and resume', () => {
  it('are in force at once, and leave a record', async () => {
    const { ask, deps, clock } = world([], '2026-08-22T12:00:00.000Z');
    expect(await ask({ action: 'pause', ...WHO })).toEqual({
      scope: 'ALL',
      state: 'paused',
      at: '2026-08-22T12:00:00.000Z',
    });
    expect(await deps.results.pauseFor('demo')).toMatchObject({ scope: 'ALL', by: 'mei', reason: 'pods hang' });
    clock.iso = '2026-08-22T12:10:00.000Z';
    await ask({ action: 'resume', ...WHO });
    expect(await deps.results.pauseFor('demo')).toBeUndefined();
    const events = (await table.items('PAUSES'))
      .filter((i) => String(i.sk).startsWith('EVENT#2026-08-22T12'))
      .map((i) => rowOf(PauseRow, i));
    expect(events.map((e) => [e.state, e.at, e.lambdaRequestId])).toEqual([
      ['paused', '2026-08-22T12:00:00.000Z', 'lambda-1'],
      ['resumed', '2026-08-22T12:10:00.000Z', 'lambda-1'],
    ]);
  });

  it('accept only clusters of the policy', async () => {
    await expect(world().ask({ action: 'pause', cluster: 'strange', ...WHO })).rejects.toThrow(
      /strange is not in the policy/,
    );
  });
});

describe('release', () => {
  it('ends the quarantine, deletes the attempts, and is recorded in the history of the node', async () => {
    const [bad, fine] = [newInstance(), newInstance()];
    const { ask } = world();
    const results = createResultStore({ ...table, limits: testSettings().policy.limits });
    const node = { instanceId: bad, cluster: 'demo', remediation: 'pause-image' };
    const attempts = { 'r-1': { at: '2026-08-22T09:00:00.000Z', outcome: 'NotRepaired' as const } };
    await table.put({ ...keys.nodeState(bad, 'pause-image'), ...node, attempts });
    await results.quarantine({ ...node, attempts }, '2026-08-22T09:00:00.000Z', 'replace it');
    const request = { action: 'release', cluster: 'demo', instanceIds: [bad, fine], ...WHO };
    expect(await ask({ ...request, cluster: 'careful' })).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect(await ask(request)).toEqual({ released: [bad], notQuarantined: [fine] });
    expect(await ask(request)).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect((await results.nodeStates([bad], 'pause-image')).get(bad)).toEqual({ ...node, attempts: {} });
    const { count } = recorder();
    const answer = await report({ store: createAuditStore(table), count }, { query: 'node', instanceId: bad });
    expect(answer.items).toMatchObject([
      { kind: 'node' },
      { kind: 'release', by: 'mei', quarantinedAt: '2026-08-22T09:00:00.000Z' },
    ]);
    const quarantined = await report({ store: createAuditStore(table), count }, { query: 'quarantine' });
    expect(quarantined.items.map((item) => item.instanceId)).not.toContain(bad);
  });
});

describe('cancel', () => {
  it('stores the request and wakes the group that advances the run', async () => {
    const node = newInstance();
    const { ask, deps, wakes } = world([healthy(node)]);
    const check = RunAnswer.parse(await ask({ action: 'check', cluster: 'demo', instanceIds: [node], ...WHO }));
    const repair = RunAnswer.parse(
      await ask({ action: 'repair', cluster: 'demo', remediation: 'pause-image', instanceIds: [node], ...WHO }),
    );
    const before = wakes().length;
    for (const { runId } of [check, repair]) {
      expect(await ask({ action: 'cancel', runId, ...WHO })).toEqual({ runId, status: 'queued', cancelled: true });
      expect(await createRunStore({ ...table, retentionDays: 1 }).isCancelled(runId)).toBe(true);
    }
    expect(wakes().slice(before)).toEqual([
      { kind: 'run', runId: check.runId },
      { kind: 'lane', lane: 'demo/pause-image' },
    ]);
    expect(await deps.runs.get(check.runId)).toBeDefined();
  });

  it('reports a run that has ended or does not exist', async () => {
    const node = newInstance();
    const { ask } = world([healthy(node)]);
    const { runId } = RunAnswer.parse(await ask({ action: 'check', cluster: 'demo', instanceIds: [node], ...WHO }));
    const runs = createRunStore({ ...table, retentionDays: 365 });
    const run = await runs.get(runId);
    if (run !== undefined) await runs.save({ ...run, status: 'ended' });
    expect(await ask({ action: 'cancel', runId, ...WHO })).toEqual({ runId, status: 'ended', cancelled: false });
    await expect(ask({ action: 'cancel', runId: 'r-none', ...WHO })).rejects.toThrow(/there is no run r-none/);
  });
});
