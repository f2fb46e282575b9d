import { isoTime } from '../../core/model/ids.ts';
import type { Wake } from '../../core/model/wake.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { driveRun } from './drive-run.ts';
import { laneTurn } from './lane-turn.ts';
import { saveRun } from './log-milestones.ts';
import { planAsked } from './open-run.ts';
import type { RunControllerPorts } from './ports.ts';
import { isCancelled } from './settle-cancelled.ts';

/** How often a check that a pause holds back is looked at. */
const PAUSE_LOOK_MS = 60_000;

/**
 * A pause of everything: a sweep ends without a command and without rows, since the next one looks at the same nodes. Any
 * other check waits for the end of the pause.
 */
const holdCheck = async (deps: RunControllerPorts, run: RunState, now: Date): Promise<void> => {
  const at = now.toISOString();
  const next: RunState =
    run.because.kind === 'sweep'
      ? { ...run, status: 'ended', startedAt: at, endedAt: at, stopped: { reason: 'Paused', at } }
      : { ...run, dueAt: isoTime(now.getTime() + PAUSE_LOOK_MS) };
  await saveRun(deps, run, next);
};

/** One turn of a check run. */
const runTurn = async (deps: RunControllerPorts, runId: string, signal: AbortSignal): Promise<void> => {
  const run = await deps.runs.get(runId);
  if (run === undefined) {
    deps.log.warn('ignoring wake for a run that is not stored', { runId });
    return;
  }
  if (run.group !== run.runId) throw new Error(`advancing run ${runId}: it belongs to the group ${run.group}`);
  if (run.status !== 'queued') return void (await driveRun(deps, run, signal));
  const now = deps.now();
  const pause = await deps.results.pauseFor(run.cluster, run.action, now.toISOString());
  // A cancelled check ends also under a pause.
  if (pause === undefined || (await isCancelled(deps, run))) {
    await driveRun(deps, await planAsked(deps, run, undefined, signal), signal);
  } else {
    await holdCheck(deps, run, now);
  }
};

/**
 * run-controller: processes one group. The FIFO queue runs one invocation per group at a time and redelivers after a crash.
 * All state is read from the table, so a redundant wake does nothing.
 */
export const handleWake = async (deps: RunControllerPorts, wake: Wake, signal: AbortSignal): Promise<void> => {
  if (wake.kind === 'lane') await laneTurn(deps, wake.lane, signal);
  else await runTurn(deps, wake.runId, signal);
};
