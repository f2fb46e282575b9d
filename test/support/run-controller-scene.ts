import { afterAll, beforeAll } from 'vitest';
import { runControllerWorld } from './run-controller-world.ts';
import { startTable, type TestTable } from './table.ts';

/** Everything around run-controller, as a test has it. */
export type World = ReturnType<typeof runControllerWorld>;
type Options = Parameters<typeof runControllerWorld>[1];

/** Starts a table for the tests of a file; returns a function that makes a world with a table of its own. */
export const worldsOfRunController = (): ((options?: Options) => Promise<World>) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await startTable();
  });
  afterAll(() => table.stop());
  return async (options = {}) => runControllerWorld(await table.another(), options);
};

/** Breaks nodes; a repair on one takes `latencyMs`. */
export const breakNodes = (w: World, ids: readonly string[], latencyMs = 8000): void => {
  for (const id of ids) w.nodes.set(id, { broken: true, latencyMs });
};

/** The turns of one run fail whenever its observations are read. */
export const failObservations = (w: World, runId: string): void => {
  const { readObservations } = w.deps.runs;
  Object.assign(w.deps, {
    runs: {
      ...w.deps.runs,
      readObservations: async (id: string) => {
        if (id === runId) throw new Error('reading the observations: no');
        return await readObservations(id);
      },
    },
  });
};
