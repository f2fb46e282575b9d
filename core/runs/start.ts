import { type Decision, type DecisionContext, decideNode, type NodeFacts, settledAs } from '../guards/decide-node.ts';
import type { Unread } from '../guards/look.ts';
import { NO_NEWS, silentLast, TRIALS } from '../guards/registry.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import { type SettledCounts, withCounts } from '../state/counts.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { CHECK_SOURCE } from '../state/pending-node.ts';
import type { QueuedRun, RunningRun, RunState } from '../state/run-state.ts';
import { merged, requeued } from './outbox.ts';
import { heldDecision, isLocal } from './registry-hold.ts';
import { type Candidate, settle, wait } from './settle.ts';

/** The inputs of the first decision of a run. */
export type StartInputs = {
  readonly candidates: readonly Candidate[];
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly nodeStates: ReadonlyMap<string, NodeStateRow>;
  /** Whether the policy lists the cluster. */
  readonly isManaged: boolean;
  readonly mayRepair: boolean;
  /** The line of the configuration that forbids the repair. */
  readonly forbidden?: DecisionContext['forbidden'];
  /** Why the run's remediation repairs nothing: this version does not have it. */
  readonly removed?: string | undefined;
  /** The reason why no disruptive repair may start on the node, because of its node group; undefined if one may start. */
  readonly maintenance: (facts: NodeFacts) => string | Unread | undefined;
  /** The lane, for repairs: its breaker, and its last window. */
  readonly lane?: LaneState;
  readonly limits: Limits;
  readonly now: string;
};

const GONE: Omit<NodeFacts, 'instanceId'> = { inCluster: false, autoMode: false };

/** A node that needs the registry waits during a registry hold. All other decisions come first. */
const decide = (run: RunState, candidate: Candidate, inputs: StartInputs): Decision => {
  const decision = decideByPolicy(run, candidate, inputs);
  const hold = inputs.lane?.registryHold;
  const isHeld = hold !== undefined && hold.until > inputs.now && !isLocal(candidate.row);
  return decision.kind === 'go' && isHeld ? heldDecision(hold) : decision;
};

/** The decision about a node by the policy, its facts and its own history. */
export const decideByPolicy = (
  run: Pick<RunState, 'action'>,
  candidate: Candidate,
  inputs: Omit<StartInputs, 'candidates' | 'lane'>,
): Decision => {
  if (!inputs.isManaged) {
    return {
      kind: 'skip',
      skipReason: 'OptedOut',
      message: 'the policy no longer lists this cluster: fleetmend does not act on it',
    };
  }
  if (run.action === 'repair' && inputs.removed !== undefined)
    return { kind: 'skip', skipReason: 'NotAllowed', message: inputs.removed };
  const facts = inputs.facts.get(candidate.instanceId) ?? { ...GONE, instanceId: candidate.instanceId };
  const nodeState = inputs.nodeStates.get(candidate.instanceId);
  const maintenance = run.action === 'repair' ? inputs.maintenance(facts) : undefined;
  return decideNode(facts, {
    action: run.action,
    now: inputs.now,
    limits: inputs.limits,
    mayRepair: inputs.mayRepair,
    ...defined({ forbidden: inputs.forbidden }),
    ...(candidate.row === undefined
      ? {}
      : { lastSeenAt: candidate.row.lastSeenAt, isFinding: candidate.row.source === CHECK_SOURCE }),
    ...defined({ awaitAgentUntil: candidate.row?.awaitAgentUntil, nodeState, maintenance }),
  });
};

/** The nodes of a run during the decision about which of them get a command. */
type Draft = {
  readonly outbox: OutboxEntry[];
  readonly pending: [string, string][];
  readonly local: string[];
  /** The nodes of an operator's request beyond the run's limit. Pending nodes of signals wait for the next run. */
  readonly tooMany: string[];
  settled: SettledCounts;
};

const limitOf = (queued: RunState, { limits }: StartInputs): number => {
  return queued.action === 'repair' ? limits.maxNodesPerRepairRun : limits.maxNodesPerCheckRun;
};

/** Whether one more node fits into the run; after a registry hold, few nodes try the registry. */
const fits = (draft: Draft, { row }: Candidate, queued: RunState, inputs: StartInputs): boolean => {
  if (draft.pending.length >= limitOf(queued, inputs)) return false;
  const isHeld = inputs.lane?.registryHold !== undefined;
  return isLocal(row) || !isHeld || draft.pending.length - draft.local.length < TRIALS;
};

const addTo = (draft: Draft, candidate: Candidate, queued: RunState, inputs: StartInputs): void => {
  const decision = decide(queued, candidate, inputs);
  const { instanceId, row } = candidate;
  if (decision.kind === 'wait') {
    draft.outbox.push(...wait(queued, candidate, decision.notBefore, inputs.now));
  } else if (decision.kind !== 'go') {
    draft.settled = withCounts(draft.settled, { [settledAs(decision)]: 1 });
    draft.outbox.push(...settle(queued, candidate, decision, inputs));
  } else if (fits(draft, candidate, queued, inputs)) {
    draft.pending.push([instanceId, row?.version ?? '']);
    if (isLocal(row)) draft.local.push(instanceId);
  } else if (row === undefined) {
    draft.tooMany.push(instanceId);
  }
};

/** The image that the symptoms name. An image in a registry takes precedence over one that only the node has. */
export const imageOf = (candidates: readonly Candidate[]): string | undefined => {
  const images = candidates.flatMap((c) => c.row?.image ?? []);
  return images.find((name) => !name.startsWith('localhost/')) ?? images[0];
};

/**
 * Plans a queued run: decides about each node, records every decision not to act, and sets the slow start. A run without
 * anything to send ends at its first step.
 */
export const startRun = (queued: QueuedRun, inputs: StartInputs): RunningRun => {
  const { lane, now } = inputs;
  const draft: Draft = { outbox: [...queued.outbox], pending: [], local: [], tooMany: [], settled: queued.settled };
  for (const candidate of silentLast(lane?.registry ?? NO_NEWS, inputs.candidates))
    addTo(draft, candidate, queued, inputs);
  // The nodes of a request beyond the limit wait in the lane.
  if (draft.tooMany.length > 0) draft.outbox.push(...requeued(queued, draft.tooMany, now));
  return {
    ...queued,
    status: 'active',
    startedAt: now,
    pending: draft.pending,
    settled: draft.settled,
    outbox: merged(draft.outbox),
    ...(draft.local.length === 0 ? {} : { local: draft.local }),
    ...defined({ registry: lane?.registry, registryHold: lane?.registryHold, image: imageOf(inputs.candidates) }),
    dueAt: now,
  };
};
