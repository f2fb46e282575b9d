import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../lab/aws/random.ts';
import { logNormal } from '../../lab/sim/latency.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { isDeep, search } from '../deep.ts';
import { withOtherContents } from './other-contents.ts';
import { failing, MINUTE_MS, openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const NODES = isDeep ? 60 : 20;
const STORM_MINUTES = 5;
const CALL_FAULTS = ['throttle', 'internal-error', 'drop-before', 'drop-after', 'crash-before', 'crash-after'] as const;
const FREEZES = ['freeze-before', 'freeze-after'] as const;
const clusters = [{ name: 'storm', sweeps: true }];
const assembly = synthScene(clusters);
/** The documents of a deployment during the storm: each has other contents, and so another name. */
const nextAssembly = synthScene(clusters, undefined, undefined, withOtherContents(buildDocuments()));

const faultOf = (random: Random): SimulatedFault | undefined => {
  const draw = random();
  if (draw < 0.35) return REPAIRABLE;
  if (draw < 0.42) return failing('NodeRoleLacksECR');
  if (draw < 0.45) return failing('SandboxStartFailed');
  if (draw < 0.48) return { ...REPAIRABLE, repair: { kind: 'crashes' } };
  return undefined;
};

const isOwnTrouble = ({ repair }: SimulatedFault): boolean =>
  repair.kind === 'fails' && repair.reason === 'NodeRoleLacksECR';

/** Faults of every kind, for a while, with strengths that the seed draws. */
const raiseStorm = (scene: Scene, random: Random): void => {
  const { faults } = scene.lab;
  faults.calls = [
    ...CALL_FAULTS.map((kind) => ({ kind, rate: random() * 0.015 })),
    ...FREEZES.map((kind) => ({ kind, rate: random() * 0.003, freezeMs: (1 + random() * 4) * MINUTE_MS })),
    { kind: 'delay', rate: 0.01, delayMs: 3000 },
  ];
  faults.transactionConflictRate = random() * 0.1;
  faults.throttledInvocationRate = random() * 0.1;
  faults.iamLagMs = 20_000;
  faults.events = [
    { kind: 'lose', rate: random() * 0.4 },
    { kind: 'duplicate', rate: random() * 0.4 },
    { kind: 'late', rate: random() * 0.4, lateMs: 5 * MINUTE_MS },
  ];
  faults.unprocessedRate = random() * 0.3;
  faults.failedEntryRate = random() * 0.3;
  faults.failedBatchEntryRate = random() * 0.3;
  faults.duplicateDeliveryRate = random() * 0.3;
  faults.listLagMs = random() * 20_000;
  faults.indexLagMs = random() * 20_000;
};

/** Some documents of the storm take longer than their execution timeout; afterwards none does. */
const SLOW = logNormal(6000, 60_000);
const CALM = logNormal(4000, 12_000);

const calm = (scene: Scene): void => {
  Object.assign(scene.lab.faults, {
    calls: [],
    events: [],
    transactionConflictRate: 0,
    throttledInvocationRate: 0,
    unprocessedRate: 0,
    failedEntryRate: 0,
    failedBatchEntryRate: 0,
    duplicateDeliveryRate: 0,
    listLagMs: 1000,
    indexLagMs: 1000,
  });
};

/** The actions of nodes and operators during the faults. */
const disturb = async (scene: Scene, nodes: readonly SimulatedNode[], random: Random): Promise<void> => {
  const one = (): SimulatedNode => nodes[Math.floor(random() * nodes.length)] as SimulatedNode;
  const draw = random();
  const request = { cluster: 'storm', reason: 'chaos', remediation: 'pause-image' };
  // Operators see the error of a failed call, so nothing is lost silently.
  const ask = (asked: Readonly<Record<string, unknown>>) => scene.remediate(asked).catch(() => undefined);
  if (draw < 0.1) one().setOffline(true);
  else if (draw < 0.2) one().setOffline(false);
  else if (draw < 0.23) one().setState('terminated');
  else if (draw < 0.3) await ask({ ...request, action: 'repair', instanceIds: [one().instanceId] });
  else if (draw < 0.35) await ask({ ...request, action: 'check' });
  else if (draw < 0.4) one().breakWith(REPAIRABLE);
  else if (draw < 0.45) await ask({ action: 'pause', cluster: 'storm', reason: 'chaos' });
  else if (draw < 0.55) await ask({ action: 'resume', cluster: 'storm', reason: 'chaos' });
  await scene.logFault(...nodes.filter((n) => n.faults().length > 0 && n.state() === 'running' && random() < 0.3));
};

const survive = async (seed: number): Promise<void> => {
  const random = createRandom(seed);
  const scene = await openScene(assembly, { seed });
  try {
    let latency = SLOW;
    const nodes = scene.addNodes('storm', NODES, {
      faultOf: () => faultOf(random),
      latency: (draw) => latency(draw),
    });
    raiseStorm(scene, random);
    for (let minute = 0; minute < STORM_MINUTES; minute++) {
      await disturb(scene, nodes, random);
      if (minute === 1) await scene.lab.deploy({ assembly: nextAssembly.assembly });
      if (minute === 3) await scene.lab.deploy({ assembly: assembly.assembly });
      await scene.lab.advance(MINUTE_MS);
    }
    calm(scene);
    // A check that takes too long says nothing of its node, which the next sweep would find: after the end of this test.
    latency = CALM;
    // Whoever has corrected a document deploys it under another name: it begins afresh, whatever step the breaker has come to.
    await scene.lab.deploy({ assembly: nextAssembly.assembly });
    await scene.remediate({ action: 'resume', cluster: 'storm', reason: 'the storm is over' });
    for (const node of nodes) {
      node.setOffline(false);
      // The repair itself is repaired, as an operator would after a breaker has opened; nodes keep troubles of their own.
      if (node.faults().some((f) => f.repair.kind !== 'repairs' && !isOwnTrouble(f))) node.breakWith(REPAIRABLE);
    }
    // Longer than a sweep and a cool-down.
    await scene.lab.advance(50 * MINUTE_MS);
    if (scene.letters().length > 0) await scene.remediate({ action: 'replay', max: 500 });
    // Nodes in quarantine stay broken, and each sweep finds them again.
    await scene.drain(150, 'not-to-come');
    await expectCalm(scene, nodes);
  } finally {
    await scene.lab.stop();
  }
};

const expectCalm = async (scene: Scene, nodes: readonly SimulatedNode[]): Promise<void> => {
  expect(scene.chronicle.violations).toEqual([]);
  expect(scene.chronicle.denials).toEqual([]);
  expect(scene.chronicle.mostAtOnce('storm')).toBeLessThanOrEqual(NODES / 10);
  const left: string[] = [];
  for (const node of nodes.filter((n) => n.state() === 'running')) {
    const history = (await scene.history(node.instanceId)).filter((r) => r.action === 'repair');
    const told = history.map((r) => r.skipReason ?? r.reason ?? r.outcome);
    // Repaired, or the record has an attempt with a node-local failure, or the reason why there was none.
    const fault = node.faults()[0];
    if (fault === undefined) continue;
    const isExplained = isOwnTrouble(fault) && told.some((t) => t === 'NodeRoleLacksECR' || t === 'Quarantined');
    if (!isExplained) left.push(`${node.instanceId} ${fault.reason} ${fault.repair.kind}: ${told.join(' ')}`);
  }
  expect(left).toEqual([]);
  const begun = (await scene.runs('storm')).filter((run) => run.status !== 'queued' || run.because.kind !== 'sweep');
  for (const run of begun) expect([run.runId, run.status, run.pending]).toEqual([run.runId, 'ended', 0]);
  const repaired = await scene.report({ query: 'outcomes', cluster: 'storm', outcome: 'Repaired' });
  expect(repaired.length).toBeGreaterThan(0);
  // A dead letter has a reason, or Lambda or SQS gave up after its retries.
  expect(scene.letters().filter((l) => l.function !== undefined && l.reason === undefined)).toEqual([]);
};

describe(`a storm of faults over ${NODES} nodes`, () => {
  const { seed, numRuns } = search('chaos', 1);
  const seeds = Array.from({ length: isDeep ? 50 : numRuns }, (_, i) => (seed + i) % 2 ** 31);
  it.each(seeds)('seed %i: every node is repaired or the record says why not, and nothing is stuck', survive);
});
