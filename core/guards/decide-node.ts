import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Outcome, SkipReason } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import { UNSUPPORTED, type UnsupportedReason, unsupportedKindOf } from '../model/unsupported.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import { coolDownEnd, isAnswer } from './attempts.ts';
import { lookAfter, type Unread } from './look.ts';

/** The state of a node in EC2 and SSM at the time of a decision. */
export type NodeFacts = {
  readonly instanceId: string;
  /** EC2's instance state; undefined if EC2 has no such instance. */
  readonly state?: string;
  /** Whether the instance's tags name the run's cluster. */
  readonly inCluster: boolean;
  /** EKS Auto Mode forbids SSM on its instances (https://docs.aws.amazon.com/eks/latest/userguide/automode.html). */
  readonly autoMode: boolean;
  /** The value of the tag `fleetmend:mode`, unchanged. */
  readonly modeTag?: string;
  readonly nodegroup?: string;
  readonly ami?: string;
  /** Undefined if SSM does not manage the instance, or if {@link unread} is set. */
  readonly ssm?: { readonly pingStatus: string; readonly platformType: string; readonly platformName: string };
  /** The clusters that the instance's tags name, if they name several. */
  readonly clusters?: readonly string[];
  /** EC2 (there is no `state` then) or SSM could not be read. */
  readonly unread?: Unread;
};

/** A node's stored state; `unread` where its row is not understood: what it holds is unknown then. */
export type KnownNode = NodeStateRow & { readonly unread?: Unread };

/** The decision about one node. */
export type Decision =
  | { readonly kind: 'go' }
  /** No action: recorded as `Skipped`. `notBefore` is set if the reason is temporary. */
  | {
      readonly kind: 'skip';
      readonly skipReason: SkipReason;
      /** The reason of the result, if it differs from the symptom's. */
      readonly reason?: string;
      readonly message: string;
      readonly notBefore?: string;
    }
  /** The node has an outcome without a command. */
  | { readonly kind: 'settle'; readonly outcome: 'Unreachable'; readonly message: string }
  /** fleetmend cannot repair this kind of node: recorded with the reason, its cause and its advice. */
  | {
      readonly kind: 'unsupported';
      readonly outcome: 'Unsupported';
      readonly reason: UnsupportedReason;
      readonly message: string;
      readonly advice: string;
    }
  /** Too early for a decision: nothing is recorded, and the node is evaluated again at `notBefore`. */
  | { readonly kind: 'wait'; readonly notBefore: string }
  /** No repair, but a check is useful: recorded as `Skipped`, and a check is requested. */
  | { readonly kind: 'check'; readonly skipReason: SkipReason; readonly message: string };

/** A decision that ends a node's part in a run without a command. */
export type Settled = Exclude<Decision, { kind: 'go' | 'wait' }>;

/** The outcome of a node that gets no command. */
export const outcomeOf = (decision: Settled): { readonly outcome: Outcome; readonly skipReason?: SkipReason } =>
  decision.kind === 'settle' || decision.kind === 'unsupported'
    ? { outcome: decision.outcome }
    : { outcome: 'Skipped', skipReason: decision.skipReason };

/** The name under which a run counts a settled node. */
export const settledAs = (decision: Settled): Outcome | SkipReason => {
  const { outcome, skipReason } = outcomeOf(decision);
  return skipReason ?? outcome;
};

/** The inputs of a decision besides the facts about the node. */
export type DecisionContext = {
  readonly action: 'check' | 'repair';
  readonly now: string;
  readonly limits: Limits;
  /** Whether the policy lets this remediation repair on this cluster. */
  readonly mayRepair: boolean;
  /** The line of the configuration that forbids the repair, in a sentence, and what it makes of the node. */
  readonly forbidden?: { readonly skipReason: 'Observe' | 'NotAllowed'; readonly why: string };
  /** When a symptom was last seen; undefined for an operator's request. */
  readonly lastSeenAt?: string;
  /** Whether a check found the symptom. If no repair is allowed, another check would find the same. */
  readonly isFinding?: boolean;
  /** Until when fleetmend waits for the SSM agent of a new node. */
  readonly awaitAgentUntil?: string;
  readonly nodeState?: KnownNode;
  /** The reason why no disruptive repair may start now, if there is one; or why that is not known. */
  readonly maintenance?: string | Unread;
};

const skip = (skipReason: SkipReason, message: string, notBefore?: string): Decision => ({
  kind: 'skip',
  skipReason,
  message,
  ...defined({ notBefore }),
});

/** The documents repair Linux hosts. On Bottlerocket, Run Command reaches a control container; on Windows, PowerShell. */
const isRepairable = (ssm: NonNullable<NodeFacts['ssm']>): boolean =>
  ssm.platformType === 'Linux' && ssm.platformName !== 'Bottlerocket';

const unsupported = (reason: UnsupportedReason): Decision => {
  const { cause: message, advice } = UNSUPPORTED[reason];
  return { kind: 'unsupported', outcome: 'Unsupported', reason, message, advice };
};

const GO: Decision = { kind: 'go' };

/**
 * The decision about a node of which a fact could not be read: it waits if that passes by itself, for a day at most. A
 * check that no pending row asked for is not repeated: the next one reads the node.
 */
const unreadable = (
  instanceId: string,
  { kind, problem }: Unread,
  { action, lastSeenAt, now }: DecisionContext,
): Decision => {
  const mayWait = kind === 'retry' && (action === 'repair' || lastSeenAt !== undefined);
  const notBefore = mayWait ? lookAfter(instanceId, lastSeenAt ?? now, now) : undefined;
  if (notBefore !== undefined) return { kind: 'wait', notBefore };
  return skip('Unreadable', `${problem}: without this fact, fleetmend does not act`);
};

const unreachable = (message: string): Decision => ({ kind: 'settle', outcome: 'Unreachable', message });

const NEVER_ONLINE =
  "the new node's SSM agent did not come online in time: give the node's role AmazonSSMManagedInstanceCore, and the node a way to the endpoints ssm, ssmmessages and ec2messages";

/** Whether a new node's agent is not online after the whole wait for it. */
const hasMissedAgent = ({ state, ssm }: NodeFacts, { awaitAgentUntil }: DecisionContext): boolean =>
  awaitAgentUntil !== undefined &&
  (state === 'pending' || state === 'running') &&
  (ssm === undefined || (ssm.pingStatus !== 'Online' && isRepairable(ssm)));

/** Whether an instance in this state of EC2 is no more, or soon will be; EC2 has no state of one that it does not show. */
export const isGoneState = (state: string | undefined): boolean =>
  state === undefined || state === 'shutting-down' || state === 'terminated';

/** Whether EC2 shows the instance as a node of the cluster that SSM may manage. */
const existing = (
  { instanceId, state, inCluster, autoMode, clusters, unread }: NodeFacts,
  context: DecisionContext,
): Decision => {
  const kind = unsupportedKindOf(instanceId);
  if (kind !== undefined) return unsupported(kind);
  if (state === undefined && unread !== undefined) return unreadable(instanceId, unread, context);
  if (state === undefined)
    return skip('Gone', 'EC2 has no such instance: it was terminated, or belongs to another account or Region');
  if (!inCluster) return skip('NotInCluster', "the instance's tags do not say that it belongs to this cluster");
  if (isGoneState(state)) return skip('Gone', `the instance is ${state}`);
  if (clusters !== undefined) {
    const names = clusters.join(' and ');
    return skip('Unreadable', `the instance's tags name the clusters ${names}: keep the tags of one of them`);
  }
  if (autoMode) return unsupported('AutoModeNode');
  return unread === undefined ? GO : unreadable(instanceId, unread, context);
};

/** Whether SSM can run a document on the instance. */
const managed = (ssm: NodeFacts['ssm']): Decision => {
  if (ssm === undefined) {
    return skip(
      'NotManaged',
      'SSM does not know the instance: give its role AmazonSSMManagedInstanceCore, and the node a way to the SSM endpoints',
    );
  }
  if (!isRepairable(ssm)) {
    if (ssm.platformName === 'Bottlerocket') return unsupported('BottlerocketNode');
    return unsupported(ssm.platformType === 'Windows' ? 'WindowsNode' : 'PlatformUnsupported');
  }
  return ssm.pingStatus === 'Online' ? GO : unreachable(`the SSM agent's ping status is ${ssm.pingStatus}`);
};

const reachable = (facts: NodeFacts, context: DecisionContext): Decision => {
  const first = existing(facts, context);
  if (first.kind !== 'go') return first;
  if (isAwaitingAgent(facts, context.awaitAgentUntil, context.now)) {
    return { kind: 'wait', notBefore: nextAgentLook(context.now) };
  }
  if (hasMissedAgent(facts, context)) return unreachable(NEVER_ONLINE);
  return facts.state === 'running' ? managed(facts.ssm) : unreachable(`the instance is ${facts.state}`);
};

/** The interval at which new nodes are evaluated again. All waiting nodes share the evaluation of a minute. */
const AGENT_LOOK_MS = 60_000;

/** Whether a new node's SSM agent may still come online: it registers with SSM some time after EC2 reports `running`. */
export const isAwaitingAgent = (facts: NodeFacts, awaitAgentUntil: string | undefined, now: string): boolean =>
  now < (awaitAgentUntil ?? '') &&
  facts.inCluster &&
  !facts.autoMode &&
  (facts.state === 'pending' || (facts.state === 'running' && facts.ssm?.pingStatus !== 'Online'));

/** When the nodes that wait for their agent are evaluated next. */
export const nextAgentLook = (now: string): string =>
  isoTime((Math.floor(epochMs(now) / AGENT_LOOK_MS) + 1) * AGENT_LOOK_MS);

/**
 * Whether a symptom was last seen before the end of the last attempt on the node, including failed attempts. That attempt
 * has answered the symptom. If the node is still broken, it reports the symptom again, or the next sweep finds it.
 */
export const isAnsweredByAttempt = (lastSeenAt: string, state: NodeStateRow | undefined): boolean =>
  Object.values(state?.attempts ?? {}).some(
    (attempt) => isAnswer(attempt) && epochMs(lastSeenAt) <= epochMs(attempt.at),
  );

const repairable = (instanceId: string, context: DecisionContext): Decision => {
  const { limits, nodeState, lastSeenAt } = context;
  const nowMs = epochMs(context.now);
  if (nodeState?.unread !== undefined) return unreadable(instanceId, nodeState.unread, context);
  if (nodeState?.quarantinedAt !== undefined) {
    return skip(
      'Quarantined',
      `quarantined since ${nodeState.quarantinedAt}: ${nodeState.quarantineAdvice ?? 'see its history'}; release it when its cause is gone`,
    );
  }
  if (lastSeenAt !== undefined && isAnsweredByAttempt(lastSeenAt, nodeState)) {
    return skip('Stale', 'the symptom was last seen before the end of the last repair or attempt: the signal is stale');
  }
  const coolUntil = coolDownEnd(nodeState, limits);
  if ((coolUntil ?? '') > context.now) {
    return skip('CoolingDown', `a repair was attempted less than ${limits.coolDownSeconds} s ago`, coolUntil);
  }
  if (nowMs - epochMs(lastSeenAt ?? context.now) > limits.staleSeconds * 1000) {
    return {
      kind: 'check',
      skipReason: 'Stale',
      message: `the symptom was last seen at ${lastSeenAt}, too long ago for a repair: a check was asked for`,
    };
  }
  const { maintenance } = context;
  if (typeof maintenance === 'string')
    return skip('Maintenance', maintenance, isoTime(nowMs + limits.coolDownSeconds * 1000));
  if (maintenance !== undefined) return unreadable(instanceId, maintenance, context);
  return { kind: 'go' };
};

const observeOnly = (context: DecisionContext, skipReason: SkipReason, message: string): Decision =>
  context.isFinding === true
    ? skip(skipReason, `${message}: what the check found stands`)
    : { kind: 'check', skipReason, message: `${message}: a check was asked for` };

/** The decision by the tag `fleetmend:mode`; undefined if the tag does not restrict the policy. */
const byTag = ({ modeTag }: NodeFacts, context: DecisionContext): Decision | undefined => {
  if (modeTag === undefined || modeTag === 'repair') return undefined;
  if (modeTag === 'off') return skip('OptedOut', 'its tag fleetmend:mode is off');
  if (modeTag !== 'observe') {
    return skip('OptedOut', 'its tag fleetmend:mode has a value that is not off, observe or repair: correct the tag');
  }
  return context.action === 'repair'
    ? observeOnly(context, 'OptedOut', 'its tag fleetmend:mode is observe')
    : undefined;
};

const OBSERVED = {
  skipReason: 'Observe',
  why: 'the policy says observe for this remediation on this cluster',
} as const;

const NOT_OURS: ReadonlySet<SkipReason> = new Set(['Gone', 'NotInCluster', 'Unreadable']);

/**
 * Decides what happens with one node. Total and pure. Without clear information, fleetmend does not act: an instance that
 * EC2 does not show counts as deleted, and a mode tag with an unknown value opts the node out.
 */
export const decideNode = (facts: NodeFacts, context: DecisionContext): Decision => {
  const first = reachable(facts, context);
  // An operator sees opt-out before reachability, but only for an instance that belongs to the cluster.
  const isOurs = facts.state !== undefined && !(first.kind === 'skip' && NOT_OURS.has(first.skipReason));
  const tagged = isOurs ? byTag(facts, context) : undefined;
  if (tagged !== undefined) return tagged;
  if (first.kind !== 'go' || context.action === 'check') return first;
  if (!context.mayRepair) {
    const { skipReason, why } = context.forbidden ?? OBSERVED;
    return observeOnly(context, skipReason, why);
  }
  return repairable(facts.instanceId, context);
};

/** How many nodes of a cluster may be under repair at once, over all its lanes: max(1, min(50, 10 %)). */
export const budgetOf = (nodeCount: number, limits: Limits): number =>
  Math.max(1, Math.min(limits.budgetMaxNodes, Math.floor((nodeCount * limits.budgetPercent) / 100)));
