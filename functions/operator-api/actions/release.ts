import * as z from 'zod';
import { InstanceIds, Reason, RemediationName, RequestedBy } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineAction } from '../define-action.ts';
import { requireCluster } from '../require-cluster.ts';

/** Without `remediation`, the quarantines of every remediation end. */
export const release = defineAction({
  name: 'release',
  title: 'Ends the quarantine of nodes and forgets their failed attempts.',
  payload: z.strictObject({
    cluster: ClusterName,
    remediation: RemediationName.optional(),
    instanceIds: InstanceIds,
    requestedBy: RequestedBy,
    reason: Reason,
  }),
  perform: async (deps, caller, { cluster, remediation, instanceIds, requestedBy, reason }) => {
    requireCluster(deps, cluster);
    const names = deps.settings.remediations.map((r) => r.name);
    if (remediation !== undefined && !names.includes(remediation)) {
      refuse('remediation', `there is no ${remediation}; there are: ${names.join(', ')}`, { allowed: names });
    }
    const row = {
      event: 'released' as const,
      cluster,
      at: deps.now().toISOString(),
      by: requestedBy,
      reason,
      ...caller,
    };
    const released: string[] = [];
    for (const instanceId of instanceIds) {
      for (const name of remediation === undefined ? names : [remediation]) {
        const outcome = await deps.requests.release({ ...row, instanceId, remediation: name }, deps.newId());
        if (outcome === 'released' && !released.includes(instanceId)) released.push(instanceId);
      }
    }
    return { released, notQuarantined: instanceIds.filter((id) => !released.includes(id)) };
  },
});
