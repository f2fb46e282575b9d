import type { ExplainedNode, ExplainItem, NodeVerdict } from '../../../core/api/explain.ts';
import { explainNode } from '../../../core/api/explain-node.ts';
import { isBefore, lastResult, nextSweep, type SeenHealthy } from '../../../core/api/last-results.ts';
import { timelineOf } from '../../../core/api/timeline.ts';
import type { NodeFacts } from '../../../core/guards/decide-node.ts';
import { defined } from '../../../core/model/defined.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { meaningOf } from '../../../core/model/outcome.ts';
import { clusterPolicy } from '../../../core/model/policy.ts';
import type { ResultRow } from '../../../core/state/results.ts';
import { refuse } from '../../runtime/answer.ts';
import { requireCluster } from '../../shared/require-cluster.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';
import { type FoundNode, findNode, listedClusterOf, refuseUnknownNode } from './find-node.ts';
import { readLanes } from './read-lane.ts';
import { readEarlySweeps, readHistory, readLastSweep, readSeenHealthy, readStates } from './read-node.ts';

type Asked = {
  readonly name: string;
  readonly cluster: string | undefined;
  readonly names: readonly string[];
  readonly limit: number;
};

/** The cluster that a node belongs to: as asked, by its tags, or by its history. */
const clusterOf = (
  deps: AuditQueryPorts,
  asked: string | undefined,
  found: FoundNode,
  results: readonly ResultRow[],
) => {
  if (asked !== undefined) return asked;
  const { policy } = deps.settings;
  return (
    listedClusterOf(deps, found.instance) ??
    results.find(({ cluster }) => clusterPolicy(policy, cluster) !== undefined)?.cluster
  );
};

const isTold = ({ outcome }: ResultRow): boolean => !meaningOf(outcome).hasSkipReason;

const shown = (
  { instanceId, instance }: FoundNode,
  facts: NodeFacts | undefined,
  results: readonly ResultRow[],
  healthy: SeenHealthy | undefined,
): Omit<ExplainedNode, 'cluster'> => {
  const row = results.find(isTold);
  const last =
    row !== undefined && healthy !== undefined && isBefore(row, healthy)
      ? { outcome: 'Healthy' as const, at: healthy.endedAt, runId: healthy.runId }
      : row === undefined
        ? {}
        : {
            ...{ outcome: row.outcome, at: row.endedAt, runId: row.runId, message: row.message },
            ...defined({ reason: row.reason, advice: row.advice }),
          };
  return {
    ...{ kind: 'explained-node', instanceId, ...last },
    ...defined({
      privateDnsName: instance?.PrivateDnsName,
      nodegroup: facts?.nodegroup,
      instanceType: instance?.InstanceType,
      ami: instance?.ImageId,
      launchedAt: instance?.LaunchTime?.toISOString(),
      state: facts?.state ?? instance?.State?.Name,
      pingStatus: facts?.ssm?.pingStatus,
      platform: facts?.ssm?.platformName,
      modeTag: facts?.modeTag,
    }),
  };
};

/** Verdicts in the order in which people need them: faults that are there, then the others. */
const byNeed = (verdicts: readonly NodeVerdict[]): readonly NodeVerdict[] =>
  verdicts.toSorted((a, b) => Number(b.isNeeded) - Number(a.isNeeded));

/** Explains a node: its state, a verdict for each remediation, then its history, the newest first. */
export const answerForNode = async (
  deps: AuditQueryPorts,
  { name, cluster: asked, names, limit }: Asked,
): Promise<readonly ExplainItem[]> => {
  const { store, settings: rules, fleet } = deps;
  const found = await findNode(deps, name, asked);
  const { instanceId } = found;
  const history = await readHistory(store, instanceId, limit);
  const cluster = clusterOf(deps, asked, found, history.results);
  const [newest] = history.results;
  if (newest === undefined && (cluster === undefined || found.instance === undefined))
    return await refuseUnknownNode(deps, 'node', found);
  if (cluster === undefined)
    return refuse('node', `${instanceId} belonged to ${newest?.cluster}, which the policy does not list now`, {
      next: 'show its history with node',
    });
  const policy = requireCluster(deps, cluster);
  const now = nowIso(deps);
  const [facts, stored, lanes, sweep] = await Promise.all([
    fleet.describe(cluster, [instanceId]),
    readStates(store, instanceId, cluster, names),
    readLanes(deps, policy, names),
    readLastSweep(store, cluster),
  ]);
  const own = facts.get(instanceId);
  const early = await readEarlySweeps(store, sweep, own);
  const next = nextSweep(policy, sweep, rules.sweepMinutes, now, early);
  const isOld = sweep !== undefined && history.results.some((row) => isTold(row) && isBefore(row, sweep));
  const healthy = isOld ? await readSeenHealthy(store, cluster, instanceId) : undefined;
  const head = { ...shown(found, own, history.results, healthy), cluster, next };
  const verdicts = lanes.map((lane) => {
    const { remediation } = lane;
    const node = {
      ...{ instanceId, facts: own, last: lastResult(history.results, remediation, healthy) },
      seen: head.outcome,
      state: stored.states.find((state) => state.remediation === remediation),
      row: stored.rows.find((row) => row.lane === laneName(cluster, remediation)),
    };
    return explainNode(lane, node, { rules, now, deployment: rules.deployment, next });
  });
  return [head, ...byNeed(verdicts), ...timelineOf({ ...history, ...stored })];
};
