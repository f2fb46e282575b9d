import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../lab/aws/lab-event.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import { isDeep } from '../deep.ts';
import { sampleOf } from '../support/sample.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

/** Each case has its own cluster; the lab is replaced after this many cases. */
const CLUSTERS_PER_LAB = 24;
const clusters = Array.from({ length: CLUSTERS_PER_LAB }, (_, i) => ({ name: `crash-${i}` }));
const assembly = synthScene(clusters);

const COOL_DOWN_MS = 15 * MINUTE_MS;

let scene: Scene | undefined;
let used = 0;
const freshCluster = async (): Promise<{ readonly scene: Scene; readonly cluster: string }> => {
  if (scene === undefined || used === CLUSTERS_PER_LAB) {
    await scene?.lab.stop();
    scene = await openScene(assembly);
    used = 0;
  }
  const cluster = `crash-${used}`;
  used += 1;
  return { scene, cluster };
};
afterAll(() => scene?.lab.stop());

/** Three canaries: two that repair, one whose role lacks ECR. */
const breakThree = async (it: Scene, cluster: string): Promise<readonly SimulatedNode[]> => {
  const nodes = it.addNodes(cluster, 3, { faultOf: (i) => (i === 1 ? failing('NodeRoleLacksECR') : REPAIRABLE) });
  await it.logFault(...nodes);
  await it.drain(60);
  return nodes;
};

const expectAllIsWell = async (at: Scene, cluster: string, nodes: readonly SimulatedNode[]): Promise<void> => {
  const outcomes: string[] = [];
  for (const node of nodes) {
    const sent = at.chronicle.repairsOf(node.instanceId);
    // A signal that arrived late leads to one more attempt after the cool-down.
    const tries = node.faults().length === 0 ? 1 : 2;
    expect(sent.length, `repairs of ${node.instanceId}`).toBeLessThanOrEqual(tries);
    for (const [i, { at: sentAt }] of sent.entries())
      expect(sentAt - (sent[i - 1]?.at ?? 0)).toBeGreaterThan(COOL_DOWN_MS);
    const repairs = (await at.history(node.instanceId)).filter((r) => r.action === 'repair' && r.outcome !== 'Skipped');
    // It died before the call reached SSM. This cannot be known, so the command is not sent again, and a check finds the node.
    const lost = repairs.filter((r) => r.reason === 'CommandLost');
    if (lost.length > 0) expect(at.chronicle.checksOf(node.instanceId).length).toBeGreaterThan(0);
    outcomes.push(repairs.find((r) => !lost.includes(r))?.outcome ?? 'none');
  }
  expect(outcomes).toEqual(['Repaired', 'NotRepaired', 'Repaired']);
  expect((await at.runs(cluster)).map((r) => [r.status, r.pending, r.inFlight])).toEqual(
    (await at.runs(cluster)).map(() => ['ended', 0, 0]),
  );
  expect(at.chronicle.violations).toEqual([]);
  expect(at.letters()).toEqual([]);
};

const FUNCTIONS = ['run-controller', 'signal-intake', 'command-tracker', 'log-classifier'] as const;
type Point = { readonly functionName: string; readonly call: number; readonly what: string };
let points: readonly Point[];
beforeAll(async () => {
  const at = await freshCluster();
  const calls: CallRecord[] = [];
  const off = at.scene.lab.onEvent((event) => {
    if (event.kind === 'call') calls.push(event.call);
  });
  const nodes = await breakThree(at.scene, at.cluster);
  off();
  await expectAllIsWell(at.scene, at.cluster, nodes);
  points = FUNCTIONS.flatMap((name) => {
    const functionName = `fleetmend-${name}`;
    const own = calls.filter((c) => c.functionName === functionName);
    return own.map((c, call) => ({ functionName, call, what: `${c.service}:${c.operation}` }));
  });
});

type CrashCase = Point & { readonly kind: 'crash-before' | 'crash-after' };

const crashAt = async ({ functionName, call, what, kind }: CrashCase): Promise<void> => {
  const at = await freshCluster();
  const fault = { functionName, kind, skip: call, times: 1 };
  at.scene.lab.faults.calls = [fault];
  const label = `${functionName} ${kind} its call ${call} (${what})`;
  try {
    const nodes = await breakThree(at.scene, at.cluster);
    await expectAllIsWell(at.scene, at.cluster, nodes);
  } catch (cause) {
    throw new Error(`${label}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    at.scene.lab.faults.calls = [];
  }
};

const casesOf = (some: readonly Point[]): readonly CrashCase[] =>
  some.flatMap((point) => (['crash-before', 'crash-after'] as const).map((kind) => ({ ...point, kind })));

describe('a function killed at one of its AWS calls', () => {
  it('run-controller, before and after each SendCommand acted', async () => {
    const sends = points.filter((p) => p.what === 'ssm:SendCommand');
    expect(sends).toHaveLength(3);
    for (const crash of casesOf(isDeep ? sends : sends.slice(0, 1))) await crashAt(crash);
  });

  it('any function, before and after any call: one repair command a node at most, and the run ends', async () => {
    const wrong: string[] = [];
    for (const crash of sampleOf('crash points', casesOf(points), 1))
      await crashAt(crash).catch((error: unknown) => wrong.push(String(error)));
    expect(wrong).toEqual([]);
  }, 3_600_000);
});
