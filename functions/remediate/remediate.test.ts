import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logsSubscription } from '../../events/logs-subscription.ts';
import { fakeSqs } from '../../test/support/fake-sqs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { createDeadLetterReader, createDeadLetters } from '../adapters/dead-letters.ts';
import { rowOf } from '../adapters/items.ts';
import { createLaneStore } from '../adapters/lane-store.ts';
import { createReportStore } from '../adapters/report-store.ts';
import { createRequestStore } from '../adapters/request-store.ts';
import { createResultStore } from '../adapters/result-store.ts';
import { createRunStore } from '../adapters/run-store.ts';
import { createSignalStore } from '../adapters/signal-store.ts';
import { keys } from '../adapters/table-keys.ts';
import { createWakeQueue } from '../adapters/wake-queue.ts';
import type { NodeFacts } from '../core/plan.ts';
import { RunAnswer } from '../core/request.ts';
import { MailboxRow, PauseRow } from '../core/rows.ts';
import { report } from '../report/report.ts';
import type { RemediateDeps } from './ports.ts';
import { remediate } from './remediate.ts';

const LANES = 'https://sqs.example/1/lanes.fifo';
const DEAD = ['https://sqs.example/1/intake-bad', 'https://sqs.example/1/signals-dead'] as const;
const CALLER = { lambdaRequestId: 'lambda-1' };
const WHO = { requestedBy: 'mei', reason: 'pods hang' };

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

let ids = 0;
const newId = () => `id-${++ids}`;
let instances = 0;
const newInstance = () => `i-${String(++instances).padStart(17, '0')}`;
const healthy = (instanceId: string): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
});

const world = (nodes: readonly NodeFacts[] = [], at = '2026-08-22T10:00:00.000Z') => {
  const sqs = fakeSqs();
  const recording = recorder();
  const clock = { iso: at };
  const settings = testSettings();
  const { limits } = settings.policy;
  const facts = new Map(nodes.map((node) => [node.instanceId, node]));
  const deps: RemediateDeps = {
    fleet: {
      describe: async (_, wanted) => new Map([...facts].filter(([id]) => wanted.includes(id))),
      list: async () => [...facts.keys()],
    },
    runs: createRunStore({ ...table, retentionDays: 365 }),
    lanes: createLaneStore(table),
    results: createResultStore({ ...table, limits }),
    requests: createRequestStore({ ...table, retentionDays: 365 }),
    signals: createSignalStore({ ...table, newId }),
    wakes: createWakeQueue({ client: sqs.client, queueUrl: LANES, newId, wait: async () => {} }),
    letters: createDeadLetterReader({ client: sqs.client }),
    deadLetterQueueUrls: DEAD,
    settings,
    log: recording.log,
    count: recording.count,
    now: () => new Date(clock.iso),
    newId,
  };
  const ask = (event: unknown) => remediate(deps, CALLER, event);
  const wakes = () => sqs.messages(LANES).map((m) => JSON.parse(m.body));
  return { deps, sqs, clock, ask, wakes };
};
const queued = async (lane: string) =>
  (await table.items(`LANE#${lane}`)).filter((i) => String(i.sk).startsWith('QUEUED#'));

describe('a repair request', () => {
  it('is stored as a queued run, stands in its line, is due, wakes its lane, and is answered at once', async () => {
    const [good, gone, off] = [newInstance(), newInstance(), newInstance()];
    const { ask, deps, wakes } = world([healthy(good), { ...healthy(off), modeTag: 'off' }]);
    const answer = RunAnswer.parse(
      await ask({
        action: 'repair',
        cluster: 'demo',
        remediation: 'pause-image',
        instanceIds: [good, gone, off],
        ...WHO,
      }),
    );
    expect(answer).toMatchObject({
      planned: 1,
      skipped: [
        { instanceId: gone, why: 'Gone', message: expect.stringContaining('EC2 knows no such instance') },
        { instanceId: off, why: 'OptedOut' },
      ],
    });
    expect(await deps.runs.get(answer.runId)).toMatchObject({
      status: 'queued',
      action: 'repair',
      group: 'demo/pause-image',
      documentKey: 'pause-image-repair',
      documentName: 'fleetmend-pause-image-repair-aaaaaaaaaaaa',
      asked: [good, gone, off],
      canaries: 3,
      origin: { source: 'operator', ...WHO, lambdaRequestId: 'lambda-1' },
    });
    expect(await createLaneStore(table).queuedRuns('demo/pause-image')).toMatchObject([{ runId: answer.runId }]);
    expect(await deps.lanes.get('demo/pause-image')).toMatchObject({ dueAt: '2026-08-22T10:00:00.000Z' });
    expect(wakes()).toEqual([{ kind: 'lane', lane: 'demo/pause-image' }]);
  });

  it('takes the whole cluster where no instance is named', async () => {
    const nodes = [newInstance(), newInstance()];
    const { ask, deps } = world(nodes.map(healthy));
    const answer = RunAnswer.parse(
      await ask({ action: 'repair', cluster: 'careful', remediation: 'pause-image', ...WHO }),
    );
    expect(answer).toMatchObject({ planned: 2, skipped: [] });
    expect((await deps.runs.get(answer.runId))?.asked).toBeUndefined();
  });

  it('says that it is held by a pause, and still stands in the line', async () => {
    const node = newInstance();
    const { ask } = world([healthy(node)]);
    await ask({ action: 'pause', cluster: 'careful', ...WHO });
    const answer = await ask({
      action: 'repair',
      cluster: 'careful',
      remediation: 'pause-image',
      instanceIds: [node],
      ...WHO,
    });
    expect(answer).toMatchObject({ planned: 1, held: expect.stringContaining('paused by mei') });
    await ask({ action: 'resume', cluster: 'careful', ...WHO });
    expect(
      await ask({ action: 'repair', cluster: 'careful', remediation: 'pause-image', instanceIds: [node], ...WHO }),
    ).not.toHaveProperty('held');
  });

  it('gives the same requestId the same answer and one run, also after its nodes have changed', async () => {
    const node = newInstance();
    const first = world([healthy(node)]);
    const request = {
      action: 'repair',
      cluster: 'demo',
      remediation: 'cri-dockerd',
      instanceIds: [node],
      requestId: 'ticket-1',
      ...WHO,
    };
    const answer = await first.ask(request);
    const second = world([], '2026-08-22T10:05:00.000Z');
    expect(await second.ask({ ...request })).toEqual(answer);
    expect(await queued('demo/cri-dockerd')).toHaveLength(1);
    // The run still waits: a call that died before its wake is made good.
    expect(second.wakes()).toEqual([{ kind: 'lane', lane: 'demo/cri-dockerd' }]);
  });

  it('refuses another request under a used requestId', async () => {
    const [a, b] = [newInstance(), newInstance()];
    const { ask } = world([healthy(a), healthy(b)]);
    const request = { action: 'check', cluster: 'demo', instanceIds: [a], requestId: 'ticket-2', ...WHO };
    await ask(request);
    await expect(ask({ ...request, instanceIds: [b] })).rejects.toThrow(
      /requestId: ticket-2 was used at .* for another request/,
    );
    await expect(ask({ ...request, action: 'repair', remediation: 'pause-image' })).rejects.toThrow(/another request/);
  });

  it('does not put a run back into the line once it has begun', async () => {
    const node = newInstance();
    const { ask, deps, wakes } = world([healthy(node)]);
    const request = {
      action: 'repair',
      cluster: 'demo',
      remediation: 'pause-image',
      instanceIds: [node],
      requestId: 'ticket-3',
      ...WHO,
    };
    const { runId } = RunAnswer.parse(await ask(request));
    const runs = createRunStore({ ...table, retentionDays: 365 });
    const run = await runs.get(runId);
    if (run === undefined) throw new Error('the run is missing');
    await runs.save({ ...run, status: 'active' });
    const lanes = createLaneStore(table);
    for (const { sortKey } of await lanes.queuedRuns('demo/pause-image'))
      await lanes.removeQueuedRun('demo/pause-image', sortKey);
    await ask(request);
    expect(await lanes.queuedRuns('demo/pause-image')).toEqual([]);
    expect(wakes()).toHaveLength(1);
    expect((await deps.runs.get(runId))?.status).toBe('active');
  });

  it.each([
    [
      'an observed cluster',
      { cluster: 'watched', remediation: 'pause-image' },
      /clusters\[name=watched\]\.mode is observe/,
    ],
    [
      'a disruptive repair that is not allowed',
      { cluster: 'careful', remediation: 'cri-dockerd' },
      /remediations\.cri-dockerd\.allowDisruptive is false/,
    ],
    [
      'a cluster that is not managed',
      { cluster: 'strange', remediation: 'pause-image' },
      /strange is not in the policy; it lists: demo, watched, careful/,
    ],
    [
      'an unknown remediation',
      { cluster: 'demo', remediation: 'reboot' },
      /there is no reboot; there are: cri-dockerd, pause-image/,
    ],
    ['a repair of everything', { cluster: 'demo', remediation: 'node-check' }, /there is no node-check/],
  ])('is refused for %s, and leaves nothing behind', async (_, over, message) => {
    const { ask, wakes } = world();
    await expect(ask({ action: 'repair', instanceIds: [newInstance()], ...WHO, ...over })).rejects.toThrow(message);
    expect(wakes()).toEqual([]);
  });
});

describe('a check request', () => {
  it.each([
    [undefined, 'node-check', 'node-check'],
    ['pause-image', 'pause-image', 'pause-image-check'],
  ])('of %s is a run of its own group, also where policy observes', async (asked, remediation, documentKey) => {
    const node = newInstance();
    const { ask, deps, wakes } = world([healthy(node)]);
    const { runId } = RunAnswer.parse(
      await ask({
        action: 'check',
        cluster: 'watched',
        ...(asked === undefined ? {} : { remediation: asked }),
        instanceIds: [node],
        requestedBy: 'mei',
      }),
    );
    expect(await deps.runs.get(runId)).toMatchObject({
      action: 'check',
      group: runId,
      remediation,
      documentKey,
      canaries: 0,
    });
    expect(wakes()).toEqual([{ kind: 'run', runId }]);
  });
});

describe('a request is refused for', () => {
  const repair = { action: 'repair', cluster: 'demo', remediation: 'pause-image', ...WHO };
  it.each([
    ['nothing', undefined, /field action: expected one of check, repair, pause, resume, release, cancel, replay/],
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

  it('take only clusters of the policy', async () => {
    await expect(world().ask({ action: 'pause', cluster: 'strange', ...WHO })).rejects.toThrow(
      /strange is not in the policy/,
    );
  });
});

describe('release', () => {
  it('ends the quarantine, forgets the attempts, and is told in the history of the node', async () => {
    const [bad, fine] = [newInstance(), newInstance()];
    const { ask } = world();
    const results = createResultStore({ ...table, limits: testSettings().policy.limits });
    const node = { instanceId: bad, cluster: 'demo', remediation: 'pause-image' };
    const attempts = { 'r-1': { at: '2026-08-22T09:00:00.000Z', outcome: 'NotRepaired' as const } };
    await table.client.send(
      new PutCommand({
        TableName: table.tableName,
        Item: { ...keys.nodeState(bad, 'pause-image'), ...node, attempts },
      }),
    );
    await results.quarantine({ ...node, attempts }, '2026-08-22T09:00:00.000Z', 'replace it');
    const request = { action: 'release', cluster: 'demo', instanceIds: [bad, fine], ...WHO };
    expect(await ask({ ...request, cluster: 'careful' })).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect(await ask(request)).toEqual({ released: [bad], notQuarantined: [fine] });
    expect(await ask(request)).toEqual({ released: [], notQuarantined: [bad, fine] });
    expect((await results.nodeStates([bad], 'pause-image')).get(bad)).toEqual({ ...node, attempts: {} });
    const { count } = recorder();
    const answer = await report({ store: createReportStore(table), count }, { query: 'node', instanceId: bad });
    expect(answer.items).toMatchObject([
      { kind: 'node' },
      { kind: 'release', by: 'mei', quarantinedAt: '2026-08-22T09:00:00.000Z' },
    ]);
  });
});

describe('cancel', () => {
  it('stores the wish and wakes who advances the run', async () => {
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

  it('says so where the run is over or was never there', async () => {
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

describe('replay', () => {
  const letter = async (sqs: ReturnType<typeof fakeSqs>, queueUrl: string, body: unknown) => {
    const letters = createDeadLetters({ client: sqs.client, queueUrl, functionName: 'f', now: () => new Date(0) });
    await letters.put({ body: typeof body === 'string' ? body : JSON.stringify(body), reason: 'r' });
  };
  const checks = async (cluster: string) =>
    (await table.items(`LANE#${cluster}/node-check`))
      .filter((i) => String(i.sk).startsWith('NODE#'))
      .map((i) => rowOf(MailboxRow, i));

  it('brings signals, log payloads, SSM events and wakes back as checks, and only then deletes them', async () => {
    const [a, b, c, d] = [newInstance(), newInstance(), newInstance(), newInstance()];
    const { ask, sqs, deps, wakes } = world();
    await letter(sqs, DEAD[0], {
      source: 'acme',
      detail: { cluster: 'watched', instanceId: a, reason: 'Gremlins', extra: 1 },
    });
    const logs = logsSubscription({
      owner: '1',
      logGroup: '/aws/containerinsights/watched/dataplane',
      logStream: 's',
      subscriptionFilters: [],
      logEvents: [
        {
          id: '1',
          timestamp: Date.parse('2026-08-22T09:00:00Z'),
          message: JSON.stringify({
            ec2_instance_id: b,
            message: 'failed to get sandbox image "x.example/eks/pause:3.5": 401 Unauthorized',
          }),
        },
      ],
    });
    await letter(sqs, DEAD[1], { version: '1.0', requestPayload: logs });
    const commandId = '11111111-2222-4333-8444-555555555555';
    await createResultStore({ ...table, limits: testSettings().policy.limits }).putCommand({
      commandId,
      runId: 'r-1',
      key: 'k',
      group: 'g',
      cluster: 'watched',
      remediation: 'pause-image',
      action: 'repair',
      instanceIds: [c, d],
      sparse: false,
      sentAt: '2026-08-22T09:00:00Z',
      softDeadlineAt: '2026-08-22T09:00:00Z',
      hardDeadlineAt: '2026-08-22T09:00:00Z',
    });
    await letter(sqs, DEAD[1], {
      source: 'aws.ssm',
      'detail-type': 'EC2 Command Status-change Notification',
      detail: { 'command-id': commandId, 'document-name': 'fleetmend-x', status: 'Success' },
    });
    await letter(sqs, DEAD[1], { kind: 'run', runId: 'r-1' });
    const answer = await ask({ action: 'replay', ...WHO });
    expect(answer).toEqual({ replayed: 4, left: [] });
    const rows = await checks('watched');
    expect(rows.find((r) => r.instanceId === a)).toMatchObject({ reason: 'Gremlins', source: 'fleetmend.replay' });
    expect(rows.filter((r) => r.instanceId === c || r.instanceId === d)).toHaveLength(2);
    expect(rows.find((r) => r.instanceId === b)).toMatchObject({
      reason: 'SandboxImageMissing',
      lastSeenAt: '2026-08-22T09:00:00.000Z',
    });
    expect(wakes()).toContainEqual({ kind: 'run', runId: 'r-1' });
    expect(wakes()).toContainEqual({ kind: 'lane', lane: 'watched/node-check' });
    expect(DEAD.flatMap((url) => sqs.messages(url))).toEqual([]);
  });

  it('leaves what it can not place, and says why', async () => {
    const { ask, sqs } = world();
    await letter(sqs, DEAD[0], '{');
    await letter(sqs, DEAD[0], { detail: { cluster: 'strange', instanceId: newInstance() } });
    await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: '$(reboot)' } });
    await letter(sqs, DEAD[1], { awslogs: { data: 'x' } });
    const answer = await ask({ action: 'replay', ...WHO });
    expect(answer).toMatchObject({
      replayed: 0,
      left: [
        { why: 'its body is not JSON', queueUrl: DEAD[0] },
        { why: 'the policy does not list cluster strange' },
        { why: 'it names no cluster and instance' },
        { why: expect.stringMatching(/not gzip/), queueUrl: DEAD[1] },
      ],
    });
    expect(DEAD.flatMap((url) => sqs.messages(url))).toHaveLength(4);
  });

  it('takes no more than it was asked to', async () => {
    const { ask, sqs } = world();
    for (let i = 0; i < 15; i++) await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: newInstance() } });
    expect(await ask({ action: 'replay', max: 12, ...WHO })).toEqual({ replayed: 12, left: [] });
    expect(sqs.messages(DEAD[0])).toHaveLength(3);
  });

  it('deletes nothing that it could not bring back', async () => {
    const { sqs, deps } = world();
    await letter(sqs, DEAD[0], { detail: { cluster: 'demo', instanceId: newInstance() } });
    const wakes = { wake: () => Promise.reject(new Error('no queue')) };
    await expect(remediate({ ...deps, wakes }, CALLER, { action: 'replay', ...WHO })).rejects.toThrow('no queue');
    expect(sqs.messages(DEAD[0])).toHaveLength(1);
  });
});
