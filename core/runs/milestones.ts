import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { LaneState } from '../state/lane-state.ts';
import { type RunState, startOf, stopOf } from '../state/run-state.ts';
import { hasClosed, hasOpened, type TrustChange } from './experience.ts';
import { countsOf } from './reports.ts';

/** A step that a person may want to see in the log: a message that starts with a verb, and its fields. */
export type Milestone = { readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

const isSent = (run: RunState | undefined): boolean =>
  run?.commands.some((command) => command.sentAt !== undefined || command.status === 'closed') === true;

const seconds = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 1000);

/**
 * The milestones of a run between two stored states, oldest first: planned, started (SSM has its first command),
 * stopped, ended. `before` is undefined for a run that is stored for the first time. Equal states reach nothing.
 */
export const runMilestones = (before: RunState | undefined, after: RunState): readonly Milestone[] => {
  const { runId, cluster, remediation, action, lane } = after;
  const run = { runId, cluster, remediation, action, ...defined({ lane }) };
  const wasPlanned = before !== undefined && before.status !== 'queued';
  const milestones: Milestone[] = [];
  if (!wasPlanned && after.status !== 'queued') {
    const { settled } = after;
    const fields = { ...run, because: after.because.kind, pending: after.pending.length, settled };
    milestones.push({ message: 'planning run', fields });
  }
  if (!isSent(before) && isSent(after)) {
    milestones.push({ message: 'starting run', fields: { ...run, pending: after.pending.length } });
  }
  const stop = stopOf(after);
  if (stop !== undefined && (before === undefined || stopOf(before) === undefined)) {
    const fields = { ...run, reason: stop.reason, pending: after.pending.length };
    milestones.push({ message: 'stopping run', fields });
  }
  if (before?.status !== 'ended' && after.status === 'ended') {
    const durationSeconds = seconds(startOf(after), after.endedAt);
    milestones.push({ message: 'ending run', fields: { ...run, counts: countsOf(after), durationSeconds } });
  }
  return milestones;
};

/** The milestones of the experience with a document: its breaker opened or closed. */
export const trustMilestones = (change: TrustChange, now: string, limits: Limits): readonly Milestone[] => {
  const { document, cluster, breaker } = change.after;
  if (hasOpened(change)) return [{ message: 'opening circuit breaker', fields: { document, cluster, ...breaker } }];
  if (!hasClosed(change, now, limits)) return [];
  return [{ message: 'closing circuit breaker', fields: { document, cluster, openings: breaker?.openings } }];
};

/** The milestones of a lane between two stored states: a registry hold began or ended. */
export const laneMilestones = (before: LaneState, after: LaneState): readonly Milestone[] => {
  const { lane } = after;
  const milestones: Milestone[] = [];
  if (after.registryHold !== undefined && after.registryHold.holds !== before.registryHold?.holds) {
    milestones.push({ message: 'holding nodes that need the registry', fields: { lane, ...after.registryHold } });
  }
  if (after.registryHold === undefined && before.registryHold !== undefined) {
    milestones.push({ message: 'releasing nodes that need the registry', fields: { lane } });
  }
  return milestones;
};
