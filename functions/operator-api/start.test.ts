import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunAnswer } from '../../core/api/request.ts';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { QueuedRun } from '../../core/state/run-state.ts';
import { CALLER, healthy, newInstance, operatorApiWorld, WHO } from '../../test/support/operator-api-world.ts';
import { begun } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { createLaneStore } from '../adapters/table/lane-store.ts';
import { createRunStore } from '../adapters/table/run-store.ts';
import { remediate } from './act.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const world = (nodes: readonly NodeFacts[] = [], at?: string) => operatorApiWorld(table, nodes, at);
const queued = async (lane: string) =>
  (await table.items(`LANE#${lane}`)).filter((i) => String(i.sk).startsWith('QUEUED#'));

describe('a repair request', () => {
  it('is stored as a queued run, is due, wakes its lane, and is answered at once', async () => {
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
        { instanceId: gone, skipReason: 'Gone', message: expect.stringContaining('EC2 has no such instance') },
        { instanceId: off, skipReason: 'OptedOut' },
      ],
    });
    expect(await deps.runs.get(answer.runId)).toMatchObject({
      status: 'queued',
      action: 'repair',
      group: 'demo/pause-image',
      documentKey: 'pause-image-repair',
      slice: { from: 0 },
      because: { kind: 'operator', by: WHO.requestedBy, sample: WHO.reason },
    });
    expect(await createLaneStore(table).queuedRuns('demo/pause-image')).toMatchObject([{ runId: answer.runId }]);
    expect(await createLaneStore(table).get('demo/pause-image')).toMatchObject({ dueAt: '2026-08-22T10:00:00.000Z' });
    expect(wakes()).toEqual([{ kind: 'lane', lane: 'demo/pause-image' }]);
  });

  it('of a cluster without repairable nodes names its nodes, and plans nothing', async () => {
    const [auto, bottlerocket] = [newInstance(), newInstance()];
    const platform = { pingStatus: 'Online', platformType: 'Linux', platformName: 'Bottlerocket' };
    const nodes = [
      { ...healthy(auto), autoMode: true },
      { ...healthy(bottlerocket), ssm: platform },
    ];
    const { ask } = operatorApiWorld(table, nodes, undefined, ['fargate-profile/default', 'mi-0123456789abcdef0']);
    const answer = RunAnswer.parse(await ask({ action: 'check', cluster: 'demo', ...WHO }));
    expect(answer.planned).toBe(0);
    expect(answer.skipped.map((s) => [s.instanceId, s.skipReason, s.message.split(':')[0]])).toEqual([
      [auto, 'Unsupported', 'AutoModeNode'],
      [bottlerocket, 'Unsupported', 'BottlerocketNode'],
      ['fargate-profile/default', 'Unsupported', 'FargateNode'],
      ['mi-0123456789abcdef0', 'Unsupported', 'HybridNode'],
    ]);
  });

  it('of a cluster of many nodes identifies Auto Mode nodes from the list alone', async () => {
    const nodes = Array.from({ length: 60 }, () => ({ ...healthy(newInstance()), autoMode: true }));
    const { ask } = world(nodes);
    const answer = RunAnswer.parse(await ask({ action: 'check', cluster: 'demo', ...WHO }));
    expect([answer.planned, answer.skipped.length, answer.approximate]).toEqual([0, 60, true]);
  });

  it('means the whole cluster if no instance is named', async () => {
    const nodes = [newInstance(), newInstance()];
    const { ask, deps } = world(nodes.map(healthy));
    const answer = RunAnswer.parse(
      await ask({ action: 'repair', cluster: 'careful', remediation: 'pause-image', ...WHO }),
    );
    expect(answer).toMatchObject({ planned: 2, skipped: [] });
    expect(await deps.requests.nodes(answer.requestId)).toEqual(nodes);
  });

  it('reads only EC2 for more than 50 nodes, and marks the answer as approximate', async () => {
    const nodes = Array.from({ length: 60 }, newInstance);
    const stranger = newInstance();
    const { deps } = world(nodes.map(healthy));
    const fleet = { ...deps.fleet, describe: () => Promise.reject(new Error('SSM was asked')) };
    const request = { action: 'check', cluster: 'careful', requestedBy: 'mei' };
    expect(await remediate({ ...deps, fleet }, CALLER, request)).toMatchObject({
      planned: 60,
      skipped: [],
      approximate: true,
    });
    expect(
      await remediate({ ...deps, fleet }, CALLER, { ...request, instanceIds: [...nodes, stranger] }),
    ).toMatchObject({
      planned: 60,
      skipped: [{ instanceId: stranger, skipReason: 'NotInCluster' }],
    });
  });

  it('reports that a pause holds it, and is queued nevertheless', async () => {
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

  it('returns the same answer and one run for the same requestId, even after its nodes have changed', async () => {
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

  it('rejects another request with a used requestId', async () => {
    const [a, b] = [newInstance(), newInstance()];
    const { ask, refused } = world([healthy(a), healthy(b)]);
    const request = { action: 'check', cluster: 'demo', instanceIds: [a], requestId: 'ticket-2', ...WHO };
    await ask(request);
    expect((await refused({ ...request, instanceIds: [b] })).message).toMatch(
      /requestId: ticket-2 was used at .* for another request/,
    );
    expect((await refused({ ...request, action: 'repair', remediation: 'pause-image' })).message).toMatch(
      /another request/,
    );
  });

  it('does not queue a run again once it has started', async () => {
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
    await runs.save(begun(QueuedRun.parse(await runs.get(runId))));
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
      /there is no remediation reboot; there are: cri-dockerd, pause-image/,
    ],
    ['a repair of everything', { cluster: 'demo', remediation: 'node-check' }, /there is no remediation node-check/],
  ])('is refused for %s, and leaves nothing behind', async (_, over, message) => {
    const { refused, wakes } = world();
    const request = { action: 'repair', instanceIds: [newInstance()], ...WHO, ...over };
    expect((await refused(request)).message).toMatch(message);
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
    });
    expect(wakes()).toEqual([{ kind: 'run', runId }]);
  });
});
