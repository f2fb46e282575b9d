import * as z from 'zod';
import { Reason, RequestedBy } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { ALL_CLUSTERS, clusterScope } from '../../adapters/table/keys.ts';
import { defineAction } from '../define-action.ts';
import { requireCluster } from '../require-cluster.ts';

const setPause = (name: string, title: string, state: 'paused' | 'resumed') =>
  defineAction({
    name,
    title,
    payload: z.strictObject({ cluster: ClusterName.optional(), requestedBy: RequestedBy, reason: Reason }),
    perform: async (deps, caller, { cluster, requestedBy, reason }) => {
      if (cluster !== undefined) requireCluster(deps, cluster);
      const scope = cluster === undefined ? ALL_CLUSTERS : clusterScope(cluster);
      const at = deps.now().toISOString();
      await deps.requests.setPause({ scope, state, at, by: requestedBy, reason, ...caller }, deps.newId());
      return { scope, state, at };
    },
  });

export const pause = setPause('pause', 'Pauses a cluster, or every cluster where `cluster` is missing.', 'paused');

export const resume = setPause(
  'resume',
  'Ends the pause of a cluster, or of every cluster where `cluster` is missing.',
  'resumed',
);
