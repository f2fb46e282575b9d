import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  const clusters = [{ name: 'demo' }, { name: 'watch', mode: 'observe' as const }, { name: 'swept', sweeps: true }];
  scene = await openScene(synthScene(clusters));
});
afterAll(() => scene.lab.stop());

const pendingRows = async (cluster: string) =>
  (await scene.items()).filter((item) => item.pk.startsWith(`LANE#${cluster}/`) && item.sk.startsWith('NODE#'));

describe('a log line of a node that cannot start pods', () => {
  let nodes: readonly SimulatedNode[];
  let broken: SimulatedNode;
  beforeAll(async () => {
    nodes = scene.addNodes('demo', 10, { faultOf: (i) => (i === 3 ? REPAIRABLE : undefined) });
    broken = nodes[3] as SimulatedNode;
    await scene.logFault(broken);
    await scene.drain();
  });

  it('leads to one repair command on that node and to none on any other', () => {
    expect(broken.faults()).toEqual([]);
    expect(scene.chronicle.repairsOf(broken.instanceId)).toHaveLength(1);
    const touched = nodes.filter((n) => n.runs.length > 0).map((n) => n.instanceId);
    expect(touched).toEqual([broken.instanceId]);
  });

  it('leaves one ended run with one result, and nothing open or waiting', async () => {
    const runs = await scene.runs('demo');
    expect(runs).toMatchObject([
      { status: 'ended', action: 'repair', counts: { Repaired: 1 }, pending: 0, inFlight: 0 },
    ]);
    expect(await scene.resultsOf(runs[0]?.runId ?? '')).toMatchObject([
      { instanceId: broken.instanceId, outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr' },
    ]);
    expect(await pendingRows('demo')).toEqual([]);
    expect(await scene.report({ query: 'open' })).toEqual([]);
    expect(scene.letters()).toEqual([]);
    expect(scene.chronicle.failures).toEqual([]);
    expect(scene.chronicle.denials).toEqual([]);
  });

  it('is published on the bus and by the topic, once', async () => {
    const [run] = await scene.runs('demo');
    const ended = scene.chronicle.notices.filter((n) => n.detailType === 'Run Ended' && n.detail.cluster === 'demo');
    expect(ended).toMatchObject([
      { detail: { id: `${run?.runId}/ended`, because: 'log', action: 'repair', counts: { Repaired: 1 } } },
    ]);
    expect(scene.lab.notifications.filter((n) => n.message.includes(`\nRun ${run?.runId}\n`))).toHaveLength(1);
  });

  it('is in the answer of every query', async () => {
    const [run] = await scene.runs('demo');
    const result = { kind: 'result', instanceId: broken.instanceId, runId: run?.runId, outcome: 'Repaired' };
    const [row] = await scene.history(broken.instanceId);
    const day = row?.endedAt.slice(0, 10);
    const { instanceId } = broken;
    expect(await scene.report({ query: 'run', runId: run?.runId })).toMatchObject([{ kind: 'run' }, result]);
    expect(await scene.report({ query: 'outcomes', cluster: 'demo', outcome: 'Repaired' })).toMatchObject([result]);
    expect(await scene.report({ query: 'reasons', reason: 'SandboxImageMissing', day })).toMatchObject([result]);
    expect(await scene.report({ query: 'node', instanceId })).toMatchObject([
      { kind: 'node', instanceId, attempts: { [run?.runId ?? '']: { outcome: 'Repaired' } } },
      result,
    ]);
    expect(await scene.report({ query: 'quarantine' })).toEqual([]);
  });

  it('records its times in order', async () => {
    const [run] = await scene.report({ query: 'runs', cluster: 'demo' });
    const [result] = await scene.history(broken.instanceId);
    const [command] = scene.chronicle.repairsOf(broken.instanceId);
    const times = [run?.createdAt, run?.startedAt, result?.startedAt, result?.endedAt, result?.at, run?.endedAt];
    expect(times.map(String)).toEqual(times.map(String).toSorted());
    expect(Date.parse(String(run?.startedAt))).toBeLessThanOrEqual(command?.at ?? 0);
  });
});

describe('a cluster that is only observed', () => {
  it('gets a check with the outcome Broken, and no repair', async () => {
    const [broken] = scene.addNodes('watch', 3, { faultOf: (i) => (i === 0 ? REPAIRABLE : undefined) });
    if (broken === undefined) throw new Error('no node was made');
    await scene.logFault(broken);
    await scene.drain();
    expect(scene.chronicle.repairsOf(broken.instanceId)).toEqual([]);
    expect(scene.chronicle.checksOf(broken.instanceId)).toHaveLength(NODE_CHECK_KEYS.length);
    expect(broken.faults()).toHaveLength(1);
    expect(await scene.runs('watch')).toMatchObject([{ action: 'check', status: 'ended', counts: { Broken: 1 } }]);
    expect(await scene.history(broken.instanceId)).toMatchObject([
      {
        outcome: 'Broken',
        reason: 'SandboxImageMissing',
        findings: [{ remediation: 'pause-image', outcome: 'Broken' }],
      },
    ]);
    await expect(
      scene.start({ action: 'repair', cluster: 'watch', remediation: 'pause-image', reason: 'try' }),
    ).rejects.toThrow(/clusters\[name=watch\]\.mode is observe/);
  });
});

describe('a node without logs', () => {
  it('is found by the next sweep and repaired, without rows for its healthy neighbours', async () => {
    const nodes = scene.addNodes('swept', 12, { faultOf: (i) => (i === 5 ? REPAIRABLE : undefined) });
    const broken = nodes[5];
    if (broken === undefined) throw new Error('no node was made');
    await scene.lab.advance(36 * MINUTE_MS);
    await scene.drain();
    expect(broken.faults()).toEqual([]);
    expect((await scene.history(broken.instanceId)).map((r) => [r.action, r.outcome])).toEqual([
      ['repair', 'Repaired'],
      ['check', 'Broken'],
    ]);
    const runs = await scene.runs('swept');
    // The fault has brought one more look at its node group forward, which began after its repair.
    expect(runs.map((r) => [r.action, r.because.kind, r.counts])).toEqual([
      ['repair', 'finding', { Repaired: 1 }],
      ['check', 'finding', { Healthy: 12 }],
      ['check', 'sweep', { Broken: 1, Healthy: 11 }],
    ]);
    const rows = (await scene.items()).filter((item) => item.pk === `RESULT#${runs.at(-1)?.runId}`);
    expect(rows.map(({ sk }) => sk)).toEqual([broken.instanceId]);
  });
});

describe('a request of an operator', () => {
  it('a check of the whole cluster answers at once and ends with every node listed as healthy', async () => {
    const answer = await scene.start({ action: 'check', cluster: 'demo', reason: 'a look' });
    expect(answer).toMatchObject({ planned: 10, skipped: [] });
    await scene.drain();
    expect(await scene.healthyOf(answer.runId)).toHaveLength(10);
    expect(await scene.resultsOf(answer.runId)).toEqual([]);
    expect(scene.chronicle.commands.filter((c) => c.runId === answer.runId)).toHaveLength(NODE_CHECK_KEYS.length);
    const [run] = await scene.runs('demo');
    expect(run?.because).toMatchObject({ kind: 'operator', by: 'test', sample: 'a look' });
    // A person does not wait for a turn behind the lanes, which share another counter.
    const turns = (await scene.items()).filter(({ pk }) => pk === 'RATE#calls-of-ec2-for-operators');
    expect(turns.length).toBeGreaterThan(0);
  });

  it('a pause is listed with author, time and reason, and its end too', async () => {
    await scene.remediate({ action: 'pause', cluster: 'demo', reason: 'a migration' });
    expect(await scene.report({ query: 'pauses' })).toMatchObject([
      { kind: 'pause', scope: 'CLUSTER#demo', state: 'paused', by: 'test', reason: 'a migration' },
      { kind: 'pause-event', state: 'paused' },
    ]);
    await scene.remediate({ action: 'resume', cluster: 'demo', reason: 'it is done' });
    expect(await scene.report({ query: 'pauses' })).toMatchObject([
      { kind: 'pause', state: 'resumed' },
      { kind: 'pause-event', state: 'resumed' },
      { kind: 'pause-event', state: 'paused' },
    ]);
  });
});
