import { type Decision, decideNode, type NodeFacts } from '../guards/decide-node.ts';
import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import { isSweepRecording } from '../model/unsupported.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';
import { allowsOneCanary } from './lane.ts';
import { answeredOf, askForCheck, CHECK_SOURCE, keptUntil, merged, requeued, resultsOf } from './outbox.ts';
import { heldDecision, isLocal, REGISTRY_UNREACHABLE } from './registry-hold.ts';

/** A node that a run was asked for, with the pending row that brought it where a signal did. */
export type Candidate = { readonly instanceId: string; readonly row?: PendingNode };

/** Everything that the first decision of a run rests on. */
export type StartInputs = {
  readonly candidates: readonly Candidate[];
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly nodeStates: ReadonlyMap<string, NodeStateRow>;
  /** Whether the policy lists the cluster. */
  readonly isManaged: boolean;
  readonly mayRepair: boolean;
  /** Why no disruptive repair may start on a node of this nodegroup; asked per node. */
  readonly maintenance: (facts: NodeFacts) => string | undefined;
  /** The lane, for repairs: its breaker, and its last window. */
  readonly lane?: LaneState;
  readonly limits: Limits;
  readonly now: string;
};

const GONE: Omit<NodeFacts, 'instanceId'> = { inCluster: false, autoMode: false };

/** A node that needs the registry while that is silent waits; all else is decided first. */
const decide = (run: RunState, candidate: Candidate, inputs: StartInputs): Decision => {
  const decision = decideByPolicy(run, candidate, inputs);
  const hold = inputs.lane?.registryHold;
  const isHeld = hold !== undefined && hold.until > inputs.now && !isLocal(candidate.row);
  return decision.kind === 'go' && isHeld ? heldDecision(hold) : decision;
};

const decideByPolicy = (run: RunState, candidate: Candidate, inputs: StartInputs): Decision => {
  if (!inputs.isManaged) {
    return {
      kind: 'skip',
      skipReason: 'OptedOut',
      message: 'the policy does not list this cluster any more: nothing is done to it',
    };
  }
  const facts = inputs.facts.get(candidate.instanceId) ?? { ...GONE, instanceId: candidate.instanceId };
  const nodeState = inputs.nodeStates.get(candidate.instanceId);
  const maintenance = run.action === 'repair' ? inputs.maintenance(facts) : undefined;
  return decideNode(facts, {
    action: run.action,
    now: inputs.now,
    limits: inputs.limits,
    mayRepair: inputs.mayRepair,
    ...(candidate.row === undefined
      ? {}
      : { lastSeenAt: candidate.row.lastSeenAt, isFinding: candidate.row.source === CHECK_SOURCE }),
    ...(candidate.row?.awaitAgentUntil === undefined ? {} : { awaitAgentUntil: candidate.row.awaitAgentUntil }),
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
  const { row, instanceId } = candidate;
  if (decision.kind === 'wait') {
    const rows: [string, string][] = row === undefined ? [] : [[instanceId, row.version]];
    return [{ kind: 'defer', lane: row?.lane ?? run.group, rows, notBefore: decision.notBefore }];
  }
  const isUnsupported = decision.kind === 'settle' && decision.outcome === 'Unsupported';
  const isSilent = isUnsupported && run.origin.source === 'sweep' && !isSweepRecording(instanceId, now);
  const message = row === undefined ? decision.message : `${decision.message} (what was heard of it: ${row.reason})`;
  const text = {
    outcome: decision.kind === 'settle' ? decision.outcome : ('Skipped' as const),
    ...(decision.kind === 'settle' ? {} : { skipReason: decision.skipReason }),
    ...(row === undefined ? {} : { reason: row.reason }),
    ...(decision.kind === 'skip' && decision.reason !== undefined ? { reason: decision.reason } : {}),
    message: decision.message,
    ...(isUnsupported ? { reason: decision.reason, message, advice: decision.advice } : {}),
  };
  // A passing reason is recorded once for a row, however often the lane looks at it.
  const isKnown = row?.skipped !== undefined && decision.kind === 'skip' && row.skipped === decision.skipReason;
  const told = [
    ...(isKnown || isSilent ? [] : resultsOf([instanceId], text, now)),
    ...(decision.kind === 'check' ? askForCheck(run, [instanceId], row?.reason ?? 'OperatorRequest', now) : []),
  ];
  const isHeld = decision.kind === 'skip' && decision.reason === REGISTRY_UNREACHABLE;
  // An operator's node that is skipped is told so, no more; one that a hold keeps gets a row.
  if (row === undefined && !isHeld) return told;
  if (decision.kind === 'skip' && decision.notBefore !== undefined) {
    return [
      ...told,
      ...keptUntil(run, [[instanceId, row?.version ?? '']], decision.notBefore, decision.skipReason, now),
    ];
  }
  // Kept for a while even where the decision is final: the node may go on complaining.
  return [
    ...told,
    ...answeredOf(run.lane ?? run.group, [[instanceId, row?.version ?? '']], now, limits.coolDownSeconds),
  ];
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
  const hold = lane?.registryHold;
  const isOneCanary = lane !== undefined && allowsOneCanary(lane);
  const limit = isOneCanary ? 1 : queued.action === 'repair' ? limits.maxNodesPerRepairRun : limits.maxNodesPerCheckRun;
  const tooMany: string[] = [];
  const local: string[] = [];
  for (const candidate of inputs.candidates) {
    const decision = decide(queued, candidate, inputs);
    if (decision.kind === 'wait') {
      outbox.push(...settle(queued, candidate, decision, inputs));
    } else if (decision.kind !== 'go') {
      const name = decision.kind === 'settle' ? decision.outcome : decision.skipReason;
      settled[name] = (settled[name] ?? 0) + 1;
      outbox.push(...settle(queued, candidate, decision, inputs));
    } else if (
      pending.length < limit &&
      (isLocal(candidate.row) || hold === undefined || pending.length === local.length)
    ) {
      // After a hold, one node tries the registry.
      pending.push([candidate.instanceId, candidate.row?.version ?? '']);
      if (isLocal(candidate.row)) local.push(candidate.instanceId);
    } else if (candidate.row === undefined) {
      // A signal's row simply waits for the next run; an operator's node has none.
      tooMany.push(candidate.instanceId);
    }
  }
  if (isOneCanary && tooMany.length > 0) {
    const message = "the lane's breaker lets one canary through: ask again when that run has ended";
    outbox.push(...resultsOf(tooMany, { outcome: 'Skipped', skipReason: 'BreakerOpen', message }, now));
    settled.BreakerOpen = (settled.BreakerOpen ?? 0) + tooMany.length;
  } else {
    outbox.push(...requeued(queued, tooMany, now));
  }
  const isFresh =
    lane?.lastWindow !== undefined && epochMs(now) - epochMs(lane.lastWindow.at) < 3_600_000 && !allowsOneCanary(lane);
  const images = inputs.candidates.flatMap((c) => c.row?.image ?? []);
  // The one that a registry can be asked about.
  const image = images.find((name) => !name.startsWith('localhost/')) ?? images[0];
  const { asked, ...rest } = queued;
  return {
    ...rest,
    status: 'active',
    startedAt: now,
    pending,
    settled,
    outbox: merged(outbox),
    startWindow: queued.action === 'check' ? limits.maxNodesPerCheckRun : isFresh ? (lane?.lastWindow?.window ?? 1) : 1,
    canaries: queued.action === 'check' || isFresh ? 0 : limits.canaries,
    priorAttributableFailures: lane?.attributableFailures ?? 0,
    ...(local.length === 0 ? {} : { local }),
    ...(hold === undefined ? {} : { registryHold: hold }),
    ...(image === undefined ? {} : { image }),
    dueAt: now,
  };
};
