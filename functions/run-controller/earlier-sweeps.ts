import { checkedNodes } from '../../core/runs/batch-results.ts';
import { type Sweep, sweepIdsBefore, sweepOf, unseenIn } from '../../core/runs/last-looks.ts';
import type { QueuedRun } from '../../core/state/run-state.ts';
import type { RunControllerPorts } from './ports.ts';

/** How many sweeps are read at most, to find when a node was last seen healthy. */
const MAX_SWEEPS = 3;

/**
 * The sweeps before a sweep, the last one first, as far as its nodes need them: nearly all were healthy in the last one. A
 * sweep that has not ended, or that cannot be read, is left out.
 */
export const earlierSweeps = async (
  deps: Pick<RunControllerPorts, 'runs'>,
  run: QueuedRun,
  nodes: readonly string[],
): Promise<readonly Sweep[]> => {
  const sweeps: Sweep[] = [];
  for (const runId of sweepIdsBefore(run, MAX_SWEEPS)) {
    if (unseenIn(nodes, sweeps).length === 0) break;
    const stored = await deps.runs.read(runId);
    if (stored.kind !== 'run' || stored.run.status !== 'ended' || stored.run.startedAt === undefined) continue;
    const { startedAt, ailing, raised } = stored.run;
    sweeps.push(sweepOf({ startedAt, ailing, raised }, checkedNodes(await deps.runs.observations(runId))));
  }
  return sweeps;
};
