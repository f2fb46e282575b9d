import { createHash } from 'node:crypto';
import { assumedFacts, MAX_NODES_PREVIEWED_IN_FULL, previewOf } from '../../core/api/preview.ts';
import type { RequestRow, RunAnswer } from '../../core/api/request.ts';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { pauseText } from '../../core/guards/pause.ts';
import { openBreakerOf } from '../../core/guards/trust.ts';
import { becauseOnce, type Cause, sampleOf } from '../../core/model/because.ts';
import { defined } from '../../core/model/defined.ts';
import { laneName, NODE_CHECK } from '../../core/model/lane-name.ts';
import { mayRepair } from '../../core/model/may-repair.ts';
import { type Result, success } from '../../core/model/result.ts';
import { requestedRunId } from '../../core/model/run-id.ts';
import { wakeOf } from '../../core/model/wake.ts';
import { documentsOf } from '../../core/runs/batch.ts';
import { holdOf } from '../../core/runs/lane.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import { slicesOf } from '../../core/runs/slices.ts';
import { refuse } from '../runtime/answer.ts';
import { requireCluster } from '../shared/require-cluster.ts';
import type { Caller, OperatorApiPorts } from './ports.ts';

/** A request for a check or a repair; without `instanceIds` of the whole cluster. */
type StartRequest = {
  readonly action: 'check' | 'repair';
  readonly cluster: string;
  readonly remediation?: string | undefined;
  readonly instanceIds?: readonly string[] | undefined;
  readonly requestedBy: string;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
};

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

/** Refuses a request that the policy does not allow. The refusal names the allowed values or the deciding line. */
const permit = (deps: OperatorApiPorts, request: StartRequest): string => {
  const { remediations } = deps.settings;
  const cluster = requireCluster(deps, request.cluster);
  const remediation = request.remediation ?? NODE_CHECK;
  if (remediation === NODE_CHECK && request.action === 'check') return remediation;
  const entry = remediations.find((r) => r.name === remediation);
  if (entry === undefined) {
    const allowed = remediations.map(({ name }) => name);
    return refuse('remediation', `there is no remediation ${remediation}; there are: ${list(allowed)}`, { allowed });
  }
  if (request.action === 'check') return remediation;
  const permission = mayRepair(cluster, entry);
  if (!permission.allowed) {
    const next = 'ask for a check, or change the policy and deploy';
    const problem = `the policy does not let ${remediation} repair on ${request.cluster}: ${permission.why}`;
    return refuse('action', `${problem}; ${next}`, { allowed: ['check'], next });
  }
  return remediation;
};

const documentOf = (
  deps: OperatorApiPorts,
  remediation: string,
  action: 'check' | 'repair',
): { readonly key: string } => {
  const key = remediation === NODE_CHECK ? NODE_CHECK : `${remediation}-${action}`;
  const [document] = documentsOf(deps.settings.documents, key);
  if (document === undefined) throw new Error(`finding the document ${key}: it is not in the settings; deploy again`);
  return { key };
};

/** The fields that identify a request. Its caller and its time are not among them. */
const fingerprintOf = (request: StartRequest): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        request.action,
        request.cluster,
        request.remediation ?? null,
        request.instanceIds?.toSorted() ?? null,
        request.requestedBy,
        request.reason ?? null,
      ]),
    )
    .digest('hex');

const runIdOf = (text: string): string => requestedRunId(createHash('sha256').update(text).digest('hex'));

const NONE: Result<readonly string[]> = success([]);

/** The facts about the requested nodes. For many nodes, only EC2 is read. */
const look = async (
  deps: OperatorApiPorts,
  { cluster, instanceIds }: StartRequest,
): Promise<{
  readonly instanceIds: readonly string[];
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly isApproximate: boolean;
}> => {
  const few = instanceIds !== undefined && instanceIds.length <= MAX_NODES_PREVIEWED_IN_FULL;
  const listed = few ? [] : await deps.fleet.list(cluster);
  const others = instanceIds === undefined ? await deps.beyondEc2(cluster) : NONE;
  if (!others.ok) deps.log.warn('leaving out nodes without an EC2 instance', { cluster, message: others.error });
  const beyond = others.ok ? others.value : [];
  const asked = [...(instanceIds ?? listed.map((node) => node.instanceId)), ...beyond];
  if (asked.length - beyond.length <= MAX_NODES_PREVIEWED_IN_FULL) {
    return { instanceIds: asked, facts: await deps.fleet.describe(cluster, asked), isApproximate: false };
  }
  const inCluster = new Map(listed.map((node) => [node.instanceId, node]));
  const assume = (id: string): NodeFacts => {
    const node = inCluster.get(id);
    return node === undefined
      ? { instanceId: id, state: 'unknown', inCluster: false, autoMode: false }
      : { ...assumedFacts(id), autoMode: node.autoMode };
  };
  return { instanceIds: asked, facts: new Map(asked.map((id) => [id, assume(id)])), isApproximate: true };
};

/** Evaluates the nodes now, so that the answer lists the skipped nodes with their reasons. `nodes` are all of the request. */
const preview = async (
  deps: OperatorApiPorts,
  request: StartRequest,
  remediation: string,
  now: string,
): Promise<{ readonly nodes: readonly string[]; readonly plan: Omit<RunAnswer, 'requestId' | 'runId' | 'runs'> }> => {
  const { limits } = deps.settings.policy;
  const isRepair = request.action === 'repair';
  const { instanceIds, facts, isApproximate } = await look(deps, request);
  const [document] = documentsOf(deps.settings.documents, `${remediation}-repair`);
  const [nodeStates, pause, trust] = await Promise.all([
    isRepair ? deps.results.nodeStates(instanceIds, remediation) : new Map(),
    deps.results.pauseFor(request.cluster, request.action, now),
    isRepair && document !== undefined ? deps.trust.read(document.name, request.cluster) : undefined,
  ]);
  const paused = pause === undefined ? undefined : pauseText(pause);
  const own = trust?.kind === 'row' ? trust.row : undefined;
  const held = holdOf(own && openBreakerOf(own, now), paused, now)?.message;
  return {
    nodes: instanceIds,
    plan: {
      ...previewOf(instanceIds, facts, nodeStates, { action: request.action, now, limits }),
      ...(isApproximate ? { approximate: true as const } : {}),
      ...defined({ held }),
    },
  };
};

/** Stores the first run and queues it in its lane, then wakes run-controller. A second call changes nothing. */
const enqueue = async (deps: OperatorApiPorts, row: RequestRow, runId: string): Promise<void> => {
  const { action, cluster, remediation, createdAt: now } = row;
  const isRepair = action === 'repair';
  const lane = laneName(cluster, remediation);
  const run = queuedRun({
    ...{ runId, requestId: row.requestId, cluster, remediation, action, because: row.because, now },
    group: isRepair ? lane : runId,
    document: documentOf(deps, remediation, action),
    // run-controller makes slices of the request's list; this run takes the first.
    slice: { from: 0 },
    limits: deps.settings.policy.limits,
  });
  const isNew = await deps.runs.create(run);
  const stored = isNew ? undefined : await deps.runs.read(runId);
  const isWaiting = isNew || (stored?.kind === 'run' && stored.run.status === 'queued');
  if (!isWaiting) return;
  if (isRepair) {
    await deps.lanes.queueRun(lane, now, runId);
    await deps.signals.touchLane(cluster, remediation, now);
  }
  await deps.wakes.wake([wakeOf(run)]);
};

/** Claims the request's id with its answer and its list of nodes. */
const claim = async (
  deps: OperatorApiPorts,
  caller: Caller,
  request: StartRequest,
  remediation: string,
  { requestId, runId }: { readonly requestId: string; readonly runId: string },
): Promise<RequestRow> => {
  const now = deps.now().toISOString();
  const { nodes, plan } = await preview(deps, request, remediation, now);
  const { action, cluster, requestedBy: by, reason } = request;
  const { maxNodesPerRepairRun, maxNodesPerCheckRun } = deps.settings.policy.limits;
  const runs = slicesOf(runId, nodes.length, action === 'repair' ? maxNodesPerRepairRun : maxNodesPerCheckRun);
  const cause: Cause = { kind: 'operator', by, ...(reason === undefined ? {} : { sample: sampleOf(reason) }) };
  const row: RequestRow = {
    ...{ requestId, action, cluster, remediation },
    because: becauseOnce(cause, 'operator-api', now),
    ...defined({ reason }),
    ...caller,
    createdAt: now,
    fingerprint: fingerprintOf(request),
    answer: { requestId, runId, runs: runs.map((part) => part.runId), ...plan },
  };
  return await deps.requests.claim(row, nodes);
};

/** What a request would do now: the nodes that it would go to, and those that it would skip. */
export const previewOfRequest = async (deps: OperatorApiPorts, request: StartRequest) => {
  const remediation = permit(deps, request);
  return (await preview(deps, request, remediation, deps.now().toISOString())).plan;
};

/**
 * Starts a check or a repair and answers at once. With a requestId the same request gets the same answer and no second
 * run; another request under the same id is refused.
 */
export const start = async (deps: OperatorApiPorts, caller: Caller, request: StartRequest): Promise<RunAnswer> => {
  const remediation = permit(deps, request);
  const runId = runIdOf(request.requestId === undefined ? deps.newId() : `request ${request.requestId}`);
  const requestId = request.requestId ?? runId;
  const stored = request.requestId === undefined ? undefined : await deps.requests.readRequest(requestId);
  if (stored?.kind === 'unreadable')
    return refuse('requestId', `${requestId} cannot be read: ${stored.problem}; use a new one`, {
      next: 'use a new requestId',
    });
  const known = stored?.kind === 'row' ? stored.row : undefined;
  const claimed = known ?? (await claim(deps, caller, request, remediation, { requestId, runId }));
  const { answer } = claimed;
  if (answer === undefined || claimed.fingerprint !== fingerprintOf(request)) {
    const use = `${requestId} was used at ${claimed.createdAt} for another request (run ${answer?.runId ?? requestId})`;
    return refuse('requestId', `${use}; use a new one`, { next: 'use a new requestId' });
  }
  // Also for a repeated request: the first call may have crashed between the claim and the wake.
  await enqueue(deps, claimed, answer.runId);
  return answer;
};
