import type { Decision, NodeFacts } from '../guards/decide-node.ts';
import type { Unread } from '../guards/look.ts';
import { defined } from '../model/defined.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';
import { forbiddenOn, isDisruptive, isFrozenFor, isManaged, mayRepairOn, type Rules, removedOf } from './rules.ts';
import type { DecidedAgain } from './sending.ts';
import type { Candidate } from './settle.ts';
import { decideByPolicy, type StartInputs } from './start.ts';

/** The facts about nodes, as they were read: those of each node in `asked`. */
export type NodesSeen = {
  readonly asked: ReadonlySet<string>;
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly states: ReadonlyMap<string, NodeStateRow>;
  /** The pending rows of the nodes in the run's lane. */
  readonly rows: ReadonlyMap<string, PendingNode>;
  /** Why the pending rows of nodes cannot be read. */
  readonly brokenRows: ReadonlyMap<string, string>;
  /** The status of the node groups that were asked about, by name. */
  readonly nodegroups: ReadonlyMap<string, string | Unread>;
};

/** Nothing was read about any node. */
export const NO_NODES: NodesSeen = {
  asked: new Set(),
  facts: new Map(),
  states: new Map(),
  rows: new Map(),
  brokenRows: new Map(),
  nodegroups: new Map(),
};

type Run = Pick<RunState, 'cluster' | 'remediation' | 'action'>;

/** Why no disruptive repair may start on a node now; undefined if one may. */
const maintenanceOf = (run: Run, { nodegroups }: NodesSeen, rules: Rules, now: string) => {
  if (isFrozenFor(rules, run.cluster, run.remediation, now)) return () => 'a freeze window of the cluster holds';
  return ({ nodegroup }: NodeFacts): string | Unread | undefined => {
    const status = nodegroup === undefined ? undefined : nodegroups.get(nodegroup);
    if (status === undefined || status === 'ACTIVE') return undefined;
    return typeof status === 'string' ? `the node group ${nodegroup} is ${status}` : status;
  };
};

/** The inputs of decisions about nodes: what was read of them, and the rules as they are now. */
export const decisionInputs = (
  run: Run,
  nodes: NodesSeen,
  rules: Rules,
  now: string,
): Omit<StartInputs, 'candidates' | 'lane'> => ({
  facts: nodes.facts,
  nodeStates: nodes.states,
  isManaged: isManaged(rules, run.cluster),
  mayRepair: mayRepairOn(rules, run.cluster, run.remediation),
  ...defined({ forbidden: forbiddenOn(rules, run.cluster, run.remediation) }),
  removed: removedOf(rules, run.remediation),
  maintenance: maintenanceOf(run, nodes, rules, now),
  limits: rules.policy.limits,
  now,
});

const candidateOf = (instanceId: string, { rows }: NodesSeen): Candidate => ({
  instanceId,
  ...defined({ row: rows.get(instanceId) }),
});

/** The decision about a node of a run just before its command is sent; undefined where the node was not read. */
export const decideNow = (
  run: RunState,
  instanceId: string,
  nodes: NodesSeen,
  rules: Rules,
  now: string,
): DecidedAgain | undefined => {
  if (!nodes.asked.has(instanceId)) return undefined;
  const candidate = candidateOf(instanceId, nodes);
  const problem = nodes.brokenRows.get(instanceId);
  if (problem !== undefined)
    return { candidate, decision: { kind: 'skip', skipReason: 'Unreadable', message: problem } };
  const decision: Decision = decideByPolicy(run, candidate, decisionInputs(run, nodes, rules, now));
  return { candidate, decision };
};

/** The node groups whose status the decisions need: those of nodes that a disruptive repair would go to otherwise. */
export const nodegroupsWanted = (
  run: Run & Pick<RunState, 'runId'>,
  candidates: readonly Candidate[],
  nodes: NodesSeen,
  rules: Rules,
  now: string,
): readonly string[] => {
  if (run.action === 'check' || !isDisruptive(rules, run.remediation)) return [];
  const inputs = decisionInputs(run, nodes, rules, now);
  const groups = candidates.flatMap((candidate) => {
    const nodegroup = nodes.facts.get(candidate.instanceId)?.nodegroup;
    const goes = nodegroup !== undefined && decideByPolicy(run, candidate, inputs).kind === 'go';
    return goes ? [nodegroup] : [];
  });
  return [...new Set(groups)];
};
