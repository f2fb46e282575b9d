import { laneMilestones, type Milestone, runMilestones } from '../../core/runs/milestones.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import type { RunControllerPorts } from './ports.ts';

type Ports = Pick<RunControllerPorts, 'log' | 'runs' | 'lanes'>;

const logAll = ({ log }: Ports, milestones: readonly Milestone[]): void => {
  for (const { message, fields } of milestones) log.info(message, fields);
};

/** Stores a run's next state, and logs the milestones that the run has reached. */
export const saveRun = async (ports: Ports, before: RunState, after: RunState): Promise<RunState> => {
  const saved = await ports.runs.save(after);
  logAll(ports, runMilestones(before, saved));
  return saved;
};

/** Stores a new run, and logs its milestones; false if a run with its id is already stored. */
export const createRun = async (ports: Ports, run: RunState): Promise<boolean> => {
  const isCreated = await ports.runs.create(run);
  if (isCreated) logAll(ports, runMilestones(undefined, run));
  return isCreated;
};

/** Stores a lane's next state, and logs the milestones that the lane has reached. */
export const saveLane = async (ports: Ports, before: LaneState, after: LaneState): Promise<LaneState> => {
  const saved = await ports.lanes.save(after);
  logAll(ports, laneMilestones(before, saved));
  return saved;
};
