import { epochMs, isoTime } from './ids.ts';
import { isProbe } from './lane.ts';
import { type Decision, decideNode, type NodeFacts } from './plan.ts';
import type { Limits } from './policy.ts';
import type { LaneState, MailboxRow, NodeStateRow, OutboxEntry, RunState } from './rows.ts';
import { askForCheck, newsOf, resultOf } from './run-outbox.ts';

/** A node that a run was asked for, with the mailbox row that brought it where a signal did. */
export type Candidate = { readonly instanceId: string; readonly row?: MailboxRow };

/** Everything that the first decision of a run rests on. */
export type StartInputs = {
  readonly candidates: readonly Candidate[];
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly nodeStates: ReadonlyMap<string, NodeStateRow>;
  readonly mayRepair: boolean;
  /** Why no disruptive repair may start on a node of this nodegroup; asked per node. */
  readonly maintenance: (facts: NodeFacts) => string | undefined;
  /** The lane, for repairs: its breaker, and the window that it earned. */
  readonly lane?: LaneState;
  readonly limits: Limits;
  readonly now: string;
};

const GONE: Omit<NodeFacts, 'instanceId'> = { inCluster: false, autoMode: false };

const decide = (run: RunState, candidate: Candidate, inputs: StartInputs): Decision => {
  const facts = inputs.facts.get(candidate.instanceId) ?? { ...GONE, instanceId: candidate.instanceId };
  const nodeState = inputs.nodeStates.get(candidate.instanceId);
  const maintenance = run.action === 'repair' ? inputs.maintenance(facts) : undefined;
  return decideNode(facts, {
    action: run.action,
    now: inputs.now,
    limits: inputs.limits,
    mayRepair: inputs.mayRepair,
    ...(candidate.row === undefined ? {} : { lastSeenAt: candidate.row.lastSeenAt }),
    ...(nodeState === undefined ? {} : { nodeState }),
    ...(maintenance === undefined ? {} : { maintenance }),
  });
};

/** What is written for a node that gets no command: its result, its row's future, perhaps a check. */
const settle = (
  run: RunState,
  candidate: Candidate,
  decision: Exclude<Decision, { kind: 'go' }>,
  inputs: StartInputs,
): OutboxEntry[] => {
  const { now, limits } = inputs;
  const { row } = candidate;
  const outcome = decision.kind === 'settle' ? decision.outcome : 'Skipped';
  const why = decision.kind === 'settle' ? {} : { why: decision.why };
  const reason = row === undefined ? {} : { reason: row.reason };
  const entries: OutboxEntry[] = [];
  // A passing reason is recorded once for a row, however often the lane looks at it.
  const isKnown = row?.skipped !== undefined && decision.kind === 'skip' && row.skipped === decision.why;
  if (!isKnown)
    entries.push(resultOf(run, candidate.instanceId, { outcome, ...why, ...reason, message: decision.message }, now));
  if (decision.kind === 'check')
    entries.push(askForCheck(run, candidate.instanceId, row?.reason ?? 'OperatorRequest', now));
  if (row !== undefined) {
    const passing = decision.kind === 'skip' && decision.notBefore !== undefined;
    entries.push({
      kind: 'defer',
      lane: row.lane,
      instanceId: row.instanceId,
      version: row.version,
      // Kept for a while even where the decision is final: the node may go on complaining.
      notBefore: passing ? (decision.notBefore ?? now) : isoTime(epochMs(now) + limits.coolDownSeconds * 1000),
      decidedAt: now,
      ...(passing ? { why: decision.why } : {}),
    });
  }
  return entries;
};

/**
 * Turns a queued run into a planned one: decides node by node, records every decision not to act, and sets the slow
 * start. The run may come out with nothing to send; it then ends at its first step.
 */
export const startRun = (queued: RunState, inputs: StartInputs): RunState => {
  const { lane, limits, now } = inputs;
  const outbox: OutboxEntry[] = [...queued.outbox];
  const pending: [string, string][] = [];
  const settled: Partial<Record<string, number>> = { ...queued.settled };
  const isLaneProbe = lane !== undefined && isProbe(lane);
  const limit = isLaneProbe ? 1 : queued.action === 'repair' ? limits.maxNodesPerRepairRun : limits.maxNodesPerCheckRun;
  for (const candidate of inputs.candidates) {
    const decision = decide(queued, candidate, inputs);
    if (decision.kind === 'go') {
      if (pending.length < limit) {
        pending.push([candidate.instanceId, candidate.row?.version ?? '']);
        continue;
      }
      // A signal's row simply waits for the next run; an operator's node becomes a row, or behind a probe is told.
      if (candidate.row !== undefined) continue;
      if (!isLaneProbe) {
        outbox.push(
          newsOf(queued, queued.lane ?? queued.group, candidate.instanceId, 'OperatorRequest', 'operator', now),
        );
        continue;
      }
      outbox.push(
        resultOf(
          queued,
          candidate.instanceId,
          {
            outcome: 'Skipped',
            why: 'BreakerOpen',
            message: "the lane's breaker lets one canary through: ask again when that run has ended",
          },
          now,
        ),
      );
      settled.BreakerOpen = (settled.BreakerOpen ?? 0) + 1;
      continue;
    }
    const name = decision.kind === 'settle' ? decision.outcome : decision.why;
    settled[name] = (settled[name] ?? 0) + 1;
    outbox.push(...settle(queued, candidate, decision, inputs));
  }
  const isFresh = lane?.earned !== undefined && epochMs(now) - epochMs(lane.earned.at) < 3_600_000 && !isProbe(lane);
  const image = inputs.candidates.find((c) => c.row?.image !== undefined)?.row?.image;
  const { asked, ...rest } = queued;
  return {
    ...rest,
    status: 'active',
    pending,
    settled,
    outbox,
    startWindow: queued.action === 'check' ? limits.maxNodesPerCheckRun : isFresh ? (lane?.earned?.window ?? 1) : 1,
    canaries: queued.action === 'check' || isFresh ? 0 : limits.canaries,
    priorEvidence: lane?.evidence ?? 0,
    ...(image === undefined ? {} : { image }),
    dueAt: now,
  };
};
