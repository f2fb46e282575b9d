import { GENERATION_NAMES, type GenerationName } from '../../lab/real/generations.ts';
import { expectedOn } from './cell.ts';
import type { Fault } from './fault.ts';
import { randomFrom, shuffled } from './random.ts';
import type { Cell, MatrixPlan } from './run-matrix.ts';

/** How much of the matrix is run. */
export type Choice = {
  readonly seed: number;
  /** All cells, with kills and checks on each; else one fault of each kind on one generation, the generations evenly. */
  readonly isDeep: boolean;
  /** Kills of each repair that can be killed; in a sample, of all together. */
  readonly kills: number;
  /** Checks in a row of a healthy node; in a sample, of the first two generations (the others get two). */
  readonly checks: number;
  readonly only?: GenerationName;
};

const FEW_CHECKS = 2;
const FULLY_CHECKED = 2;
/** In a sample, pods are started in one cell of so many. */
const JUDGED_ONE_IN = 10;

/** Chooses what to run: the same for the same faults and seed. */
export const chooseCells = (faults: readonly Fault[], choice: Choice): MatrixPlan => {
  const { seed, isDeep, kills, checks, only } = choice;
  const random = randomFrom(seed);
  const names = shuffled(
    random,
    GENERATION_NAMES.filter((name) => only === undefined || name === only),
  );
  const count = (isFully: boolean) => Math.min(checks, isDeep || isFully ? checks : FEW_CHECKS);
  const healthy = new Map(checks === 0 ? [] : names.map((name, i) => [name, count(i < FULLY_CHECKED)] as const));
  const everywhere = faults.flatMap((fault) =>
    fault.generations
      .filter((name) => only === undefined || name === only)
      .map((generation) => ({ fault, generation })),
  );
  const quick = faults.filter((fault) => fault.slow !== true);
  const chosen = isDeep ? everywhere : oneOfEachKind(oneEach(quick, random), random);
  const killable = chosen.filter(({ fault }) => fault.kill === true);
  const killed = new Set(isDeep ? killable : shuffled(random, killable).slice(0, kills));
  const judged = new Set(isDeep ? chosen : shuffled(random, chosen).slice(0, Math.ceil(chosen.length / JUDGED_ONE_IN)));
  const cells: Cell[] = chosen.map((cell) => ({
    ...cell,
    kills: killed.has(cell) ? (isDeep ? kills : 1) : 0,
    isJudged: judged.has(cell) || cell.fault.isOnlyInJournals === true,
  }));
  return { cells, healthy, seed, repeatsRefusals: isDeep };
};

/** Each fault on the generation that has the fewest so far, of those where it can occur. */
const oneEach = (faults: readonly Fault[], random: () => number) => {
  const load = new Map<GenerationName, number>(GENERATION_NAMES.map((name) => [name, 0]));
  return faults.map((fault) => {
    const [generation] = shuffled(random, fault.generations).toSorted(
      (a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0),
    );
    if (generation === undefined) throw new Error(`choosing where to try "${fault.name}": it names no generation`);
    load.set(generation, (load.get(generation) ?? 0) + 1);
    return { fault, generation };
  });
};

/** The kinds of a cell: what the check must say there, and what the repair must do. */
export const kindsOf = ({ fault, generation }: { fault: Fault; generation: GenerationName }): readonly string[] => {
  const { outcome, reason } = expectedOn(generation, fault.check);
  const check = [fault.remediation, 'check', outcome, reason];
  if (fault.repair === undefined) return [check.join(' ')];
  const repair = expectedOn(generation, fault.repair);
  const repaired = [fault.remediation, 'repair', repair.outcome, repair.method, repair.evidence?.notChanged];
  return [check, repaired].map((words) => words.map(String).join(' '));
};

/** Few cells that show each kind, in the order in which they were; faults that only the journals show are all kept. */
const oneOfEachKind = <Cell extends { fault: Fault; generation: GenerationName }>(
  cells: readonly Cell[],
  random: () => number,
): Cell[] => {
  const kept = new Set(cells.filter(({ fault }) => fault.isOnlyInJournals === true));
  const known = new Set([...kept].flatMap(kindsOf));
  const newKinds = (cell: Cell) => kindsOf(cell).filter((kind) => !known.has(kind)).length;
  // Those with most kinds first: a fault that is repaired has two.
  for (const most of [2, 1])
    for (const cell of shuffled(random, cells)) {
      if (newKinds(cell) < most) continue;
      kept.add(cell);
      for (const kind of kindsOf(cell)) known.add(kind);
    }
  return cells.filter((cell) => kept.has(cell));
};
