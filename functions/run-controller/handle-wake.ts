import type { Wake } from '../../core/model/wake.ts';
import { driveRun } from './drive-run.ts';
import { laneTurn } from './lane-turn.ts';
import { planAsked } from './open-run.ts';
import type { RunControllerPorts } from './ports.ts';

/** One turn of a check run. */
const runTurn = async (deps: RunControllerPorts, runId: string, signal: AbortSignal): Promise<void> => {
  const run = await deps.runs.get(runId);
  if (run === undefined) {
    deps.log.warn('ignoring wake for a run that is not stored', { runId });
    return;
  }
  if (run.group !== run.runId) throw new Error(`advancing run ${runId}: it belongs to the group ${run.group}`);
  const planned = run.status === 'queued' ? await planAsked(deps, run, undefined, signal) : run;
  await driveRun(deps, planned, signal);
};

/**
 * run-controller: processes one group. The FIFO queue runs one invocation per group at a time and redelivers after a crash.
 * All state is read from the table, so a redundant wake does nothing.
 */
export const handleWake = async (deps: RunControllerPorts, wake: Wake, signal: AbortSignal): Promise<void> => {
  if (wake.kind === 'lane') await laneTurn(deps, wake.lane, signal);
  else await runTurn(deps, wake.runId, signal);
};
