import { groupOf, type Wake } from '../../core/model/wake.ts';
import { isStuck, withFailure } from '../../core/runs/stuck.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { VersionConflictError } from '../adapters/table/items.ts';
import { ContentionError } from '../adapters/table/table.ts';
import { isThrottled } from '../adapters/unread.ts';
import { asError } from '../runtime/errors.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { readLane } from './replace-unreadable.ts';

/** The wake is repeated, and nothing is wrong: other writers came first. */
export class RepeatedError extends Error {
  override readonly name = 'RepeatedError';
}

/** The time of the invocation is over. The wake is repeated; nothing is wrong where the turn has stored something. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/** What a turn read last: its lane, or the check that is a group of its own. And whether it has stored a decision. */
export type Read = { lane?: LaneState; run?: RunState; hasCommitted?: true };

/** Whether a turn failed for a reason that says nothing about the lane: throttling, or other writers. */
const isPassing = (thrown: unknown): boolean => {
  if (thrown instanceof AggregateError) return thrown.errors.every(isPassing);
  return (
    thrown instanceof RepeatedError ||
    thrown instanceof VersionConflictError ||
    thrown instanceof ContentionError ||
    isThrottled(thrown)
  );
};

const messageOf = (thrown: unknown): string =>
  thrown instanceof AggregateError ? thrown.errors.map(String).join('; ') : asError(thrown).message;

/** Stores one more failure of a lane, or of a check in its own group. Returns whether it is stuck now. */
const count = async (deps: RunControllerPorts, wake: Wake, message: string): Promise<boolean> => {
  if (wake.kind === 'lane') {
    const lane = await readLane(deps, wake.lane);
    const failures = withFailure(lane.failures, message, nowIso(deps));
    await deps.lanes.setFailures(lane, failures);
    return isStuck({ failures });
  }
  const stored = await deps.runs.read(wake.runId);
  if (stored.kind !== 'run' || stored.run.status === 'ended') return false;
  const failures = withFailure(stored.run.failures, message, nowIso(deps));
  await deps.runs.setFailures(stored.run, failures);
  return isStuck({ failures });
};

/**
 * Counts a failed turn where it may say something about its lane. Returns whether the run at work must end now. A turn whose
 * time was over is one that failed, unless it got on. Where not even this can be stored, the turn has failed all the same.
 */
export const countFailure = async (
  deps: RunControllerPorts,
  wake: Wake,
  thrown: unknown,
  read: Read,
): Promise<boolean> => {
  if (isPassing(thrown)) return false;
  try {
    if (thrown instanceof OutOfTimeError && read.hasCommitted === true) {
      await forgetFailures(deps, read);
      return false;
    }
    return await count(deps, wake, messageOf(thrown));
  } catch (error) {
    deps.log.warn('failing to count a failed turn', { group: groupOf(wake), error: asError(error) });
    return false;
  }
};

/** Forgets the failures of a group after a turn that succeeded, by what that turn read last. */
export const forgetFailures = async (deps: RunControllerPorts, { lane, run }: Read): Promise<void> => {
  if (lane?.failures !== undefined) await deps.lanes.setFailures(lane, undefined);
  if (run !== undefined && run.status !== 'ended' && run.failures !== undefined)
    await deps.runs.setFailures(run, undefined);
};
