import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { sampledTests } from '../support/sample.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const names = ['sick', 'cooling', 'again', 'tags', 'gone'];
let scene: Scene;
beforeAll(async () => {
  scene = await openScene(synthScene(names.map((name) => ({ name }))));
});
afterAll(() => scene.lab.stop());

const oneNode = (cluster: string, options: Parameters<Scene['addNodes']>[2] = {}): SimulatedNode => {
  const [node] = scene.addNodes(cluster, 1, options);
  if (node === undefined) throw new Error('no node was made');
  return node;
};
const told = async (node: SimulatedNode): Promise<readonly string[]> =>
  (await scene.history(node.instanceId)).map((r) => `${r.action} ${r.skipReason ?? r.outcome}`).toReversed();

/** Each takes hours of the lab. The rules themselves have their tests in core and in run-controller. */
describe('attempts on a node', () => {
  const { add, declare } = sampledTests('attempts');

  add('cool down: a symptom soon after an attempt waits, and is recorded once', async () => {
    const node = oneNode('cooling', { faultOf: () => failing('RegistryUnreachable') });
    await scene.logFault(node);
    await scene.lab.settle();
    for (let i = 0; i < 4; i++) {
      await scene.lab.advance(2 * MINUTE_MS);
      await scene.logFault(node);
    }
    await scene.lab.advance(2 * MINUTE_MS);
    expect(scene.chronicle.repairsOf(node.instanceId)).toHaveLength(1);
    expect(await told(node)).toEqual(['repair NotRepaired', 'repair CoolingDown']);
    node.breakWith(REPAIRABLE);
    await scene.drain();
    expect(await told(node)).toEqual(['repair NotRepaired', 'repair CoolingDown', 'repair Repaired']);
    // The node's own end: SSM, on a loaded machine, may see it later.
    const failed = (await scene.history(node.instanceId)).find((r) => r.outcome === 'NotRepaired');
    const [, second] = scene.chronicle.repairsOf(node.instanceId);
    expect((second?.at ?? 0) - Date.parse(failed?.endedAt ?? '')).toBeGreaterThanOrEqual(15 * MINUTE_MS - 1000);
  });

  add('three that fail within a day quarantine it, with advice, until an operator releases it', async () => {
    const node = oneNode('sick', { faultOf: () => failing('NodeRoleLacksECR') });
    const { instanceId } = node;
    for (let attempt = 1; attempt <= 3; attempt++) {
      await scene.logFault(node);
      await scene.drain();
      await scene.lab.advance(16 * MINUTE_MS);
    }
    expect(await scene.report({ query: 'quarantine' })).toMatchObject([
      {
        kind: 'node',
        instanceId,
        remediation: 'pause-image',
        quarantineAdvice: expect.stringContaining('ecr:GetAuthorizationToken'),
      },
    ]);
    await scene.logFault(node);
    await scene.drain();
    expect(scene.chronicle.repairsOf(instanceId)).toHaveLength(3);
    expect((await told(node)).at(-1)).toBe('repair Quarantined');
    const request = { cluster: 'sick', instanceIds: [instanceId], reason: 'the role is repaired' };
    expect(await scene.start({ action: 'repair', remediation: 'pause-image', ...request })).toMatchObject({
      planned: 0,
      skipped: [{ instanceId, skipReason: 'Quarantined' }],
    });
    await scene.drain();

    expect(await scene.remediate({ action: 'release', ...request })).toEqual({
      released: [instanceId],
      notQuarantined: [],
    });
    // The index that answers lags behind the table.
    await scene.lab.advance(5_000);
    expect(await scene.report({ query: 'quarantine' })).toEqual([]);
    node.breakWith(REPAIRABLE);
    await scene.lab.advance(16 * MINUTE_MS);
    await scene.logFault(node);
    await scene.drain();
    expect((await told(node)).at(-1)).toBe('repair Repaired');
    expect(await scene.report({ query: 'node', instanceId })).toContainEqual(
      expect.objectContaining({ kind: 'release', by: 'test', reason: 'the role is repaired' }),
    );
  });

  add('a fault that comes back within a day is repaired again and called a relapse', async () => {
    const node = oneNode('again', { faultOf: () => REPAIRABLE });
    await scene.logFault(node);
    await scene.drain();
    await scene.lab.advance(60 * MINUTE_MS);
    node.breakWith(REPAIRABLE);
    await scene.logFault(node);
    await scene.drain();
    expect(await told(node)).toEqual(['repair Repaired', 'repair Relapsed']);
  });

  declare(1);
});

describe('a node that must not or cannot be repaired', () => {
  const { add, declare } = sampledTests('nodes that are not repaired');

  add('is skipped by its tag, with the skip reason', async () => {
    const cases = [
      { mode: 'off', expected: ['repair OptedOut'] },
      { mode: 'observe', expected: ['repair OptedOut', 'check Broken', 'repair OptedOut'] },
      { mode: 'Observe ', expected: ['repair OptedOut'] },
    ];
    for (const { mode, expected } of cases) {
      const node = oneNode('tags', { faultOf: () => REPAIRABLE, tags: { 'fleetmend:mode': mode } });
      await scene.logFault(node);
      await scene.drain();
      expect([mode, await told(node)]).toEqual([mode, expected]);
      expect(scene.chronicle.repairsOf(node.instanceId)).toEqual([]);
    }
  });

  add('is recorded as gone, not managed or unreachable, by the final answer of SSM', async () => {
    const gone = oneNode('gone', { faultOf: () => REPAIRABLE });
    gone.setState('terminated');
    const strange = oneNode('gone', { faultOf: () => REPAIRABLE });
    scene.lab.nodes.setManaged(strange.instanceId, false);
    const offline = oneNode('gone', { faultOf: () => REPAIRABLE, offline: true });
    // SSM still shows it as Online, and the agent never answers: SSM ends the command as not delivered.
    const silent = oneNode('gone', { faultOf: () => REPAIRABLE, offline: true, pings: true });
    // Of more nodes than three, log lines lead to a check.
    await scene.logFault(gone, strange, offline);
    await scene.drain();
    await scene.logFault(silent);
    await scene.drain();
    expect(await Promise.all([gone, strange, offline].map(told))).toEqual([
      ['repair Gone'],
      ['repair NotManaged'],
      ['repair Unreachable'],
    ]);
    expect(await told(silent)).toEqual(['repair Unreachable']);
    expect(scene.chronicle.repairsOf(silent.instanceId)).toHaveLength(1);
    expect(scene.chronicle.failures).toEqual([]);
    expect(scene.letters()).toEqual([]);
  });

  declare(1);
});
