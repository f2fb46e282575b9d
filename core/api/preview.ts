import { decideNode, type NodeFacts, type Settled, settledAs } from '../guards/decide-node.ts';
import { defined } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { RunAnswer, SkippedNode } from './request.ts';

/**
 * The most nodes of a preview for which operator-api reads SSM: one call. run-controller reads SSM again when it plans, so
 * a larger preview would double the calls of a run.
 */
export const MAX_NODES_PREVIEWED_IN_FULL = 50;

/** The assumed facts about a running instance with the cluster's tags, for previews that do not read SSM. */
export const assumedFacts = (instanceId: string): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: '' },
});

const skippedOf = (instanceId: string, decision: Settled): SkippedNode => ({
  instanceId,
  skipReason: settledAs(decision),
  message:
    decision.kind === 'unsupported' ? `${decision.reason}: ${decision.message}; ${decision.advice}` : decision.message,
});

/** The most skipped nodes that an answer lists; it must fit into one table item (400 KB). */
const MAX_SKIPPED_LISTED = 1000;

/** Previews the decision about each node, by the same rules as run-controller. */
export const previewOf = (
  instanceIds: readonly string[],
  facts: ReadonlyMap<string, NodeFacts>,
  nodeStates: ReadonlyMap<string, NodeStateRow>,
  context: { readonly action: 'check' | 'repair'; readonly now: string; readonly limits: Limits },
): Pick<RunAnswer, 'planned' | 'skipped' | 'skippedMore'> => {
  const skipped: SkippedNode[] = [];
  for (const instanceId of instanceIds) {
    const nodeState = nodeStates.get(instanceId);
    const decision = decideNode(facts.get(instanceId) ?? { instanceId, inCluster: false, autoMode: false }, {
      ...context,
      mayRepair: true,
      ...defined({ nodeState }),
    });
    if (decision.kind !== 'go' && decision.kind !== 'wait') skipped.push(skippedOf(instanceId, decision));
  }
  const more = skipped.length - MAX_SKIPPED_LISTED;
  return {
    planned: instanceIds.length - skipped.length,
    skipped: skipped.slice(0, MAX_SKIPPED_LISTED),
    ...(more > 0 ? { skippedMore: more } : {}),
  };
};
