import type { Decision, KnownNode, NodeFacts } from '../guards/decide-node.ts';
import { defined } from '../model/defined.ts';
import { mayRepair } from '../model/may-repair.ts';
import { meaningOf, type Outcome, type SkipReason } from '../model/outcome.ts';
import { decisionInputs, NO_NODES } from '../runs/decide-now.ts';
import { decideByPolicy } from '../runs/start.ts';
import { CHECK_SOURCE, type PendingNode } from '../state/pending-node.ts';
import type { DeploymentShown } from './deployment.ts';
import type { Guard, NodeVerdict, Rule } from './explain.ts';
import { type LaneSeen, laneGuards, type Moment, nodeGuards } from './explain-guards.ts';
import { releaseCommand, replaceCommand } from './needs.ts';
import { dueAfter } from './next-look.ts';

/** The last result of a remediation on a node. */
export type LastResult = {
  readonly outcome: Outcome;
  readonly at: string;
  readonly reason?: string;
  readonly message?: string;
  readonly advice?: string;
};

/** What was read of a node for one remediation. */
export type NodeSeen = {
  readonly instanceId: string;
  readonly facts: NodeFacts | undefined;
  readonly state: KnownNode | undefined;
  readonly row: PendingNode | undefined;
  readonly last: LastResult | undefined;
  /** The last outcome of the node as a whole, where one is on record. */
  readonly seen: Outcome | undefined;
};

/** When fleetmend looks at the nodes of a cluster again by itself. */
export type NextLook = NodeVerdict['next'];

/** The row that a finding has, or would have if the check that found it asked for its repair now. */
const rowOf = ({ policy, remediation }: LaneSeen, { instanceId, row, last }: NodeSeen): PendingNode | undefined => {
  if (row !== undefined || last === undefined || !meaningOf(last.outcome).isFinding) return row;
  const { at, reason = '' } = last;
  return {
    ...{ lane: `${policy.name}/${remediation}`, cluster: policy.name, instanceId, reason, signals: 0 },
    ...{ firstSeenAt: at, lastSeenAt: at, source: CHECK_SOURCE, because: { kind: 'finding' }, version: '' },
  };
};

/** What run-controller would decide about the node now, by its own rules. */
const decisionOf = (lane: LaneSeen, node: NodeSeen, { rules, now }: Moment): Decision => {
  const { instanceId, facts, state } = node;
  const run = { cluster: lane.policy.name, remediation: lane.remediation, action: 'repair' } as const;
  const nodes = {
    ...NO_NODES,
    facts: new Map(facts === undefined ? [] : [[instanceId, facts]]),
    states: new Map(state === undefined ? [] : [[instanceId, state]]),
  };
  return decideByPolicy(
    run,
    { instanceId, ...defined({ row: rowOf(lane, node) }) },
    decisionInputs(run, nodes, rules, now),
  );
};

const RULES: Readonly<Partial<Record<SkipReason, string>>> = {
  OptedOut: 'node.tag',
  Observe: 'policy.mode',
  NotAllowed: 'policy.disruptive',
  CoolingDown: 'guard.cool-down',
  Quarantined: 'guard.quarantine',
  Stale: 'guard.stale',
  Maintenance: 'guard.maintenance',
  RegistryHeld: 'guard.registry',
};

/** The rule of the policy that forbids the repair, with its line of the configuration. */
export const policyRule = ({
  policy,
  remediation,
  disruptive,
}: LaneSeen): (Rule & { readonly why: string }) | undefined => {
  const permission = mayRepair(policy, { name: remediation, disruptive });
  if (permission.allowed) return undefined;
  const { setting, value, why } = permission;
  return { rule: value === false ? 'policy.disruptive' : 'policy.mode', setting, value, why };
};

type Verdict = Pick<NodeVerdict, 'decision' | 'because' | 'rule' | 'skipReason' | 'toAct'> & {
  readonly until?: string | undefined;
};

const HELD_BY: ReadonlySet<Guard['guard']> = new Set(['pause', 'breaker', 'registry', 'budget', 'canaries']);

const toActOn = (lane: LaneSeen, node: NodeSeen, skipReason: SkipReason | undefined): readonly string[] => {
  const { policy, remediation } = lane;
  if (skipReason === 'Quarantined')
    return [
      'replace the node by its node group',
      replaceCommand(node.instanceId),
      'or remove the cause, and release the node',
      releaseCommand({ instanceId: node.instanceId, cluster: policy.name, remediation }),
    ];
  if (skipReason === 'OptedOut') return ['remove the EC2 tag fleetmend:mode of the instance, or set it to repair'];
  return node.last?.advice === undefined ? [] : [node.last.advice];
};

/** The verdict of a decision that the node, its history or the policy makes. */
const ofDecision = (lane: LaneSeen, node: NodeSeen, decision: Exclude<Decision, { kind: 'go' }>): Verdict => {
  if (decision.kind === 'wait')
    return {
      decision: 'wait',
      because: 'a fact about the node could not be read, or its SSM agent is not online yet',
      rule: { rule: 'node.facts' },
      toAct: [],
      until: decision.notBefore,
    };
  const skipReason = decision.kind === 'skip' || decision.kind === 'check' ? decision.skipReason : undefined;
  const forbidden = skipReason === 'Observe' || skipReason === 'NotAllowed' ? policyRule(lane) : undefined;
  if (forbidden !== undefined) {
    const { why, ...rule } = forbidden;
    const advice = toActOn(lane, node, skipReason);
    return {
      decision: 'skip',
      because: why,
      rule,
      ...defined({ skipReason }),
      toAct: ['allow it in the configuration, and deploy', ...advice],
    };
  }
  const name = (skipReason && RULES[skipReason]) ?? 'node.facts';
  return {
    decision: decision.kind === 'check' ? 'check' : 'skip',
    because: decision.message,
    rule: { rule: name },
    ...defined({ skipReason, until: decision.kind === 'skip' ? decision.notBefore : undefined }),
    toAct: [...('advice' in decision ? [decision.advice] : []), ...toActOn(lane, node, skipReason)],
  };
};

/** The verdict on a node that nothing of its own holds back: the lane may. */
const ofLane = ({ policy, remediation }: LaneSeen, guards: readonly Guard[], isNeeded: boolean): Verdict => {
  const held = guards.find(({ guard, passes }) => !passes && HELD_BY.has(guard));
  if (held !== undefined)
    return {
      decision: 'wait',
      because: held.text,
      rule: { rule: `guard.${held.guard}` },
      toAct: [`fleetmend explain ${policy.name}/${remediation}`],
      until: held.until,
    };
  const because = isNeeded ? 'nothing holds the repair back' : 'no fault of this remediation is known';
  return { decision: 'go', because, rule: { rule: 'none' }, toAct: [] };
};

const TEXTS: Readonly<Record<Verdict['decision'], string>> = {
  go: 'fleetmend repairs it next.',
  wait: 'fleetmend waits.',
  check: 'fleetmend checks it first.',
  skip: 'fleetmend will not act.',
};

/** The text about a remediation that nothing asks for. A node that gave no answer is not known to work. */
const idleText = ({ last, seen }: NodeSeen): string => {
  if (last !== undefined) return 'Nothing to repair.';
  if (seen === undefined) return 'No fault is known, and no check of the node is on record.';
  const { isWorking, isFinding } = meaningOf(seen);
  return isWorking || isFinding ? 'Nothing to repair.' : `Not known: the last result of the node is ${seen}.`;
};

/** Explains what fleetmend does about a node by one remediation as of now: the verdict first, then what it rests on. */
export const explainNode = (
  lane: LaneSeen,
  node: NodeSeen,
  { deployment, next, ...moment }: Moment & { readonly deployment: DeploymentShown; readonly next: NextLook },
): NodeVerdict => {
  const decision = decisionOf(lane, node, moment);
  const guards = [...laneGuards(lane, moment), ...nodeGuards(node.facts, node.state, moment)];
  const { last, row } = node;
  const isNeeded = row !== undefined || (last !== undefined && !meaningOf(last.outcome).isWorking);
  const { until, ...verdict } =
    decision.kind === 'go' ? ofLane(lane, guards, isNeeded) : ofDecision(lane, node, decision);
  const look = until ?? row?.notBefore;
  return {
    kind: 'verdict',
    cluster: lane.policy.name,
    instanceId: node.instanceId,
    remediation: lane.remediation,
    isNeeded,
    ...defined({ outcome: last?.outcome, reason: row?.reason ?? last?.reason }),
    text: isNeeded ? `${last?.outcome ?? 'Reported'}: ${TEXTS[verdict.decision]}` : idleText(node),
    ...verdict,
    deployment,
    guards,
    toAct: [...verdict.toAct],
    next:
      look === undefined
        ? next
        : { what: `${lane.remediation} looks at the node again`, at: dueAfter(look, moment.now) },
  };
};
