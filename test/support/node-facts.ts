import { type DecisionContext, decideNode, type NodeFacts, settledAs } from '../../core/guards/decide-node.ts';
import type { NodeStateRow } from '../../core/state/node-state.ts';
import { at, LIMITS, node } from './runs.ts';

/** The time of the decision. */
export const NOW = at(7200);
/** A node that is in order. */
export const ok: NodeFacts = {
  instanceId: node(1),
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
};
const { state: _, ...withoutState } = ok;
/** A node that EC2 does not know. */
export const unknownToEc2: NodeFacts = withoutState;
const { ssm: __, ...withoutAgent } = ok;
/** A node that SSM does not manage. */
export const unmanaged: NodeFacts = withoutAgent;
/** That node with other facts of its agent. */
export const ssm = (over: Partial<NonNullable<NodeFacts['ssm']>>): NodeFacts => ({
  ...ok,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux', ...over },
});
/** The context of a repair that is allowed. */
export const context = (over: Partial<DecisionContext> = {}): DecisionContext => ({
  action: 'repair',
  now: NOW,
  limits: LIMITS,
  mayRepair: true,
  lastSeenAt: at(7190),
  ...over,
});
/** The stored state of that node. */
export const remembered = (attempts: NodeStateRow['attempts'], over: Partial<NodeStateRow> = {}): NodeStateRow => ({
  instanceId: node(1),
  cluster: 'demo',
  remediation: 'pause-image',
  attempts,
  ...over,
});
/** A decision as a short text. */
export const told = (facts: NodeFacts, over: Partial<DecisionContext> = {}): string => {
  const decision = decideNode(facts, context(over));
  if (decision.kind === 'go') return 'go';
  if (decision.kind === 'wait') return `wait until ${decision.notBefore}`;
  return `${decision.kind} ${settledAs(decision)}`;
};
