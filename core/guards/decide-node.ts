import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Outcome, SkipReason } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import { UNSUPPORTED, type UnsupportedReason, unsupportedKindOf } from '../model/unsupported.ts';
import type { NodeStateRow } from '../state/node-state.ts';

/** What EC2 and SSM say of a node when a decision is made. */
export type NodeFacts = {
  readonly instanceId: string;
  /** EC2's instance state, or undefined where EC2 does not know the instance. */
  readonly state?: string;
  /** Whether its tags say that it belongs to the run's cluster. */
  readonly inCluster: boolean;
  /** EKS Auto Mode forbids SSM on its instances (EKS user guide, automode). */
  readonly autoMode: boolean;
  /** The value of the tag `fleetmend:mode`, as it stands there. */
  readonly modeTag?: string;
  readonly nodegroup?: string;
  /** Undefined where SSM does not know the instance. */
  readonly ssm?: { readonly pingStatus: string; readonly platformType: string; readonly platformName: string };
};

/** What is to happen with one node. */
export type Decision =
  | { readonly kind: 'go' }
  /** Not now, or never: recorded as `Skipped`. `notBefore` is set where the reason passes. */
  | {
      readonly kind: 'skip';
      readonly skipReason: SkipReason;
      /** What it was skipped for, where that is not the symptom. */
      readonly reason?: string;
      readonly message: string;
      readonly notBefore?: string;
    }
  /** It has an outcome without a command. */
  | { readonly kind: 'settle'; readonly outcome: 'Unreachable'; readonly message: string }
  /** It is of a kind that fleetmend can't repair: recorded with this reason, its cause and its advice. */
  | {
      readonly kind: 'unsupported';
      readonly outcome: 'Unsupported';
      readonly reason: UnsupportedReason;
      readonly message: string;
      readonly advice: string;
    }
  /** Too early to tell: nothing is recorded, and it is looked at again. */
  | { readonly kind: 'wait'; readonly notBefore: string }
  /** No repair, but worth a look: recorded as `Skipped`, and a check is asked for. */
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

/** What a decision rests on, besides the node's own facts. */
export type DecisionContext = {
  readonly action: 'check' | 'repair';
  readonly now: string;
  readonly limits: Limits;
  /** Whether the policy lets this remediation repair on this cluster. */
  readonly mayRepair: boolean;
  /** When a symptom was last seen; undefined where an operator asked. */
  readonly lastSeenAt?: string;
  /** Whether a check found the symptom: where no repair is allowed, another check would tell nothing new. */
  readonly isFinding?: boolean;
  /** Until when a new node's SSM agent is waited for. */
  readonly awaitAgentUntil?: string;
  readonly nodeState?: NodeStateRow;
  /** Why no disruptive repair may start now, where one would. */
  readonly maintenance?: string;
};

const skip = (skipReason: SkipReason, message: string, notBefore?: string): Decision => ({
  kind: 'skip',
  skipReason,
  message,
  ...defined({ notBefore }),
});

/** Run Command reaches a control container on Bottlerocket, and PowerShell on Windows: not the host that needs repairing. */
const isRepairable = (ssm: NonNullable<NodeFacts['ssm']>): boolean =>
  ssm.platformType === 'Linux' && ssm.platformName !== 'Bottlerocket';

const unsupported = (reason: UnsupportedReason): Decision => {
  const { cause: message, advice } = UNSUPPORTED[reason];
  return { kind: 'unsupported', outcome: 'Unsupported', reason, message, advice };
};

const GO: Decision = { kind: 'go' };

const unreachable = (message: string): Decision => ({ kind: 'settle', outcome: 'Unreachable', message });

const NEVER_ONLINE =
  "the new node's SSM agent did not come online in time: give the node's role AmazonSSMManagedInstanceCore, and the node a way to the endpoints ssm, ssmmessages and ec2messages";

/** Whether a new node's agent is not online after the whole wait for it. */
const hasMissedAgent = ({ state, ssm }: NodeFacts, { awaitAgentUntil }: DecisionContext): boolean =>
  awaitAgentUntil !== undefined &&
  (state === 'pending' || state === 'running') &&
  (ssm === undefined || (ssm.pingStatus !== 'Online' && isRepairable(ssm)));

/** Whether EC2 shows the instance as one of the cluster that can be reached at all. */
const existing = ({ instanceId, state, inCluster, autoMode }: NodeFacts): Decision => {
  const kind = unsupportedKindOf(instanceId);
  if (kind !== undefined) return unsupported(kind);
  if (state === undefined)
    return skip('Gone', 'EC2 knows no such instance: it was terminated, or is of another account or region');
  if (!inCluster) return skip('NotInCluster', "the instance's tags do not say that it belongs to this cluster");
  if (state === 'shutting-down' || state === 'terminated') return skip('Gone', `the instance is ${state}`);
  return autoMode ? unsupported('AutoModeNode') : GO;
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
  const first = existing(facts);
  if (first.kind !== 'go') return first;
  if (isAwaitingAgent(facts, context.awaitAgentUntil, context.now)) {
    return { kind: 'wait', notBefore: nextAgentLook(context.now) };
  }
  if (hasMissedAgent(facts, context)) return unreachable(NEVER_ONLINE);
  return facts.state === 'running' ? managed(facts.ssm) : unreachable(`the instance is ${facts.state}`);
};

/** How often a new node's agent is looked for. All that wait share the look of a minute. */
const AGENT_LOOK_MS = 60_000;

/** Whether a new node's SSM agent may yet come online: SSM knows it some time after EC2 says running. */
export const isAwaitingAgent = (facts: NodeFacts, awaitAgentUntil: string | undefined, now: string): boolean =>
  awaitAgentUntil !== undefined &&
  now < awaitAgentUntil &&
  facts.inCluster &&
  !facts.autoMode &&
  (facts.state === 'pending' || (facts.state === 'running' && facts.ssm?.pingStatus !== 'Online'));

/** The next look at nodes that wait for their agent. */
export const nextAgentLook = (now: string): string =>
  isoTime((Math.floor(epochMs(now) / AGENT_LOOK_MS) + 1) * AGENT_LOOK_MS);

/** The end of the last attempt on the node, in milliseconds, or -Infinity. */
const lastAttemptMs = (state: NodeStateRow | undefined): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...Object.values(state?.attempts ?? {}).map((a) => epochMs(a.at)));

/**
 * Whether a symptom was last seen before the end of the last attempt on the node, failed ones too: that attempt has
 * answered it. A node that is still broken says so again, or the next sweep does.
 */
export const isAnsweredByAttempt = (lastSeenAt: string, state: NodeStateRow | undefined): boolean =>
  epochMs(lastSeenAt) <= lastAttemptMs(state);

const repairable = (context: DecisionContext): Decision => {
  const { limits, nodeState, lastSeenAt } = context;
  const nowMs = epochMs(context.now);
  if (nodeState?.quarantinedAt !== undefined) {
    return skip(
      'Quarantined',
      `quarantined since ${nodeState.quarantinedAt}: ${nodeState.quarantineAdvice ?? 'see its history'}; release it when its cause is gone`,
    );
  }
  if (lastSeenAt !== undefined && isAnsweredByAttempt(lastSeenAt, nodeState)) {
    return skip('Stale', 'the symptom was last seen before the end of the last repair or attempt: old news');
  }
  const attempts = Object.values(nodeState?.attempts ?? {}).map((a) => epochMs(a.at));
  const coolUntilMs = Math.max(Number.NEGATIVE_INFINITY, ...attempts) + limits.coolDownSeconds * 1000;
  if (coolUntilMs > nowMs) {
    return skip(
      'CoolingDown',
      `a repair was attempted less than ${limits.coolDownSeconds} s ago`,
      isoTime(coolUntilMs),
    );
  }
  if (lastSeenAt !== undefined && nowMs - epochMs(lastSeenAt) > limits.staleSeconds * 1000) {
    return {
      kind: 'check',
      skipReason: 'Stale',
      message: `the symptom was last seen at ${lastSeenAt}, too long ago for a repair: a check was asked for`,
    };
  }
  if (context.maintenance !== undefined)
    return skip('Maintenance', context.maintenance, isoTime(nowMs + limits.coolDownSeconds * 1000));
  return { kind: 'go' };
};

const observeOnly = (context: DecisionContext, skipReason: SkipReason, message: string): Decision =>
  context.isFinding === true
    ? skip(skipReason, `${message}: what the check found stands`)
    : { kind: 'check', skipReason, message: `${message}: a check was asked for` };

/** The decision of the tag `fleetmend:mode`, which can only lower what policy allows; undefined where it allows all. */
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

/**
 * Decides what happens with one node. Total and pure. Whatever cannot be read counts against acting: an instance
 * that EC2 does not show is gone, a mode tag with an unknown value opts the node out.
 */
export const decideNode = (facts: NodeFacts, context: DecisionContext): Decision => {
  const first = reachable(facts, context);
  // Membership and opt-out come before reachability in what an operator is told, but after "not ours at all".
  const isOurs = !(first.kind === 'skip' && (first.skipReason === 'Gone' || first.skipReason === 'NotInCluster'));
  const tagged = isOurs ? byTag(facts, context) : undefined;
  if (tagged !== undefined) return tagged;
  if (first.kind !== 'go' || context.action === 'check') return first;
  if (!context.mayRepair)
    return observeOnly(context, 'Observe', 'the policy says observe for this remediation on this cluster');
  return repairable(context);
};

/** How many nodes of a cluster may be under repair at once, over all its lanes: max(1, min(50, 10 %)). */
export const budgetOf = (nodeCount: number, limits: Limits): number =>
  Math.max(1, Math.min(limits.budgetMaxNodes, Math.floor((nodeCount * limits.budgetPercent) / 100)));
