import pMap from 'p-map';
import type { ExplainedLane } from '../../../core/api/explain.ts';
import { explainLane } from '../../../core/api/explain-lane.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { isWaiting, PendingNode } from '../../../core/state/pending-node.ts';
import { keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { requireCluster } from '../../shared/require-cluster.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';
import { readLanes } from './read-lane.ts';

/** Explains what holds back the repairs of remediations on a cluster. */
export const answerForLanes = async (
  deps: AuditQueryPorts,
  cluster: string,
  remediations: readonly string[],
): Promise<readonly ExplainedLane[]> => {
  const { store, settings: rules } = deps;
  const policy = requireCluster(deps, cluster);
  const lanes = await readLanes(deps, policy, remediations);
  return await pMap(lanes, async (lane) => {
    const { pk } = keys.lane(laneName(cluster, lane.remediation));
    const { understood } = await store.rows(PendingNode, startingWith(pk, keys.pendingNodePrefix));
    const queue = await store.merge([startingWith(pk, keys.queuedPrefix)], 'ascending', 100, [null]);
    const waiting = understood.filter(isWaiting).length;
    const moment = { rules, now: nowIso(deps), deployment: rules.deployment };
    return explainLane({ ...lane, waiting, queued: queue.items.length }, moment);
  });
};
