import { repairDocumentOf } from '../../../core/api/cluster-status.ts';
import type { LaneSeen } from '../../../core/api/explain-guards.ts';
import { isPausing } from '../../../core/guards/pause.ts';
import { isStillTripped } from '../../../core/guards/trust.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import type { ClusterPolicy } from '../../../core/model/policy.ts';
import { ClusterState, PauseRow } from '../../../core/state/cluster-state.ts';
import { LaneState } from '../../../core/state/lane-state.ts';
import { TrippedRow, TrustRow } from '../../../core/state/trust-state.ts';
import { ALL_CLUSTERS, clusterScope, keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { type AuditQueryPorts, nowIso } from '../ports.ts';

type Deps = Pick<AuditQueryPorts, 'store' | 'settings' | 'now'>;

const openElsewhere = async ({ store, now }: Deps, document: string, cluster: string): Promise<number> => {
  const { pk } = keys.tripped(document, cluster);
  const { understood, unreadable } = await store.rows(TrippedRow, startingWith(pk, keys.trippedPrefix));
  const others = understood.filter((row) => row.cluster !== cluster && isStillTripped(row, nowIso({ now })));
  return others.length + unreadable.length;
};

/** Reads what holds back the repairs of these remediations on a cluster: a fixed number of reads for each. */
export const readLanes = async (
  deps: Deps,
  policy: ClusterPolicy,
  remediations: readonly string[],
): Promise<readonly LaneSeen[]> => {
  const { store, settings } = deps;
  const cluster = policy.name;
  const now = nowIso(deps);
  const named = settings.remediations.filter(({ name }) => remediations.includes(name));
  const documents = named.map(({ name }) => repairDocumentOf(settings, name));
  const [lanes, trust, state, pauses, elsewhere] = await Promise.all([
    store.rowsAt(
      LaneState,
      named.map(({ name }) => keys.lane(laneName(cluster, name))),
    ),
    store.rowsAt(
      TrustRow,
      documents.flatMap((document) => (document === undefined ? [] : [keys.trust(document, cluster)])),
    ),
    store.rowsAt(ClusterState, [keys.cluster(cluster)]),
    store.rows(PauseRow, startingWith(keys.pauses, keys.pausePrefix)),
    Promise.all(documents.map((document) => (document === undefined ? 0 : openElsewhere(deps, document, cluster)))),
  ]);
  const scopes = new Set([ALL_CLUSTERS, clusterScope(cluster)]);
  const pause = pauses.understood.find((row) => scopes.has(row.scope) && isPausing(row, 'repair', now));
  return named.map(({ name, disruptive }, i) => ({
    ...{ policy, remediation: name, disruptive, pause, waiting: 0 },
    document: documents[i],
    lane: lanes.understood.find((lane) => lane.remediation === name),
    trust: trust.understood.find(({ document }) => document === documents[i]),
    openElsewhere: elsewhere[i] ?? 0,
    cluster: state.understood[0],
  }));
};
