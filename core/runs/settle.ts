import { REGISTRY_UNREACHABLE } from '../guards/attempts.ts';
import { outcomeOf, type Settled } from '../guards/decide-node.ts';
import { causeOf } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import { BEYOND_EC2_TOLD_SECONDS, isSweepRecording, unsupportedKindOf } from '../model/unsupported.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import { isSweep, type RunState } from '../state/run-state.ts';
import { answeredOf, askForCheck, becausesOf, keptUntil, resultsOf } from './outbox.ts';

/** A node of a run before the decision, with its pending row if a signal reported it. */
export type Candidate = { readonly instanceId: string; readonly row?: PendingNode };

/** The time of a decision, and its limits. */
type Moment = { readonly now: string; readonly limits: Limits };

const reasonOf = (decision: Settled, row: PendingNode | undefined): string | undefined =>
  (decision.kind === 'skip' || decision.kind === 'unsupported' ? decision.reason : undefined) ?? row?.reason;

const textOf = (decision: Settled, row: PendingNode | undefined) => ({
  ...outcomeOf(decision),
  ...defined({ reason: reasonOf(decision, row) }),
  message:
    decision.kind === 'unsupported' && row !== undefined
      ? `${decision.message} (reported symptom: ${row.reason})`
      : decision.message,
  ...(decision.kind === 'unsupported' ? { advice: decision.advice } : {}),
});

/** A temporary reason is recorded once per row, not at every evaluation. A sweep records a part of its nodes. */
const isRecorded = (run: RunState, { instanceId, row }: Candidate, decision: Settled, now: string): boolean => {
  if (decision.kind === 'skip') return row?.skipped !== decision.skipReason;
  return decision.kind !== 'unsupported' || !isSweep(run) || isSweepRecording(instanceId, now);
};

/** The change to the pending row of a settled node. Without a row, a node gets one only if a registry hold defers it. */
const rowAfter = (run: RunState, { instanceId, row }: Candidate, decision: Settled, at: Moment): OutboxEntry[] => {
  const isHeld = decision.kind === 'skip' && decision.reason === REGISTRY_UNREACHABLE;
  if (row === undefined && !isHeld) return [];
  const taken = [[instanceId, row?.version ?? '']] as const;
  if (decision.kind === 'skip' && decision.notBefore !== undefined) {
    return keptUntil(run, taken, decision.notBefore, decision.skipReason, at.now);
  }
  // The row is kept for a while even if the decision is final: the node may report its fault again.
  const seconds = unsupportedKindOf(instanceId) === undefined ? at.limits.coolDownSeconds : BEYOND_EC2_TOLD_SECONDS;
  return answeredOf(run.lane ?? run.group, taken, at.now, seconds);
};

/** Defers a node's row until the next look at it; a node without a row gets one. Nothing is recorded. */
export const wait = (run: RunState, { instanceId, row }: Candidate, notBefore: string, now: string): OutboxEntry[] =>
  row === undefined
    ? keptUntil(run, [[instanceId, '']], notBefore, 'Unreadable', now)
    : [{ kind: 'defer', lane: row.lane, rows: [[instanceId, row.version]], notBefore }];

/** The entries for a node that gets no command: its result, possibly a check, and the change to its pending row. */
export const settle = (run: RunState, candidate: Candidate, decision: Settled, at: Moment): OutboxEntry[] => {
  const { instanceId, row } = candidate;
  const ids = [instanceId];
  return [
    ...(isRecorded(run, candidate, decision, at.now)
      ? resultsOf(ids, textOf(decision, row), at.now, becausesOf(run, row === undefined ? [] : [row]))
      : []),
    ...(decision.kind === 'check'
      ? askForCheck(run, ids, row?.reason ?? 'OperatorRequest', at.now, row?.because ?? causeOf(run.because))
      : []),
    ...rowAfter(run, candidate, decision, at),
  ];
};
