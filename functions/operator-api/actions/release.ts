import pMap from 'p-map';
import * as z from 'zod';
import { DryRun, InstanceIds, Reason, RemediationName, RequestedBy } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { refuse } from '../../runtime/answer.ts';
import { requireCluster } from '../../shared/require-cluster.ts';
import { defineAction } from '../define-action.ts';
import type { OperatorApiPorts } from '../ports.ts';

/** One after the other, the nodes that a request may name take longer than Lambda allows; all notices are of one partition. */
const concurrency = 4;

const remediationsOf = (
  deps: OperatorApiPorts,
  cluster: string,
  remediation: string | undefined,
): readonly string[] => {
  requireCluster(deps, cluster);
  const names = deps.settings.remediations.map((r) => r.name);
  if (remediation === undefined) return names;
  if (names.includes(remediation)) return [remediation];
  return refuse('remediation', `there is no remediation ${remediation}; there are: ${names.join(', ')}`, {
    allowed: names,
  });
};

const answerOf = (instanceIds: readonly string[], released: readonly string[]) => ({
  released,
  notQuarantined: instanceIds.filter((id) => !released.includes(id)),
});

/** Without `remediation`, the quarantines of every remediation end. */
export const release = defineAction({
  name: 'release',
  title: 'Ends the quarantine of nodes and forgets their failed attempts.',
  way: 'act',
  payload: z.strictObject({
    cluster: ClusterName,
    remediation: RemediationName.optional(),
    instanceIds: InstanceIds,
    requestedBy: RequestedBy,
    reason: Reason,
    ...DryRun,
  }),
  preview: async (deps, _caller, { cluster, remediation, instanceIds }) => {
    const states = await Promise.all(
      remediationsOf(deps, cluster, remediation).map((name) => deps.results.nodeStates(instanceIds, name)),
    );
    const isHeld = (id: string) =>
      states.some((byId) => byId.get(id)?.quarantinedAt !== undefined && byId.get(id)?.cluster === cluster);
    return answerOf(instanceIds, instanceIds.filter(isHeld));
  },
  perform: async (deps, caller, { cluster, remediation, instanceIds, requestedBy, reason }) => {
    const names = remediationsOf(deps, cluster, remediation);
    const row = {
      event: 'released' as const,
      cluster,
      at: deps.now().toISOString(),
      by: requestedBy,
      reason,
      ...caller,
    };
    const both = instanceIds.flatMap((instanceId) => names.map((name) => ({ instanceId, remediation: name })));
    const ends = await pMap(both, (node) => deps.requests.release({ ...row, ...node }, deps.newId()), { concurrency });
    const ended = new Set(both.filter((_, i) => ends[i] === 'released').map(({ instanceId }) => instanceId));
    const released = instanceIds.filter((id) => ended.has(id));
    return answerOf(instanceIds, released);
  },
});
