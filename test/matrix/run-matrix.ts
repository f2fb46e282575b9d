import { readdirSync } from 'node:fs';
import * as z from 'zod';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import { GENERATION_NAMES, type GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { type CellResult, restoreNode, runCell } from './cell.ts';
import { type Combination, type CombinationResult, combinationName, runCombination } from './combine.ts';
import type { Fault } from './fault.ts';
import { checkHealthy, type HealthyResult } from './healthy.ts';
import { countCommands, killAndRepair } from './kill.ts';
import { randomFrom } from './random.ts';

/** One fault on one generation, and how often its repair is to be killed as well. */
export type Cell = {
  readonly fault: Fault;
  readonly generation: GenerationName;
  readonly kills: number;
  /** Whether pods are started on the node: `node-check` and the repair must agree with the result. */
  readonly isJudged: boolean;
};

/** What is to be run. */
export type MatrixPlan = {
  readonly cells: readonly Cell[];
  readonly combinations?: readonly Combination[];
  /** The generations whose healthy nodes are checked, and how often in a row. */
  readonly healthy: ReadonlyMap<GenerationName, number>;
  readonly seed: number;
  /** Whether a repair that repairs nothing is run twice. */
  readonly repeatsRefusals: boolean;
};

/** A matrix that is being run: a promise for each part, so that each can be awaited and told by itself. */
export type MatrixRun = {
  readonly cells: ReadonlyMap<Cell, Promise<CellResult>>;
  readonly combinations: ReadonlyMap<Combination, Promise<CombinationResult>>;
  readonly healthy: ReadonlyMap<GenerationName, Promise<HealthyResult>>;
  /** Resolves when all is run and nothing is left on the machine, whatever the parts came to. */
  readonly ended: Promise<void>;
};

/** Nodes of this many generations run at the same time: a machine of CI has two processors, and many a fault only waits. */
const LANES = 3;

const FaultModule = z.object({ faults: z.array(z.custom<Fault>((value) => typeof value === 'object')) });

/** The faults of every remediation, in the order of the files. */
export const readFaults = async (): Promise<Fault[]> => {
  const files = readdirSync(new URL('./faults/', import.meta.url)).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(
    files
      .toSorted()
      .map(async (name) => FaultModule.parse(await import(new URL(`./faults/${name}`, import.meta.url).href))),
  );
  return modules.flatMap(({ faults }) => faults);
};

/** Starts a plan: the generations in parallel, the faults of one generation in sequence on reused nodes. */
export const startMatrix = (plan: MatrixPlan): MatrixRun => {
  const cells = new Map(plan.cells.map((cell) => [cell, Promise.withResolvers<CellResult>()] as const));
  const healthy = new Map(
    [...plan.healthy.keys()].map((name) => [name, Promise.withResolvers<HealthyResult>()] as const),
  );
  const combinations = new Map(
    (plan.combinations ?? []).map((one) => [one, Promise.withResolvers<CombinationResult>()] as const),
  );
  // Each is told by its own test, which may come to it later.
  for (const { promise } of [...cells.values(), ...healthy.values(), ...combinations.values()])
    promise.catch(() => undefined);
  const queue = GENERATION_NAMES.filter(
    (name) =>
      plan.healthy.has(name) || [...plan.cells, ...combinations.keys()].some(({ generation }) => generation === name),
  );
  const lane = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const own = plan.cells.filter((cell) => cell.generation === name);
      const combined = [...combinations].filter(([{ generation }]) => generation === name);
      const waiting = new Set<{ readonly reject: (error: unknown) => void }>([
        ...own.flatMap((cell) => cells.get(cell) ?? []),
        ...[healthy.get(name) ?? []].flat(),
        ...combined.map(([, waits]) => waits),
      ]);
      try {
        await runGeneration(name, own, plan, (cell) => cells.get(cell), healthy.get(name));
        for (const [combination, waits] of combined) await combine(combination).then(waits.resolve, waits.reject);
      } catch (error) {
        // What has an answer keeps it.
        for (const { reject } of waiting) reject(error);
      }
    }
  };
  const ended = Promise.all(Array.from({ length: LANES }, lane)).then(() => undefined);
  return {
    cells: new Map([...cells].map(([cell, { promise }]) => [cell, promise])),
    combinations: new Map([...combinations].map(([one, { promise }]) => [one, promise])),
    healthy: new Map([...healthy].map(([name, { promise }]) => [name, promise])),
    ended,
  };
};

const runGeneration = async (
  generation: GenerationName,
  cells: readonly Cell[],
  plan: MatrixPlan,
  waitingFor: (cell: Cell) => PromiseWithResolvers<CellResult> | undefined,
  waiting: PromiseWithResolvers<HealthyResult> | undefined,
): Promise<void> => {
  // A fleet of its own: the faults of the services concern this generation alone.
  const fleet = await startRealFleet({ nodes: [] });
  let shared: RealNode | undefined;
  try {
    const times = plan.healthy.get(generation);
    if (times !== undefined && waiting !== undefined) {
      shared = await bootNode(fleet, generation);
      await checkHealthy(fleet, shared, times).then(waiting.resolve, waiting.reject);
    }
    const random = randomFrom(plan.seed + GENERATION_NAMES.indexOf(generation));
    for (const cell of cells) {
      const own = cell.fault.node !== undefined;
      const node = own
        ? await bootNode(fleet, generation, cell.fault.node)
        : (shared ?? (await bootNode(fleet, generation)));
      if (!own) shared = node;
      const promise = waitingFor(cell);
      try {
        const result = await runCell(
          node,
          cell.fault,
          { fleet },
          {
            repeatsRefusals: plan.repeatsRefusals,
            isJudged: cell.isJudged,
          },
        );
        // A node of its own is not used again.
        if (!own || cell.fault.restore !== undefined) await restoreNode(node, cell.fault, { fleet });
        await killSomeTimes(node, cell, fleet, random);
        promise?.resolve(result);
      } catch (error) {
        promise?.reject(
          new Error(`"${cell.fault.name}" on ${generation}: ${(error as Error).message}`, { cause: error }),
        );
        // Nobody knows what it is like now.
        for (const target of ['registry', 's3', 'ecr'] as const) await fleet.setFault(target, null);
        if (!own) {
          await node.stop();
          shared = undefined;
        }
      }
      if (own) await node.stop();
    }
  } finally {
    await fleet.stop();
  }
};

/** A combination on a node and a fleet of its own: nobody knows what is left of them. */
const combine = async (combination: Combination): Promise<CombinationResult> => {
  const fleet = await startRealFleet({ nodes: [] });
  try {
    return await runCombination(fleet, await bootNode(fleet, combination.generation), combination);
  } catch (error) {
    const name = `${combinationName(combination)} on ${combination.generation}`;
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  } finally {
    await fleet.stop();
  }
};

const killSomeTimes = async (node: RealNode, cell: Cell, fleet: RealFleet, random: () => number): Promise<void> => {
  if (cell.kills === 0) return;
  const commands = await countCommands(node, cell.fault, { fleet });
  await restoreNode(node, cell.fault, { fleet });
  for (let kill = 0; kill < cell.kills; kill += 1) {
    await killAndRepair(node, cell.fault, { fleet }, random, commands);
    await restoreNode(node, cell.fault, { fleet });
  }
};

const KUBELET_TIMEOUT_SECONDS = 20;

/** A node whose kubelet has come up too. */
const bootNode = async (fleet: RealFleet, generation: GenerationName, spec: Fault['node'] = {}): Promise<RealNode> => {
  const node = await fleet.addNode({ ...spec, generation });
  const waits = `for _ in $(seq ${KUBELET_TIMEOUT_SECONDS * 10}); do curl -fsS 127.0.0.1:10248/healthz && exit; sleep 0.1; done; exit 1`;
  const { code } = await node.exec(['sh', '-c', waits]);
  if (code !== 0)
    throw new Error(`booting a node of ${generation}: kubelet is not healthy: ${await node.journal('kubelet')}`);
  return node;
};
