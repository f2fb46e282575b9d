import type { RunState } from '../core/rows.ts';
import type { Wake } from '../core/wake.ts';
import type { AdvanceDeps } from './deps.ts';
import { driveRun } from './drive-run.ts';
import { laneTurn } from './lane-turn.ts';
import { planRun } from './plan-run.ts';

/** A check of a large cluster becomes several runs; the parts after the first are stored before the first is planned. */
const split = async (deps: AdvanceDeps, run: RunState, asked: readonly string[]): Promise<readonly string[]> => {
  const max = deps.settings.policy.limits.maxNodesPerCheckRun;
  const first = asked.slice(0, max);
  for (let part = 2, start = max; start < asked.length; part++, start += max) {
    const runId = `${run.runId}-${part}`;
    await deps.runs.create({ ...run, runId, group: runId, version: 0, asked: asked.slice(start, start + max) });
    await deps.wakes.wake([{ kind: 'run', runId }]);
  }
  return first;
};

/** One look at a check run. */
const runTurn = async (deps: AdvanceDeps, runId: string, signal: AbortSignal): Promise<void> => {
  let run = await deps.runs.get(runId);
  if (run === undefined) {
    deps.log.warn('woken for a run that is not stored', { runId });
    return;
  }
  if (run.group !== run.runId) throw new Error(`advancing run ${runId}: it belongs to the group ${run.group}`);
  if (run.status === 'queued') {
    const asked = await split(deps, run, run.asked ?? (await deps.fleet.list(run.cluster)));
    run = await deps.runs.save(
      await planRun(
        deps,
        run,
        asked.map((instanceId) => ({ instanceId })),
        undefined,
        signal,
      ),
    );
  }
  await driveRun(deps, run, signal);
};

/**
 * λ advance: looks at one group. The FIFO queue runs one of these per group at a time and redelivers after a crash;
 * everything is read from the rows, so that a wake too many does nothing.
 */
export const handleWake = async (deps: AdvanceDeps, wake: Wake, signal: AbortSignal): Promise<void> => {
  if (wake.kind === 'lane') await laneTurn(deps, wake.lane, signal);
  else await runTurn(deps, wake.runId, signal);
};
