import { ReleaseRow } from '../../../core/api/request.ts';
import type { NodeHistory } from '../../../core/api/timeline.ts';
import type { NodeFacts } from '../../../core/guards/decide-node.ts';
import { laneName, NODE_CHECK } from '../../../core/model/lane-name.ts';
import { checkedNodes } from '../../../core/runs/batch-results.ts';
import { earlySweepId, MAX_EARLY_SWEEPS } from '../../../core/runs/early-sweep.ts';
import { ObservationRow } from '../../../core/state/command-state.ts';
import { NodeStateRow } from '../../../core/state/node-state.ts';
import { PendingNode } from '../../../core/state/pending-node.ts';
import { ResultRow } from '../../../core/state/results.ts';
import { RunDigest } from '../../../core/state/run-digest.ts';
import { RunState } from '../../../core/state/run-state.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { rowsOf } from '../../adapters/table/items.ts';
import { index, keys, TABLE } from '../../adapters/table/keys.ts';
import { withResults } from '../../adapters/table/result-briefs.ts';
import { startingWith } from '../../adapters/table/table.ts';

/** The newest results and releases of a node, the newest first; its cluster is in each of them. */
export const readHistory = async (
  store: AuditStore,
  instanceId: string,
  limit: number,
): Promise<Pick<NodeHistory, 'results' | 'releases'>> => {
  const partition = { index: 'byOwner', key: index.node(instanceId) } as const;
  const { items } = await store.merge([partition], 'descending', limit, [null]);
  const isRelease = (item: (typeof items)[number]) => String(item[TABLE.partitionKey]).startsWith('NODE#');
  return {
    releases: rowsOf(ReleaseRow, items.filter(isRelease)).understood,
    results: rowsOf(
      ResultRow,
      items.filter((item) => !isRelease(item)),
    ).understood,
  };
};

/** The stored state of a node by remediation, and its rows in the lanes of its cluster. */
export const readStates = async (
  store: AuditStore,
  instanceId: string,
  cluster: string,
  remediations: readonly string[],
): Promise<Pick<NodeHistory, 'states' | 'rows'>> => {
  const [states, rows] = await Promise.all([
    store.rowsAt(
      NodeStateRow,
      remediations.map((name) => keys.nodeState(instanceId, name)),
    ),
    store.rowsAt(
      PendingNode,
      [...remediations, NODE_CHECK].map((name) => keys.pendingNode(laneName(cluster, name), instanceId)),
    ),
  ]);
  return { states: await withResults(store, states.understood), rows: rows.understood };
};

/** The early sweeps that may follow a sweep in the node group of a node: a read of as many keys, whatever there is. */
export const readEarlySweeps = async (
  store: AuditStore,
  sweep: RunDigest | undefined,
  facts: NodeFacts | undefined,
): Promise<readonly RunState[]> => {
  if (sweep === undefined || facts === undefined) return [];
  const { nodegroup = '' } = facts;
  const turns = Array.from({ length: MAX_EARLY_SWEEPS }, (_, i) => i + 1);
  const ids = turns.map((turn) => earlySweepId(sweep.requestId, turn, nodegroup));
  return (await store.rowsAt(RunState, ids.map(keys.run))).understood;
};

const readSweeps = async (store: AuditStore, cluster: string, limit: number): Promise<readonly RunDigest[]> => {
  const partition = { index: 'byOutcome', key: index.sweepsOf(cluster) } as const;
  const { items } = await store.merge([partition], 'descending', limit, [null]);
  return rowsOf(RunDigest, items).understood;
};

/** The newest run of a cluster's sweeps that has looked at the nodes. */
export const readLastSweep = async (store: AuditStore, cluster: string): Promise<RunDigest | undefined> =>
  (await readSweeps(store, cluster, 1))[0];

/** A sweep of a large cluster is several runs: of at most 1,000 nodes each. */
const MAX_RUNS = 50;
/** The last one may not have ended for all nodes. */
const SWEEPS = 2;

/**
 * The run of a cluster's last sweeps that found a node healthy, by its observations. A sweep that left the node out, or whose
 * runs have other nodes, has not.
 */
export const readSeenHealthy = async (
  store: AuditStore,
  cluster: string,
  instanceId: string,
): Promise<RunDigest | undefined> => {
  const runs = await readSweeps(store, cluster, MAX_RUNS);
  const last = [...new Set(runs.map(({ requestId }) => requestId))].slice(0, SWEEPS);
  for (const run of runs.filter(({ requestId }) => last.includes(requestId))) {
    const seen = startingWith(keys.run(run.runId).pk, keys.observationPrefix);
    if (checkedNodes((await store.rows(ObservationRow, seen)).understood).healthy.has(instanceId)) return run;
  }
  return undefined;
};
