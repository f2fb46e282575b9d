import type { RealFleet } from '../../lab/real/fleet.ts';
import { GENERATION_NAMES, type GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { mustBeUntouched, settle } from '../../lab/real/untouched.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { runDocument } from './documents.ts';
import type { Fault } from './fault.ts';
import { mustNotBeHealthy, startPod } from './pods.ts';
import { shuffled } from './random.ts';
import { mustBeNoWorse, readVitals } from './vitals.ts';

/** Faults that are put on one node, one after the other. */
export type Combination = { readonly generation: GenerationName; readonly faults: readonly Fault[] };

/** A combination, for people. */
export const combinationName = ({ faults }: Combination): string => faults.map(({ name }) => `"${name}"`).join(', ');

/** Random combinations of `size` faults on each of `generations`, `count` a generation. */
export const combinationsOf = (
  all: readonly Fault[],
  random: () => number,
  {
    size,
    count,
    generations = GENERATION_NAMES,
  }: { size: number; count: number; generations?: readonly GenerationName[] },
): Combination[] =>
  generations.flatMap((generation) => {
    // One that needs a node of its own kind cannot be put on another's.
    const possible = all.filter((fault) => fault.node === undefined && fault.generations.includes(generation));
    return Array.from({ length: count }, () => ({ generation, faults: shuffled(random, possible).slice(0, size) }));
  });

/** What the end of a combination was. */
export type CombinationResult = {
  /** The faults that could be put on the node: one may take away what another changes. */
  readonly broken: readonly string[];
  readonly before: boolean;
  readonly after: boolean;
  readonly outcomes: readonly string[];
};

/**
 * Breaks a new node by several faults and has every remediation repair it, in their order. Where a pod does not start,
 * `node-check` is not Healthy, before and after; a repair that changed nothing leaves all as it was; and no repair leaves less of
 * kubelet, of the containers and of the ability to start pods than there was.
 */
export const runCombination = async (
  fleet: RealFleet,
  node: RealNode,
  { faults }: Combination,
): Promise<CombinationResult> => {
  const broken: string[] = [];
  for (const fault of faults) {
    const isPut = await fault.break(node, { fleet }).then(
      () => true,
      () => false,
    );
    if (isPut) broken.push(fault.name);
  }
  await settle(node).catch(() => undefined);
  const pod = await startPod(node);
  await mustNotBeHealthy(node, pod, true);
  const outcomes: string[] = [];
  for (const { name } of remediations) {
    const vitals = await readVitals(node, (await startPod(node)).ok);
    // containerd still removes what the pod left.
    await settle(node).catch(() => undefined);
    const files = await node.snapshot();
    const { what, result } = await runDocument(node, `${name}-repair`);
    outcomes.push(`${name}: ${result.outcome}${result.reason === undefined ? '' : ` ${result.reason}`}`);
    if (result.outcome !== 'Repaired' && result.evidence?.changed === false) {
      mustBeUntouched(what, files, await node.snapshot());
    }
    await mustBeNoWorse(what, node, vitals);
  }
  const after = await startPod(node);
  await mustNotBeHealthy(node, after, true);
  return { broken, before: pod.ok, after: after.ok, outcomes };
};
