import type { Limits } from '../../core/model/policy.ts';
import { laneMilestones, type Milestone, runMilestones, trustMilestones } from '../../core/runs/milestones.ts';
import { measuresOf } from '../../core/runs/run-measures.ts';
import type { Commit } from '../../core/runs/step.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

const milestonesOf = ({ lane, run, trust = [] }: Commit, now: string, limits: Limits): readonly Milestone[] => [
  ...(run === undefined ? [] : runMilestones(run.before, run.after)),
  ...trust.flatMap((change) => trustMilestones(change, now, limits)),
  ...(lane === undefined ? [] : laneMilestones(lane.before, lane.after)),
];

/** Stores a decision, logs the milestones that it reaches and measures the end of a run; false if it rests on something that has changed. */
export const commitStep = async (
  deps: Pick<RunControllerPorts, 'commits' | 'log' | 'now' | 'settings' | 'measure'>,
  commit: Commit,
): Promise<boolean> => {
  const now = nowIso(deps);
  if (!(await deps.commits.commit(commit, now))) return false;
  for (const { message, fields } of milestonesOf(commit, now, deps.settings.policy.limits))
    deps.log.info(message, fields);
  const { run, digest } = commit;
  // A run that has ended is stored again where a late observation amends it.
  if (digest !== undefined && run?.before?.status !== 'ended') deps.measure(digest.cluster, measuresOf(digest));
  return true;
};
