import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, success } from '../../core/model/result.ts';
import { countsOf } from '../../core/runs/reports.ts';
import type { ResultRow } from '../../core/state/results.ts';
import { runControllerWorld } from '../../test/support/run-controller-world.ts';
import { testSettings } from '../../test/support/settings.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

type World = ReturnType<typeof runControllerWorld>;
const FARGATE = 'fargate-ip-10-0-1-23.cn-north-1.compute.internal';
const OTHERS = ['fargate-profile/default', 'mi-0123456789abcdef0'];

const world = async (options: Parameters<typeof runControllerWorld>[1] = {}): Promise<World> =>
  runControllerWorld(await table.another(), options);
const rowsOf = async (w: World, nodeId: string): Promise<readonly ResultRow[]> => {
  const rows = await Promise.all((await w.allRuns()).map((run) => w.resultsOf(run.runId)));
  return rows.flat().filter((row) => row.instanceId === nodeId);
};
/** Another line of the node, as signal-intake takes it, and the wake that it leads to. */
const complain = async (w: World, nodeId: string): Promise<void> => {
  await w.signal(nodeId, 'node-check');
};

describe('a node of a kind that cannot be repaired', () => {
  it('gets one row for many signals, with reason, cause and advice, and no command', async () => {
    const w = await world();
    for (let i = 0; i < 60; i++) {
      await complain(w, FARGATE);
      await w.pass(10);
    }
    expect(await rowsOf(w, FARGATE)).toMatchObject([
      {
        cluster: 'demo',
        action: 'check',
        outcome: 'Unsupported',
        reason: 'FargateNode',
        message: expect.stringMatching(/no EC2 instance.*SandboxImageMissing/),
        advice: expect.stringMatching(/delete the pod/),
      },
    ]);
    expect(w.ssm.commands).toEqual([]);
  });

  it('gets another row if the signals continue after a day, and none before', async () => {
    const w = await world();
    for (const [hours, rows] of [
      [0, 1],
      [12, 1],
      [11.5, 1],
      [1, 2],
    ] as const) {
      await w.pass(hours * 3600, 1200);
      await complain(w, FARGATE);
      await w.pass(120, 20);
      expect([hours, await rowsOf(w, FARGATE)]).toEqual([hours, Array(rows).fill(expect.anything())]);
    }
  });

  it.each([
    ['of Auto Mode', 'AutoModeNode', { autoMode: true }],
    [
      'of Bottlerocket',
      'BottlerocketNode',
      { ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Bottlerocket' } },
    ],
    [
      'of Windows',
      'WindowsNode',
      { ssm: { pingStatus: 'Online', platformType: 'Windows', platformName: 'Microsoft Windows Server 2022' } },
    ],
  ])('%s gets a row that says %s where a signal names it', async (_, reason, facts) => {
    const w = await world();
    const [id = ''] = w.ids;
    const known = w.facts.get(id);
    if (known === undefined) throw new Error('the world has no nodes');
    w.facts.set(id, { ...known, ...facts });
    await w.signal(id);
    await w.pass(30);
    expect(await rowsOf(w, id)).toMatchObject([{ outcome: 'Unsupported', reason, advice: expect.any(String) }]);
    expect(w.ssm.commands).toEqual([]);
  });
});

describe('a check of a whole cluster', () => {
  it('records the nodes without an EC2 instance once, beside the results of the others', async () => {
    const w = await world({
      nodes: 12,
      settings: testSettings({ maxNodesPerCheckRun: 10 }),
      beyondEc2: success(OTHERS),
    });
    await w.ask('r-all', 'check');
    await w.pass(60);
    expect((await w.allRuns()).map((r) => [r.runId, countsOf(r)])).toEqual([
      ['r-all', { Healthy: 10 }],
      ['r-all-2', { Healthy: 2, Unsupported: 2 }],
    ]);
    expect([await rowsOf(w, OTHERS[0] ?? ''), await rowsOf(w, OTHERS[1] ?? '')]).toMatchObject([
      [{ runId: 'r-all-2', outcome: 'Unsupported', reason: 'FargateNode' }],
      [{ runId: 'r-all-2', outcome: 'Unsupported', reason: 'HybridNode' }],
    ]);
  });

  it('continues if they cannot be read, and logs it', async () => {
    const w = await world({ beyondEc2: failure('AccessDeniedException') });
    await w.runReconcile('sweep');
    await w.pass(2400, 60);
    const sweeps = (await w.allRuns()).filter((r) => r.cluster === 'demo');
    expect(sweeps.map((r) => countsOf(r))).toEqual([{ Healthy: 40 }]);
    expect(w.telemetry.counts).toMatchObject({ BeyondEc2Unread: sweeps.length * 3 });
  });
});
