import pMap from 'p-map';
import * as z from 'zod';
import { clusterStatus } from '../../../core/api/cluster-status.ts';
import { needsOf } from '../../../core/api/needs.ts';
import { Page } from '../../../core/api/report.ts';
import { StatusItem } from '../../../core/api/status.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { requireCluster } from '../../shared/require-cluster.ts';
import { defineAnswer } from '../define-query.ts';
import { nowIso } from '../ports.ts';
import { nodeStatuses } from '../status/node-statuses.ts';
import { readCluster } from '../status/read-cluster.ts';
import { readShared } from '../status/read-shared.ts';

/** Clusters that are read at once. */
const CONCURRENCY = 4;

/** The present state of the clusters, and what needs a person. Of one cluster also the nodes that do not work. */
export const status = defineAnswer({
  name: 'status',
  title:
    'Shows the present state of every cluster, or of one with its nodes that do not work, and what needs a person.',
  payload: z.strictObject({ cluster: ClusterName.optional(), ...Page }),
  items: StatusItem,
  answer: async ({ cluster, limit }, deps) => {
    const { store, settings, letters } = deps;
    const now = nowIso(deps);
    const policies = cluster === undefined ? settings.policy.clusters : [requireCluster(deps, cluster)];
    const [shared, queues] = await Promise.all([
      readShared(
        deps,
        policies.map(({ name }) => name),
      ),
      letters(),
    ]);
    const seen = await pMap(policies, (policy) => readCluster(store, policy, shared, now), {
      concurrency: CONCURRENCY,
    });
    const unread = [...shared.unread, ...queues.flatMap((queue) => ('problem' in queue ? [queue.problem] : []))];
    const clusters = seen.map((one) =>
      clusterStatus({ ...one, unread: [...one.unread, ...unread] }, settings, settings.sweepMinutes, now),
    );
    const names = new Set(policies.map(({ name }) => name));
    const needs = needsOf(
      clusters,
      shared.quarantined.filter((node) => names.has(node.cluster)),
      queues.flatMap((queue) => ('count' in queue ? [queue] : [])),
      now,
    );
    const nodes = cluster === undefined ? [] : await pMap(seen, (one) => nodeStatuses(store, one, limit));
    return { items: [...clusters, ...needs, ...nodes.flat()] };
  },
});
