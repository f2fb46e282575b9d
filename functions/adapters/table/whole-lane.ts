import { newLane } from '../../../core/runs/lane.ts';
import type { LaneState } from '../../../core/state/lane-state.ts';
import { allOf, anyOf, type Condition, isNew, isThere } from './expressions.ts';

type Named = Pick<LaneState, 'lane' | 'cluster' | 'remediation' | 'version'>;

/**
 * What every row of a lane has, for an update that may be the first write of it, and the condition of such an update. A row
 * that has lost one of these is not completed: run-controller puts it aside and reports it.
 */
export const wholeLane = (name: string): { readonly setIfAbsent: Named; readonly isWhole: Condition } => {
  const { lane, cluster, remediation } = newLane(name);
  const setIfAbsent = { lane, cluster, remediation, version: 0 };
  return { setIfAbsent, isWhole: anyOf(isNew, allOf(...Object.keys(setIfAbsent).map(isThere))) };
};
