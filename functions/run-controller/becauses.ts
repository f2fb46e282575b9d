import { becausesOfNodes } from '../../core/runs/because-of-nodes.ts';
import { becausesOfLooks } from '../../core/runs/last-looks.ts';
import type { CommandRow, CommandState } from '../../core/state/command-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import type { RunControllerPorts } from './ports.ts';

/** Why each node of a command is in it, where that differs from the run's: their rows are still there before the send. */
export const becausesFor = async (
  deps: RunControllerPorts,
  run: RunState,
  { instanceIds, versions = [] }: CommandState,
): Promise<NonNullable<CommandRow['becauses']>> => {
  const waiting = instanceIds.filter((_, i) => (versions[i] ?? '') !== '');
  if (run.lane === undefined || waiting.length === 0) return becausesOfLooks(run, instanceIds);
  const [rows, states] = await Promise.all([
    deps.lanes.rowsOf(run.lane, waiting),
    run.action === 'repair' ? deps.results.nodeStates(waiting, run.remediation) : new Map(),
  ]);
  return becausesOfNodes(run, rows.understood, states, deps.settings.policy.limits);
};
