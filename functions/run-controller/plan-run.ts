import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { isFrozen } from '../../core/guards/freeze.ts';
import type { Unread } from '../../core/guards/look.ts';
import { defined } from '../../core/model/defined.ts';
import { clusterPolicy } from '../../core/model/policy.ts';
import { documentsOf } from '../../core/runs/batch.ts';
import type { RunDocument } from '../../core/runs/queued-run.ts';
import type { Candidate } from '../../core/runs/settle.ts';
import { startRun } from '../../core/runs/start.ts';
import { mayRepair } from '../../core/signals/route.ts';
import type { LaneState } from '../../core/state/lane-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** Why no disruptive repair may start, by node group; asked once each. */
const maintenanceOf = async (
  deps: RunControllerPorts,
  run: RunState,
  facts: ReadonlyMap<string, NodeFacts>,
): Promise<(facts: NodeFacts) => string | Unread | undefined> => {
  const entry = deps.settings.remediations.find((r) => r.name === run.remediation);
  const cluster = clusterPolicy(deps.settings.policy, run.cluster);
  if (run.action === 'check' || entry?.disruptive !== true || cluster === undefined) return () => undefined;
  if (isFrozen(cluster, nowIso(deps))) return () => 'a freeze window of the cluster holds';
  const busy = new Map<string, string | Unread>();
  // A node of another cluster has a node group that this cluster does not have.
  const able = [...facts.values()].filter((f) => f.inCluster && f.clusters === undefined && f.state === 'running');
  for (const nodegroup of new Set(able.flatMap((f) => f.nodegroup ?? []))) {
    const status = await deps.nodegroups.status(run.cluster, nodegroup);
    if (typeof status !== 'string') busy.set(nodegroup, status);
    else if (status !== 'ACTIVE') busy.set(nodegroup, `the node group ${nodegroup} is ${status}`);
  }
  return ({ nodegroup }) => (nodegroup === undefined ? undefined : busy.get(nodegroup));
};

/**
 * Reads the current inputs of the run's first decision, and decides. Throws if an input cannot be read: nothing has changed,
 * and SQS redelivers the wake.
 */
export const planRun = async (
  deps: RunControllerPorts,
  queued: RunState,
  candidates: readonly Candidate[],
  lane: LaneState | undefined,
  signal: AbortSignal,
): Promise<RunState> => {
  const { policy, remediations } = deps.settings;
  const ids = candidates.map((c) => c.instanceId);
  const facts = await deps.fleet.describe(queued.cluster, ids);
  const isRepair = queued.action === 'repair';
  const nodeStates = isRepair ? await deps.results.nodeStates(ids, queued.remediation) : new Map();
  const cluster = clusterPolicy(policy, queued.cluster);
  const entry = remediations.find((r) => r.name === queued.remediation);
  const allowed = cluster !== undefined && entry !== undefined && mayRepair(cluster, entry).allowed;
  const planned = startRun(queued, {
    candidates,
    facts,
    nodeStates,
    isManaged: cluster !== undefined,
    mayRepair: allowed,
    maintenance: await maintenanceOf(deps, queued, facts),
    ...defined({ lane }),
    limits: policy.limits,
    now: nowIso(deps),
  });
  if (!isRepair || planned.image === undefined || planned.pending.length === 0) return planned;
  const preflight = await deps.registry.ask(planned.image, signal);
  return preflight === undefined ? planned : { ...planned, preflight };
};

/** The document that is deployed under a key, or its first part. Throws if the document is not deployed yet. */
export const documentOf = (deps: RunControllerPorts, key: string): RunDocument => {
  const [document] = documentsOf(deps.settings.documents, key);
  if (document === undefined) throw new Error(`planning a run: no document ${key} is deployed`);
  return { key, name: document.name, executionTimeoutSeconds: document.executionTimeoutSeconds };
};
