import { type OperatorRequest, type RequestOf, type RunAnswer, readRequest } from '../../core/api/request.ts';
import { clusterPolicy } from '../../core/model/policy.ts';
import { wakeOf } from '../../core/model/wake.ts';
import { ALL_CLUSTERS, clusterScope } from '../adapters/table/keys.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { Caller, OperatorApiPorts } from './ports.ts';
import { type ReplayAnswer, replay } from './replay.ts';
import { start } from './start.ts';

/** What an action answers. */
export type OperatorAnswer =
  | RunAnswer
  | ReplayAnswer
  | { readonly scope: string; readonly state: 'paused' | 'resumed'; readonly at: string }
  | { readonly released: readonly string[]; readonly notQuarantined: readonly string[] }
  | { readonly runId: string; readonly status: string; readonly cancelled: boolean };

const mustManage = (deps: OperatorApiPorts, cluster: string): void => {
  const { policy } = deps.settings;
  if (clusterPolicy(policy, cluster) !== undefined) return;
  throw new PermanentError(
    `field cluster: ${cluster} is not in the policy; it lists: ${policy.clusters.map((c) => c.name).join(', ') || 'none'}`,
  );
};

const setPause = async (
  deps: OperatorApiPorts,
  caller: Caller,
  request: RequestOf<'pause'> | RequestOf<'resume'>,
): Promise<OperatorAnswer> => {
  if (request.cluster !== undefined) mustManage(deps, request.cluster);
  const scope = request.cluster === undefined ? ALL_CLUSTERS : clusterScope(request.cluster);
  const state = request.action === 'pause' ? 'paused' : 'resumed';
  const at = deps.now().toISOString();
  await deps.requests.setPause(
    { scope, state, at, by: request.requestedBy, reason: request.reason, ...caller },
    deps.newId(),
  );
  return { scope, state, at };
};

const release = async (
  deps: OperatorApiPorts,
  caller: Caller,
  request: RequestOf<'release'>,
): Promise<OperatorAnswer> => {
  mustManage(deps, request.cluster);
  const names = deps.settings.remediations.map((r) => r.name);
  if (request.remediation !== undefined && !names.includes(request.remediation)) {
    throw new PermanentError(`field remediation: there is no ${request.remediation}; there are: ${names.join(', ')}`);
  }
  const at = deps.now().toISOString();
  const released: string[] = [];
  for (const instanceId of request.instanceIds) {
    for (const remediation of request.remediation === undefined ? names : [request.remediation]) {
      const row = {
        event: 'released' as const,
        instanceId,
        cluster: request.cluster,
        remediation,
        at,
        by: request.requestedBy,
        reason: request.reason,
        ...caller,
      };
      if ((await deps.requests.release(row, deps.newId())) === 'released' && !released.includes(instanceId)) {
        released.push(instanceId);
      }
    }
  }
  return { released, notQuarantined: request.instanceIds.filter((id) => !released.includes(id)) };
};

const cancel = async (
  deps: OperatorApiPorts,
  caller: Caller,
  request: RequestOf<'cancel'>,
): Promise<OperatorAnswer> => {
  const { runId } = request;
  const run = await deps.runs.get(runId);
  if (run === undefined)
    throw new PermanentError(`field runId: there is no run ${runId}; list them with audit-query, query runs`);
  if (run.status === 'ended') return { runId, status: 'ended', cancelled: false };
  const at = deps.now().toISOString();
  await deps.requests.requestCancel({ runId, at, by: request.requestedBy, reason: request.reason, ...caller });
  await deps.wakes.wake([wakeOf(run)]);
  return { runId, status: run.status, cancelled: true };
};

const act = async (deps: OperatorApiPorts, caller: Caller, request: OperatorRequest): Promise<OperatorAnswer> => {
  switch (request.action) {
    case 'check':
    case 'repair':
      return await start(deps, caller, request);
    case 'pause':
    case 'resume':
      return await setPause(deps, caller, request);
    case 'release':
      return await release(deps, caller, request);
    case 'cancel':
      return await cancel(deps, caller, request);
    case 'replay':
      return await replay(deps, request.max);
    default:
      return request satisfies never;
  }
};

/**
 * Does what a person asked for and answers at once. Throws PermanentError for a request that is wrong or not allowed:
 * the caller sees its message, which names the field and what is allowed.
 */
export const remediate = async (deps: OperatorApiPorts, caller: Caller, event: unknown): Promise<OperatorAnswer> => {
  const reading = readRequest(event);
  if (!reading.ok) throw new PermanentError(reading.error);
  const answer = await act(deps, caller, reading.value);
  deps.count('Requests');
  deps.log.info('accepting request', {
    request: reading.value,
    ...('runId' in answer ? { runId: answer.runId } : {}),
  });
  return answer;
};
