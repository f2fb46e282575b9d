import { describe, expect, it } from 'vitest';
import { readResult } from '../../core/model/document-result.ts';
import { createClock } from '../aws/clock.ts';
import { createRandom } from '../aws/random.ts';
import { createSimulatedFleet, failSlowly } from './fleet.ts';
import { FLEET_LATENCY, logNormal } from './latency.ts';
import { createSimulatedNode } from './node.ts';
import { readDocumentName, type SimulatedFault } from './result.ts';

const HASH = '0123456789ab';
const fault = (repair: SimulatedFault['repair']): SimulatedFault => ({
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  cause: 'ImageGCPressure',
  repair,
});

const document = (key: string, script: readonly string[] = ['true']) => ({
  commandId: 'c',
  documentName: `fleetmend-${key}-${HASH}`,
  content: {
    schemaVersion: '2.2',
    mainSteps: [
      { name: 'main', action: 'aws:runShellScript', inputs: { runCommand: [...script], timeoutSeconds: '60' } },
    ],
  },
});

const start = (faults: readonly SimulatedFault[] = []) => {
  const clock = createClock({ skipIdle: true });
  const node = createSimulatedNode({
    instanceId: 'i-00000000000000001',
    cluster: 'demo',
    clock,
    random: createRandom(1),
    faults,
    latency: () => 8000,
  });
  const run = async (key: string) => {
    const reply = await node.run(document(key), new AbortController().signal);
    const reading = readResult(reply.stdout);
    return { reply, result: reading.ok ? reading.value : reading.error };
  };
  return { clock, node, run };
};

describe('a simulated node', () => {
  it('answers a check with its fault, and changes nothing', async () => {
    const { node, run } = start([fault({ kind: 'repairs' })]);
    const { reply, result } = await run('pause-image-check');
    expect(reply).toMatchObject({ statusDetails: 'Failed', exitCode: 1 });
    expect(result).toMatchObject({
      remediation: 'pause-image',
      action: 'check',
      outcome: 'Broken',
      reason: 'SandboxImageMissing',
      evidence: { simulated: true },
    });
    expect(node.faults()).toHaveLength(1);
  });

  it('is repaired by a repair, once', async () => {
    const { run } = start([fault({ kind: 'repairs', method: 'import', willRecur: true })]);
    const first = await run('pause-image-repair');
    expect(first.result).toMatchObject({
      outcome: 'Repaired',
      method: 'import',
      cause: 'ImageGCPressure',
      willRecur: true,
    });
    expect((await run('pause-image-repair-mirror')).result).toMatchObject({ outcome: 'Healthy' });
  });

  it('stays broken where the repair fails or dies', async () => {
    const failing = start([fault({ kind: 'fails', reason: 'NodeRoleLacksECR' })]);
    expect((await failing.run('pause-image-repair')).result).toMatchObject({
      outcome: 'NotRepaired',
      reason: 'NodeRoleLacksECR',
    });
    const dying = start([fault({ kind: 'crashes' })]);
    expect((await dying.run('pause-image-repair')).reply).toMatchObject({
      statusDetails: 'Failed',
      exitCode: 2,
      stdout: '',
    });
    expect([failing.node.faults().length, dying.node.faults().length]).toEqual([1, 1]);
  });

  it('answers node-check with every finding', async () => {
    const { run } = start([
      fault({ kind: 'repairs' }),
      { remediation: 'cni-files', reason: 'CNIConfigMissing', repair: { kind: 'repairs' } },
    ]);
    expect((await run('node-check')).result).toMatchObject({
      remediation: 'node-check',
      outcome: 'Broken',
      findings: [{ remediation: 'pause-image' }, { remediation: 'cni-files', reason: 'CNIConfigMissing' }],
    });
    expect((await start().run('node-check')).result).toMatchObject({ outcome: 'Healthy' });
  });

  it('answers each part of node-check with the findings of its own checks', async () => {
    const { node } = start([
      fault({ kind: 'repairs' }),
      { remediation: 'cni-files', reason: 'CNIConfigMissing', repair: { kind: 'repairs' } },
    ]);
    const answer = async (part: number, checks: string) => {
      const script = [`NODE_CHECKS=(${checks})`, `PART=${part} PARTS=2`];
      const { stdout } = await node.run(document(`node-check-${part}`, script), new AbortController().signal);
      return readResult(stdout);
    };
    expect(await answer(1, 'pause-image cri-dockerd')).toMatchObject({
      value: { part: 1, parts: 2, outcome: 'Broken', findings: [{ remediation: 'pause-image' }] },
    });
    expect(await answer(2, 'ecr-credentials')).toMatchObject({ value: { part: 2, parts: 2, outcome: 'Healthy' } });
  });

  it('never answers while it is offline, and rejects when it is aborted', async () => {
    const { node } = start();
    node.setOffline(true);
    const abort = new AbortController();
    const answer = node.run(document('node-check'), abort.signal);
    expect(node.pingStatus()).toBe('ConnectionLost');
    abort.abort();
    await expect(answer).rejects.toThrow();
    expect(node.runs).toHaveLength(0);
  });
});

describe('a slow failure', () => {
  it('fails the named documents late, so often as it says, and changes nothing of the node', async () => {
    const { clock, node, run } = start([fault({ kind: 'repairs' })]);
    node.failSlowly({ documentName: 'pause-image-repair', afterMs: 50_000, reason: 'RegistryUnreachable', times: 2 });
    for (const _ of [1, 2]) {
      const before = clock.now();
      expect((await run('pause-image-repair')).result).toMatchObject({
        outcome: 'NotRepaired',
        reason: 'RegistryUnreachable',
      });
      expect(clock.now() - before).toBeGreaterThanOrEqual(50_000);
    }
    expect((await run('pause-image-check')).result).toMatchObject({ outcome: 'Broken' });
    expect((await run('pause-image-repair')).result).toMatchObject({ outcome: 'Repaired' });
  });

  it('without a reason kills the script; after its timeout it is timed out', async () => {
    const { node, run } = start([fault({ kind: 'repairs' })]);
    node.failSlowly({ documentName: 'repair', afterMs: 50_000, times: 1 });
    node.failSlowly({ documentName: 'repair', afterMs: 61_000, times: 1 });
    expect((await run('pause-image-repair')).reply).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await run('pause-image-repair')).reply.statusDetails).toBe('ExecutionTimedOut');
  });

  it('comes to a share of a fleet, the same for the same seed', () => {
    const clock = createClock();
    const nodes = createSimulatedFleet({ clock, seed: 1, cluster: 'demo', count: 200 });
    const choose = () => failSlowly(nodes, { documentName: 'repair', afterMs: 1000, share: 0.25 });
    const first = choose();
    expect(first).toHaveLength(50);
    expect(choose()).toEqual(first);
    clock.stop();
  });
});

describe('names of documents', () => {
  it.each([
    [`fleetmend-pause-image-check-${HASH}`, { remediation: 'pause-image', action: 'check' }],
    [`fleetmend-pause-image-repair-mirror-${HASH}`, { remediation: 'pause-image', action: 'repair' }],
    [`fleetmend-node-check-${HASH}`, { remediation: 'node-check', action: 'check' }],
    [`fleetmend-node-check-12-${HASH}`, { remediation: 'node-check', action: 'check' }],
    ['AWS-RunShellScript', undefined],
  ])('%s', (name, key) => {
    expect(readDocumentName(name)).toEqual(key);
  });
});

describe('the fleet', () => {
  it('has the stated latencies', () => {
    const random = createRandom(7);
    const sample = Array.from({ length: 20_000 }, () => FLEET_LATENCY(random)).sort((a, b) => a - b);
    expect(sample[10_000] ?? 0).toBeGreaterThan(7600);
    expect(sample[10_000] ?? 0).toBeLessThan(8400);
    expect(sample[19_800] ?? 0).toBeGreaterThan(54_000);
    expect(sample[19_800] ?? 0).toBeLessThan(66_000);
    expect(logNormal(1000, 1000)(random)).toBe(1000);
  });

  it('is the same for the same seed, with about one in a hundred offline', () => {
    const clock = createClock();
    const make = (seed: number) => createSimulatedFleet({ clock, seed, cluster: 'demo', count: 10_000 });
    const shape = (seed: number) =>
      make(seed)
        .map((n) => `${n.instanceId}${n.pingStatus()}`)
        .join();
    expect(shape(1)).toBe(shape(1));
    expect(shape(1)).not.toBe(shape(2));
    const lost = make(3).filter((n) => n.pingStatus() === 'ConnectionLost').length;
    expect(lost).toBeGreaterThan(20);
    expect(lost).toBeLessThan(80);
    expect(new Set(make(1).map((n) => n.instanceId)).size).toBe(10_000);
    clock.stop();
  });
});
