import type { Unread } from '../../core/guards/look.ts';
import { type NodesSeen, nodegroupsWanted } from '../../core/runs/decide-now.ts';
import type { Rules } from '../../core/runs/rules.ts';
import type { Candidate } from '../../core/runs/settle.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

type Asked = Pick<RunState, 'runId' | 'cluster' | 'remediation' | 'action'>;

/** Reads nodes, and with their facts those of the nodes that come soon. */
export type NodeReader = (
  run: Asked,
  instanceIds: readonly string[],
  known?: Partial<Pick<NodesSeen, 'rows' | 'brokenRows' | 'states'>>,
  soon?: readonly string[],
) => Promise<NodesSeen>;

/** The pending rows by their node. */
export const byNode = (rows: readonly PendingNode[]): ReadonlyMap<string, PendingNode> =>
  new Map(rows.map((row) => [row.instanceId, row]));

/** A reader of nodes. */
export const createNodeReader = (deps: RunControllerPorts): NodeReader => {
  const nodegroupsOf = async (run: Asked, nodes: NodesSeen, rules: Rules): Promise<NodesSeen['nodegroups']> => {
    const candidates = [...nodes.asked].map((instanceId): Candidate => {
      const row = nodes.rows.get(instanceId);
      return row === undefined ? { instanceId } : { instanceId, row };
    });
    const wanted = nodegroupsWanted(run, candidates, nodes, rules, nowIso(deps));
    return new Map(
      await Promise.all(
        wanted.map(
          async (name): Promise<[string, string | Unread]> => [name, await deps.nodegroups.status(run.cluster, name)],
        ),
      ),
    );
  };

  return async (run, instanceIds, known = {}, soon = []) => {
    const isRepair = run.action === 'repair';
    const [facts, states] = await Promise.all([
      deps.facts.of(run.cluster, instanceIds, soon),
      known.states ?? (isRepair ? deps.results.nodeStates(instanceIds, run.remediation) : new Map()),
    ]);
    const nodes = {
      ...{ asked: new Set(instanceIds), facts, states, nodegroups: new Map() },
      ...{ rows: known.rows ?? new Map(), brokenRows: known.brokenRows ?? new Map() },
    };
    return { ...nodes, nodegroups: await nodegroupsOf(run, nodes, deps.settings) };
  };
};
