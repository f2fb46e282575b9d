import { attributableFailuresOf, mustOpenBreaker, passedOf, repairedOf, windowOf } from '../guards/slow-start.ts';
import { breakerSeconds } from '../guards/trust.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { parseLaneName } from '../model/lane-name.ts';
import type { Limits } from '../model/policy.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';
import { holdAfter } from './registry-hold.ts';

/** The initial state of a lane, from its name. */
export const newLane = (lane: string): LaneState => {
  return { lane, ...parseLaneName(lane), version: 0, attributableFailures: 0 };
};

/** The reason why the lane starts no run now, and the time until which it waits. */
export type Hold = { readonly skipReason: 'Paused' | 'BreakerOpen'; readonly until: string; readonly message: string };

/** The reason why the lane waits: a pause, or an open breaker. After its open time, a breaker lets one canary through. */
export const holdOf = (lane: LaneState, pause: string | undefined, now: string): Hold | undefined => {
  if (pause !== undefined) return { skipReason: 'Paused', until: isoTime(epochMs(now) + 60_000), message: pause };
  if (lane.breaker !== undefined && epochMs(lane.breaker.openUntil) > epochMs(now)) {
    return {
      skipReason: 'BreakerOpen',
      until: lane.breaker.openUntil,
      message: `the lane's breaker is open until ${lane.breaker.openUntil}, since run ${lane.breaker.runId} failed: read that run's results`,
    };
  }
  return undefined;
};

/** Whether the lane's next run is the one canary that a breaker lets through. */
export const allowsOneCanary = (lane: LaneState): boolean => lane.breaker !== undefined;

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

/** The state of the lane after a run: its window, its failures, and the breaker. */
export const afterRun = (
  lane: LaneState,
  run: RunState,
  now: string,
  limits: Limits,
): { readonly lane: LaneState; readonly outbox: readonly OutboxEntry[] } => {
  const { activeRunId, breaker, registryHold, ...rest } = lane;
  const repaired = repairedOf(run);
  const failures = attributableFailuresOf(run);
  const hold = holdAfter(lane, run);
  const next: LaneState = {
    ...rest,
    ...defined({ registryHold: hold }),
    attributableFailures: repaired > 0 ? 0 : failures,
    ...(repaired > 0 ? { lastWindow: { window: windowOf(run, limits), at: now } } : {}),
  };
  const hasCanaryFailed = breaker !== undefined && failures > run.priorAttributableFailures;
  if (mustOpenBreaker(run, limits) || hasCanaryFailed) {
    const openings = (breaker?.openings ?? 0) + 1;
    const openUntil = isoTime(epochMs(now) + breakerSeconds(openings, limits) * 1000);
    const { lastWindow, ...careful } = next;
    const opened: LaneState = {
      ...careful,
      attributableFailures: 0,
      breaker: { openUntil, openings, runId: run.runId },
    };
    const notice: OutboxEntry = {
      kind: 'notice',
      id: `${run.runId}/breaker`,
      detailType: 'Breaker Opened',
      detail: {
        lane: lane.lane,
        cluster: lane.cluster,
        remediation: lane.remediation,
        runId: run.runId,
        openUntil,
        openings,
      },
    };
    return { lane: opened, outbox: [notice] };
  }
  const hasCanaryPassed = passedOf(run) > 0;
  if (breaker !== undefined && !hasCanaryPassed) return { lane: { ...next, breaker }, outbox: [] };
  return { lane: next, outbox: [] };
};
