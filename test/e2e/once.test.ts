import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { sampledTests } from '../support/sample.ts';
import { IMAGE } from './fault-line.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const clusters = ['twenty', 'midst', 'twice', 'lost', 'late', 'throttled', 'partial', 'dark', 'hidden'].map((name) => ({
  name,
}));
let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene(clusters));
});
afterAll(() => scene.lab.stop());
afterEach(() => {
  Object.assign(scene.lab.faults, {
    calls: [],
    events: [],
    unprocessedRate: 0,
    failedEntryRate: 0,
    failedBatchEntryRate: 0,
    duplicateDeliveryRate: 0,
    listLagMs: 1000,
  });
});

const brokenNode = (cluster: string): SimulatedNode => {
  const nodes = scene.addNodes(cluster, 4, { faultOf: (i) => (i === 0 ? REPAIRABLE : undefined) });
  if (nodes[0] === undefined) throw new Error('no node was made');
  return nodes[0];
};

/** The event that log-classifier puts on the bus, as if EventBridge delivered it again. */
const symptom = (node: SimulatedNode, at: string): void => {
  const { cluster, instanceId } = node;
  const detail = {
    cluster,
    instanceId,
    reason: 'SandboxImageMissing',
    image: IMAGE,
    firstSeenAt: at,
    lastSeenAt: at,
    count: 1,
  };
  scene.lab.putEvent({ source: 'fleetmend.logs', detailType: 'Node Symptom', detail }, 'fleetmend');
};
const isoNow = (): string => new Date(scene.lab.now()).toISOString();

const expectRepairedOnce = async (node: SimulatedNode): Promise<void> => {
  expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
  expect(node.faults()).toEqual([]);
  expect(node.mostAtOnce()).toBe(1);
  const history = await scene.history(node.instanceId);
  expect(history.filter((r) => r.action === 'repair').map((r) => r.outcome)).toEqual(['Repaired']);
  const runs = await scene.runs(node.cluster);
  expect(runs.filter((r) => r.action === 'repair')).toMatchObject([{ status: 'ended', counts: { Repaired: 1 } }]);
  expect(scene.chronicle.violations).toEqual([]);
  const pending = (await scene.items()).filter((i) => i.pk.startsWith(`LANE#${node.cluster}/`) && i.sk !== 'STATE');
  expect(pending).toEqual([]);
};

describe('the same signal, again and again', () => {
  const { add, declare } = sampledTests('the same signal again');

  add('as 20 log lines and 20 events is one command and one result', async () => {
    const node = brokenNode('twenty');
    const at = isoNow();
    for (let i = 0; i < 20; i++) {
      await scene.logFault(node);
      symptom(node, at);
    }
    await scene.drain();
    await expectRepairedOnce(node);
    expect(scene.chronicle.checksOf(node.instanceId)).toEqual([]);
    expect(scene.letters()).toEqual([]);
  });

  add('during a run, and again after its end, is one command and one result', async () => {
    const node = brokenNode('midst');
    const at = isoNow();
    const off = scene.chronicle.onSent((command) => {
      if (!command.instanceIds.includes(node.instanceId)) return;
      for (let i = 0; i < 20; i++) symptom(node, i % 2 === 0 ? at : isoNow());
      void scene.logFault(node);
    });
    symptom(node, at);
    await scene.lab.settle();
    off();
    for (let i = 0; i < 20; i++) symptom(node, at);
    await scene.drain();
    await expectRepairedOnce(node);
    expect(scene.letters()).toEqual([]);
  });

  add('with every message of every queue delivered twice is one command and one result', async () => {
    scene.lab.faults.duplicateDeliveryRate = 0.5;
    const node = brokenNode('twice');
    await scene.logFault(node);
    await scene.drain();
    await expectRepairedOnce(node);
    expect(scene.letters()).toEqual([]);
  });

  declare(1);
});

describe("SSM's events", () => {
  const { add, declare } = sampledTests('events of SSM');

  add('all lost: scheduler asks SSM, and the run still ends', async () => {
    scene.lab.faults.events.push({ source: 'aws.ssm', kind: 'lose' });
    const node = brokenNode('lost');
    await scene.logFault(node);
    await scene.drain();
    await expectRepairedOnce(node);
    expect(scene.chronicle.failures).toEqual([]);
  });

  add('all doubled, late and out of order: the same result', async () => {
    scene.lab.faults.events.push({ kind: 'duplicate' }, { kind: 'late', lateMs: 120_000 });
    const node = brokenNode('late');
    await scene.logFault(node);
    await scene.drain();
    await expectRepairedOnce(node);
    expect(scene.chronicle.failures).toEqual([]);
  });

  declare(1);
});

describe('failing services', () => {
  const { add, declare } = sampledTests('failing services');

  add(
    'calls that are throttled or fail at random cost time, and lead to no lost node and no second command',
    async () => {
      // Not those of audit-query: the test polls it for the end.
      for (const name of ['log-classifier', 'signal-intake', 'run-controller', 'command-tracker', 'scheduler']) {
        const functionName = `fleetmend-${name}`;
        scene.lab.faults.calls.push(
          { functionName, kind: 'throttle', rate: 0.15 },
          { functionName, kind: 'internal-error', service: 'dynamodb', rate: 0.1 },
        );
      }
      const node = brokenNode('throttled');
      await scene.logFault(node);
      await scene.drain(90);
      // The queries below must not be refused.
      scene.lab.faults.calls = [];
      await expectRepairedOnce(node);
      expect(scene.letters()).toEqual([]);
    },
  );

  add('entries refused inside answers of 200 are sent again', async () => {
    Object.assign(scene.lab.faults, { unprocessedRate: 0.3, failedEntryRate: 0.3, failedBatchEntryRate: 0.3 });
    const node = brokenNode('partial');
    await scene.logFault(node);
    await scene.drain(90);
    await expectRepairedOnce(node);
    expect(scene.letters()).toEqual([]);
  });

  add('SendCommand answers lost after it acted: the command is adopted, not sent again', async () => {
    scene.lab.faults.calls.push({ service: 'ssm', operation: 'SendCommand', kind: 'drop-after', times: 1 });
    scene.lab.faults.events.push({ source: 'aws.ssm', kind: 'lose' });
    const nodes = scene.addNodes('dark', 3, { faultOf: (i) => (i === 2 ? failing('NodeRoleLacksECR') : REPAIRABLE) });
    await scene.logFault(...nodes);
    await scene.drain();
    for (const node of nodes) expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
    const results = await Promise.all(nodes.map((n) => scene.history(n.instanceId)));
    expect(results.map((r) => r[0]?.outcome)).toEqual(['Repaired', 'Repaired', 'NotRepaired']);
    expect(scene.chronicle.violations).toEqual([]);
  });

  add(
    'a command whose answer was lost and that SSM does not show either is not sent again: the node is checked',
    async () => {
      const { faults } = scene.lab;
      faults.calls.push({ service: 'ssm', operation: 'SendCommand', kind: 'drop-after', times: 1 });
      faults.events.push({ source: 'aws.ssm', kind: 'lose' });
      faults.listLagMs = 20 * MINUTE_MS;
      const node = brokenNode('hidden');
      const off = scene.chronicle.onSent((command) => {
        if (command.action === 'check') faults.listLagMs = 1000;
      });
      await scene.logFault(node);
      await scene.drain();
      off();
      expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
      expect((await scene.history(node.instanceId)).map((r) => `${r.action} ${r.reason ?? r.outcome}`)).toEqual([
        'repair CommandLost',
      ]);
      const [check] = (await scene.runs('hidden')).filter((run) => run.action === 'check');
      expect(await scene.healthyOf(check?.runId ?? '')).toEqual([node.instanceId]);
    },
  );

  declare(1);
});
