import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { parseLaneName } from '../model/lane-name.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { PlannedRun } from '../state/run-state.ts';
import type { Breaker } from '../state/trust-state.ts';

/** The initial state of a lane, from its name. */
export const newLane = (lane: string): LaneState => {
  return { lane, ...parseLaneName(lane), version: 0 };
};

/** The reason why the lane starts no run now, and the time until which it waits. */
export type Hold = { readonly skipReason: 'Paused' | 'BreakerOpen'; readonly until: string; readonly message: string };

/** The reason why the lane waits: a pause, or the open breaker of its document. After that, the lane sends canaries. */
export const holdOf = (breaker: Breaker | undefined, pause: string | undefined, now: string): Hold | undefined => {
  if (pause !== undefined) return { skipReason: 'Paused', until: isoTime(epochMs(now) + 60_000), message: pause };
  if (breaker === undefined) return undefined;
  const { openUntil, runId } = breaker;
  const why =
    runId === undefined
      ? 'since the stored experience with its document cannot be read'
      : `since run ${runId} failed: read that run's results`;
  const message = `the circuit breaker is open until ${openUntil}, ${why}`;
  return { skipReason: 'BreakerOpen', until: openUntil, message };
};

/** The pending nodes that are due now, the longest waiting first. */
export const dueRows = (rows: readonly PendingNode[], now: string): PendingNode[] =>
  rows
    .filter((r) => r.notBefore === undefined || r.notBefore <= now)
    .sort((a, b) => a.firstSeenAt.localeCompare(b.firstSeenAt) || a.instanceId.localeCompare(b.instanceId));

/** When the next pending node of the lane is due; undefined if the lane has none. */
export const nextDue = (rows: readonly PendingNode[], now: string): string | undefined => {
  const times = rows.map((r) => r.notBefore ?? now).sort();
  return times[0];
};

/** The state of the lane after a run, or without one that it leaves. */
export const afterRun = (lane: LaneState, run: PlannedRun): LaneState => {
  const { activeRunId, ...rest } = lane;
  // A run that was never planned knows nothing of the registry.
  if (run.registry === undefined) return rest;
  const { registryHold, ...others } = rest;
  return { ...others, registry: run.registry, ...defined({ registryHold: run.registryHold }) };
};
