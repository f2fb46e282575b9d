import { isoTime } from '../../core/model/ids.ts';
import { batchesOf } from '../../core/runs/batch.ts';
import { isOver } from '../../core/runs/command.ts';
import type { RunSeen } from '../../core/runs/run-step.ts';
import type { CommandState } from '../../core/state/command-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { tellUnreadable } from './tell-unreadable.ts';

/** Scheduler observes a command within a minute of its hard deadline, unless its observation was lost after that. */
const LATE_MS = 180_000;

/** The commands whose observation should be stored by now. */
const expectedOf = (run: RunState, now: string): readonly CommandState[] => {
  const oldest = isoTime(Date.parse(now) - LATE_MS);
  return batchesOf(run.commands).flatMap((parts) => {
    if (parts.every(isOver)) return run.action === 'check' && parts[0].counts === undefined ? parts : [];
    return parts.filter(({ status, hardDeadlineAt = now }) => status === 'sent' && hardDeadlineAt < oldest);
  });
};

/**
 * The observations of a run's commands. One that cannot be read, or is missing after the end of its command, is written
 * again: its command is made due, and scheduler asks SSM once more. `awaited` has the commands for which that is possible.
 */
export const observationsOf = async (
  deps: RunControllerPorts,
  run: RunState,
): Promise<Pick<RunSeen, 'observations' | 'awaited'>> => {
  if (run.commands.length === 0 || run.status === 'queued') return { observations: [], awaited: new Set() };
  const now = nowIso(deps);
  const { understood: observations, broken } = await deps.runs.readObservations(run.runId);
  for (const { key, problem } of broken)
    tellUnreadable(deps, 'SSM is asked for the command again', { runId: run.runId, key, problem });
  const final = new Set(observations.flatMap(({ key, final: isFinal }) => (isFinal ? [key] : [])));
  const bad = new Set(broken.map(({ key }) => key));
  const missing = [...run.commands.filter(({ key }) => bad.has(key)), ...expectedOf(run, now)];
  const awaited = new Set<string>();
  for (const { key, commandId } of missing) {
    if (commandId === undefined || final.has(key) || awaited.has(key)) continue;
    if (await deps.results.setCommandDue(commandId, now)) awaited.add(key);
  }
  return { observations, awaited };
};
