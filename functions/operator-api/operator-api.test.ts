import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunAnswer } from '../../core/api/request.ts';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { PauseRow } from '../../core/state/cluster-state.ts';
import { QueuedRun } from '../../core/state/run-state.ts';
import { accepted } from '../../test/support/answers.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { healthy, newInstance, operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { aCommand, begun, over } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { rowOf } from '../adapters/table/items.ts';
import { keys } from '../adapters/table/keys.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
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
    [
      'nothing',
      undefined,
      /field action: expected one of cancel, check, discard, pause, release, repair, replay, resume/,
    ],
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
    ['a discard of nothing', { action: 'discard', ...WHO }, /field queue: name a dead-letter queue/],
    ['a discard without a reason', { action: 'discard', queue: 'q', requestedBy: 'mei' }, /field reason/],
    [
      'a discard of another queue',
      { action: 'discard', queue: 'orders', ...WHO },
      /field queue: orders is no dead-letter queue; there are: intake-bad, signals-dead/,
    ],
    ['too large a replay', { action: 'replay', max: 501, ...WHO }, /field max/],
  ])('%s, with the field named', async (_, event, message) => {
    const w = world();
    expect((await w.refused(event)).message).toMatch(message);
    // A person's mistake is no trouble of fleetmend's.
    expect(w.recording.lines.map(({ level }) => level)).toEqual(['info']);
    expect(w.recording.counts).toEqual({ Refusals: 1 });
  });
});

describe('pause and resume', () => {
  it('are in force at once, and leave a record', async () => {
    const { ask, deps, clock } = world([], '2026-08-22T12:00:00.000Z');
    expect(await ask({ action: 'pause', ...WHO })).toEqual({
      scope: 'ALL',
      covers: 'repairs',
      state: 'paused',
      at: '2026-08-22T12:00:00.000Z',
      until: '2026-08-23T12:00:00.000Z',
      inFlight: [],
    });
    expect(await deps.results.pauseFor('demo', 'repair', clock.iso)).toMatchObject({
      scope: 'ALL',
      by: 'mei',
      reason: 'pods hang',
    });
    clock.iso = '2026-08-22T12:10:00.000Z';
    await ask({ action: 'resume', ...WHO });
    expect(await deps.results.pauseFor('demo', 'repair', clock.iso)).toBeUndefined();
    const events = (await table.items('PAUSES'))
      .filter((i) => String(i.sk).startsWith('EVENT#2026-08-22T12'))
      .map((i) => rowOf(PauseRow, i));
    expect(events.map((e) => [e.state, e.at, e.lambdaRequestId])).toEqual([
      ['paused', '2026-08-22T12:00:00.000Z', 'lambda-1'],
      ['resumed', '2026-08-22T12:10:00.000Z', 'lambda-1'],
    ]);
  });

  it('end at the given time, which is at most 30 days away', async () => {
    const { ask, refused, deps } = world([], '2026-08-22T12:00:00.000Z');
    const request = { action: 'pause', cluster: 'careful', covers: 'everything', ...WHO };
    const until = '2026-08-22T14:00:00.000Z';
    expect(await ask({ ...request, until })).toMatchObject({ covers: 'everything', until });
    expect(await deps.results.pauseFor('careful', 'check', '2026-08-22T13:59:59.000Z')).toMatchObject({ until });
    expect(await deps.results.pauseFor('careful', 'check', until)).toBeUndefined();
    for (const wrong of ['2026-08-22T12:00:00.000Z', '2026-09-22T12:00:00.000Z']) {
      expect((await refused({ ...request, until: wrong })).message).toMatch(/field until: .* within 30 days/);
    }
  });

  it('name the repairs that are under way, and the pause that stays', async () => {
    const node = newInstance();
    const { ask, deps } = world([healthy(node)]);
    const repair = { action: 'repair', cluster: 'careful', remediation: 'pause-image', instanceIds: [node], ...WHO };
    const { runId } = RunAnswer.parse(await ask(repair));
    const run = QueuedRun.parse(await deps.runs.get(runId));
    const commands = [aCommand({ key: '1', status: 'sending', instanceIds: [node] })];
    await createRunStore({ ...table, retentionDays: 365 }).save(begun(run, { commands }));
    const lane = (await deps.lanes.get('careful/pause-image')) ?? expect.fail();
    await createLaneStore(table).save({ ...lane, activeRunId: runId });
    expect(await ask({ action: 'pause', cluster: 'careful', ...WHO })).toMatchObject({
      inFlight: [{ runId, key: '1', status: 'sending', instanceIds: [node] }],
    });
    const { activeRunId, ...idle } = (await deps.lanes.get('careful/pause-image')) ?? expect.fail();
    await createLaneStore(table).save({ ...idle, left: [{ runId, until: '2099-01-01T00:00:00.000Z' }] });
    expect(await ask({ action: 'pause', ...WHO })).toMatchObject({ inFlight: [{ runId, key: '1' }] });
    expect(await ask({ action: 'resume', cluster: 'careful', ...WHO })).toMatchObject({
      state: 'resumed',
      held: expect.stringContaining('paused by mei'),
    });
    expect(await ask({ action: 'resume', ...WHO })).not.toHaveProperty('held');
  });

  it('accept only clusters of the policy', async () => {
    expect(await world().refused({ action: 'pause', cluster: 'strange', ...WHO })).toMatchObject({
      field: 'cluster',
      message: expect.stringMatching(/strange is not in the policy/),
      allowed: ['demo', 'watched', 'careful'],
    });
  });
});

describe('release', () => {
  it('of as many nodes as a request may name looks at many at once: one after the other, they take longer than Lambda allows', async () => {
    const { deps, ask } = world();
    const nodes = Array.from({ length: 1000 }, newInstance);
    let [now, most] = [0, 0];
    const release = async ({ instanceId }: { readonly instanceId: string }) => {
      most = Math.max(most, ++now);
      await setImmediate();
      now--;
      return instanceId === nodes[7] ? ('released' as const) : ('none' as const);
    };
    Object.assign(deps.requests, { release });
    expect(await ask({ action: 'release', cluster: 'demo', instanceIds: nodes, ...WHO })).toMatchObject({
      released: [nodes[7]],
      notQuarantined: nodes.filter((id) => id !== nodes[7]),
    });
    expect(most).toBe(4);
  });

  it('ends the quarantine, deletes the attempts, and is recorded in the history of the node', async () => {
    const [bad, fine] = [newInstance(), newInstance()];
    const { ask } = world();
    const results = createResultStore({ ...table, limits: testSettings().policy.limits });
    const node = { instanceId: bad, cluster: 'demo', remediation: 'pause-image' };
    const attempts = { 'r-1': { at: '2026-08-22T09:00:00.000Z', outcome: 'NotRepaired' as const } };
    await table.put({ ...keys.nodeState(bad, 'pause-image'), ...node, attempts });
    await results.quarantine({ ...node, attempts }, { runId: 'r-1', at: '2026-08-22T09:00:00.000Z' }, 'replace it');
    const request = { action: 'release', cluster: 'demo', instanceIds: [bad, fine], ...WHO };
    expect(await ask({ ...request, cluster: 'careful' })).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect(await ask(request)).toEqual({ released: [bad], notQuarantined: [fine] });
    expect(await ask(request)).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect((await results.nodeStates([bad], 'pause-image')).get(bad)).toEqual({ ...node, attempts: {} });
    const { count } = recorder();
    const answer = accepted(await report(auditQueryPorts(table, { count }), { query: 'node', instanceId: bad }));
    expect(answer.items).toMatchObject([
      { kind: 'node' },
      { kind: 'release', by: 'mei', quarantinedAt: '2026-08-22T09:00:00.000Z' },
    ]);
    const quarantined = accepted(await report(auditQueryPorts(table, { count }), { query: 'quarantine' }));
    expect(quarantined.items.map((item) => item.instanceId)).not.toContain(bad);
  });
});

describe('cancel', () => {
  const checkOf = (node: string) => ({ action: 'check', cluster: 'demo', instanceIds: [node], ...WHO });
  const repairOf = (node: string) => ({ ...checkOf(node), action: 'repair', remediation: 'pause-image' });

  it.each(['runId', 'requestId'] as const)(
    'by %s is in force for the request at once, and wakes what settles it',
    async (field) => {
      const node = newInstance();
      const { ask, deps, wakes } = world([healthy(node)]);
      for (const [request, wake] of [
        [checkOf(node), (runId: string) => ({ kind: 'run', runId })],
        [repairOf(node), () => ({ kind: 'lane', lane: 'demo/pause-image' })],
      ] as const) {
        const answer = RunAnswer.parse(await ask({ ...request, requestId: `${field}-${request.action}` }));
        const { requestId, runId } = answer;
        expect(answer.runs).toEqual([runId]);
        const before = wakes().length;
        expect(await ask({ action: 'cancel', [field]: answer[field], ...WHO })).toEqual({
          requestId,
          cancelled: true,
          runs: [{ runId, status: 'queued' }],
          waiting: 0,
          inFlight: [],
        });
        expect((await deps.requests.standing([requestId])).get(requestId)?.cancelled).toMatchObject({
          by: 'mei',
          reason: WHO.reason,
          force: false,
          lambdaRequestId: 'lambda-1',
        });
        expect(wakes().slice(before)).toEqual([wake(runId)]);
      }
      expect(await deps.requests.cancelledIn('demo/pause-image')).toContain(`${field}-repair`);
    },
  );

  it('names the commands that it came too late for, with their nodes', async () => {
    const [a, b] = [newInstance(), newInstance()];
    const { ask, deps } = world([healthy(a), healthy(b)]);
    const { runId, requestId } = RunAnswer.parse(await ask(repairOf(a)));
    const runs = createRunStore({ ...table, retentionDays: 365 });
    const run = QueuedRun.parse(await deps.runs.get(runId));
    const commands = [
      aCommand({ key: '1', status: 'sent', commandId: 'c-1', instanceIds: [a] }),
      aCommand({ key: '2', status: 'sending', instanceIds: [b] }),
      aCommand({ key: '3', status: 'closed', instanceIds: [] }),
    ];
    await runs.save(begun(run, { commands }));
    expect(await ask({ action: 'cancel', runId, force: true, ...WHO })).toMatchObject({
      requestId,
      inFlight: [
        { runId, key: '1', status: 'sent', commandId: 'c-1', instanceIds: [a] },
        { runId, key: '2', status: 'sending', instanceIds: [b] },
      ],
    });
    expect((await deps.requests.standing([requestId])).get(requestId)?.cancelled).toMatchObject({ force: true });
    const query = { query: 'request', requestId };
    const { items } = accepted(await report(auditQueryPorts(table), query));
    expect(items).toMatchObject([
      { kind: 'request', requestId, reason: WHO.reason, cancelled: { by: 'mei', force: true } },
    ]);
    // A later order without force does not take the force back.
    await ask({ action: 'cancel', runId, ...WHO });
    expect((await deps.requests.standing([requestId])).get(requestId)?.cancelled).toMatchObject({ force: true });
  });

  it('reaches rows that were handed back to the lane after the last run has ended', async () => {
    const node = newInstance();
    const { ask, deps } = world([healthy(node)]);
    const { runId, requestId } = RunAnswer.parse(await ask(repairOf(node)));
    const run = QueuedRun.parse(await deps.runs.get(runId));
    await createRunStore({ ...table, retentionDays: 365 }).save(over(run));
    const row = {
      ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId: node, reason: 'OperatorRequest', source: 'operator' },
      ...{ because: { kind: 'operator' as const }, requestIds: [requestId], signals: 0 },
      ...{ firstSeenAt: '2026-08-22T10:00:00.000Z', lastSeenAt: '2026-08-22T10:00:00.000Z' },
    };
    await deps.signals.addPending(row);
    expect(await ask({ action: 'cancel', requestId, ...WHO })).toMatchObject({ cancelled: true, waiting: 1 });
  });

  it('reports a request that is over or does not exist', async () => {
    const node = newInstance();
    const { ask, refused, deps } = world([healthy(node)]);
    const { runId, requestId } = RunAnswer.parse(await ask(checkOf(node)));
    const run = QueuedRun.parse(await deps.runs.get(runId));
    await createRunStore({ ...table, retentionDays: 365 }).save(over(run));
    expect(await ask({ action: 'cancel', runId, ...WHO })).toEqual({
      requestId,
      cancelled: false,
      runs: [{ runId, status: 'ended' }],
      waiting: 0,
      inFlight: [],
    });
    expect((await refused({ action: 'cancel', runId: 'r-none', ...WHO })).message).toMatch(
      /field runId: there is no run r-none$/,
    );
    expect((await refused({ action: 'cancel', runId, requestId, ...WHO })).message).toMatch(
      /field requestId: give requestId, or runId/,
    );
  });
});
