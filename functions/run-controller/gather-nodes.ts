import type { Unread } from '../../core/guards/look.ts';
import { type NodesSeen, nodegroupsWanted } from '../../core/runs/decide-now.ts';
import type { Rules } from '../../core/runs/rules.ts';
import type { Candidate } from '../../core/runs/settle.ts';
import type { PendingNode } from '../../core/state/pending-node.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** How long EC2's and SSM's facts about a node are good enough to send it a command. */
const FACTS_LIFE_MS = 60_000;

type Read = { readonly atMs: number; readonly facts: NodesSeen['facts'] };
type Asked = Pick<RunState, 'runId' | 'cluster' | 'remediation' | 'action'>;

/** Reads nodes for one turn, and remembers EC2's and SSM's facts for a minute. */
export type NodeReader = (
  run: Asked,
  instanceIds: readonly string[],
  known?: Partial<Pick<NodesSeen, 'rows' | 'states'>>,
) => Promise<NodesSeen>;

/** The pending rows by their node. */
export const byNode = (rows: readonly PendingNode[]): ReadonlyMap<string, PendingNode> =>
  new Map(rows.map((row) => [row.instanceId, row]));

/** A reader of nodes for one turn. */
export const createNodeReader = (deps: RunControllerPorts): NodeReader => {
  const memory = new Map<string, Read>();

  const factsOf = async (cluster: string, ids: readonly string[]): Promise<NodesSeen['facts']> => {
    const nowMs = deps.now().getTime();
    const missing = ids.filter((id) => (memory.get(id)?.atMs ?? Number.NEGATIVE_INFINITY) < nowMs - FACTS_LIFE_MS);
    if (missing.length > 0) {
      const facts = await deps.fleet.describe(cluster, missing);
      for (const id of missing) memory.set(id, { atMs: nowMs, facts });
    }
    return new Map(
      ids.flatMap((id) => {
        const facts = memory.get(id)?.facts.get(id);
        return facts === undefined ? [] : [[id, facts]];
      }),
    );
  };

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

  return async (run, instanceIds, known = {}) => {
    const isRepair = run.action === 'repair';
    const [facts, states] = await Promise.all([
      factsOf(run.cluster, instanceIds),
      known.states ?? (isRepair ? deps.results.nodeStates(instanceIds, run.remediation) : new Map()),
    ]);
    const nodes = { asked: new Set(instanceIds), facts, states, rows: known.rows ?? new Map(), nodegroups: new Map() };
    return { ...nodes, nodegroups: await nodegroupsOf(run, nodes, deps.settings) };
  };
};
