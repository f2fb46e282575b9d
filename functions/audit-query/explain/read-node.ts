import { ReleaseRow } from '../../../core/api/request.ts';
import type { NodeHistory } from '../../../core/api/timeline.ts';
import type { NodeFacts } from '../../../core/guards/decide-node.ts';
import { laneName, NODE_CHECK } from '../../../core/model/lane-name.ts';
import { earlySweepId, MAX_EARLY_SWEEPS } from '../../../core/runs/early-sweep.ts';
import { NodeStateRow } from '../../../core/state/node-state.ts';
import { PendingNode } from '../../../core/state/pending-node.ts';
import { ResultRow } from '../../../core/state/results.ts';
import { RunDigest } from '../../../core/state/run-digest.ts';
import { RunState } from '../../../core/state/run-state.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { rowsOf } from '../../adapters/table/items.ts';
import { index, keys, TABLE } from '../../adapters/table/keys.ts';
import { withResults } from '../../adapters/table/result-briefs.ts';

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

/** The newest run of a cluster's sweeps that has looked at the nodes. */
export const readLastSweep = async (store: AuditStore, cluster: string): Promise<RunDigest | undefined> => {
  const partition = { index: 'byOutcome', key: index.sweepsOf(cluster) } as const;
  const { items } = await store.merge([partition], 'descending', 1, [null]);
  return rowsOf(RunDigest, items).understood[0];
};
