import type { ClusterSeen } from '../../../core/api/cluster-status.ts';
import { presentState, type SeenNote } from '../../../core/api/present-state.ts';
import { counted } from '../../../core/model/counted.ts';
import { defined } from '../../../core/model/defined.ts';
import { epochMs, isoTime } from '../../../core/model/ids.ts';
import { COMMANDLESS_OUTCOMES, meaningOf } from '../../../core/model/outcome.ts';
import type { ClusterPolicy } from '../../../core/model/policy.ts';
import type { PauseRow } from '../../../core/state/cluster-state.ts';
import type { LaneState } from '../../../core/state/lane-state.ts';
import type { NodeStateRow } from '../../../core/state/node-state.ts';
import { PendingNode } from '../../../core/state/pending-node.ts';
import { ResultRow } from '../../../core/state/results.ts';
import { RunDigest } from '../../../core/state/run-digest.ts';
import type { RunState } from '../../../core/state/run-state.ts';
import type { TrustRow } from '../../../core/state/trust-state.ts';
import type { AuditStore } from '../../adapters/table/audit-store.ts';
import { type Rows, rowsOf } from '../../adapters/table/items.ts';
import { ALL_CLUSTERS, clusterScope, index, keys } from '../../adapters/table/keys.ts';
import { startingWith } from '../../adapters/table/table.ts';
import { readSignalsCut } from './unproven-day.ts';

/** A sweep of a large cluster is several runs: of at most 1,000 nodes each. */
const MAX_RUNS_OF_SWEEP = 50;

/** The newest runs of which the nodes that got no command are read too. */
const MAX_SETTLED_RUNS = 20;

/** Runs that ended longer ago are not read: without sweeps, there may be very many since the last one. */
const MAX_AGE_MS = 2 * 86_400_000;

/** What all clusters share, read once. */
export type Shared = {
  readonly open: readonly RunState[];
  readonly lanes: readonly LaneState[];
  readonly pauses: readonly PauseRow[];
  readonly quarantined: readonly NodeStateRow[];
  readonly trust: readonly TrustRow[];
};

/** The runs of the last sweep of which every run has ended, the newest sweep first. */
const lastSweep = async (store: AuditStore, cluster: string, open: readonly RunState[]): Promise<Rows<RunDigest>> => {
  const partition = { index: 'byOutcome', key: index.sweepsOf(cluster) } as const;
  const { items } = await store.merge([partition], 'descending', MAX_RUNS_OF_SWEEP, [null]);
  const { understood, unreadable } = rowsOf(RunDigest, items);
  const unfinished = new Set(open.map(({ requestId }) => requestId));
  const requestId = understood.find((digest) => !unfinished.has(digest.requestId))?.requestId;
  return { understood: understood.filter((digest) => digest.requestId === requestId), unreadable };
};

/** How many nodes of a run have an outcome that needs no command. */
const commandlessIn = (counts: RunDigest['counts']): number =>
  COMMANDLESS_OUTCOMES.reduce((sum, name) => sum + (counts[name] ?? 0), 0);

const problemsOf = ({ unreadable }: Rows<unknown>): readonly string[] => unreadable.map(({ problem }) => problem);

/** The results of nodes that got no command, and what cannot be read: no observation, and so no digest, has them. */
const settledOf = async (store: AuditStore, runs: readonly RunDigest[]) => {
  const notes: SeenNote[] = [];
  const unread: string[] = [];
  for (const { runId, counts, notes: own } of runs) {
    const noted = new Set(own.map(({ instanceId }) => instanceId));
    if (commandlessIn(counts) <= own.filter(({ outcome }) => COMMANDLESS_OUTCOMES.includes(outcome)).length) continue;
    const results = await store.rows(ResultRow, { key: keys.results(runId) });
    unread.push(...problemsOf(results));
    for (const { instanceId, endedAt: at, outcome, remediation, reason, commandId } of results.understood) {
      const { isWorking, hasSkipReason } = meaningOf(outcome);
      if (commandId !== undefined || isWorking || hasSkipReason || noted.has(instanceId)) continue;
      notes.push({ instanceId, at, outcome, remediation, runId, ...defined({ reason }) });
    }
  }
  return { notes, unread };
};

/** The runs that ended since a time, and the nodes of theirs and of the sweep's that got no command. */
const readLater = async (store: AuditStore, cluster: string, from: string, sweep: readonly RunDigest[]) => {
  const later = await store.rows(RunDigest, { index: 'byOwner', key: index.digestsOf(cluster), from });
  const own = new Set(sweep.map(({ runId }) => runId));
  const runs = later.understood.filter(({ runId, counts }) => !own.has(runId) && commandlessIn(counts) > 0);
  const { notes, unread } = await settledOf(store, [...sweep, ...runs.slice(-MAX_SETTLED_RUNS)]);
  const left = Math.max(0, runs.length - MAX_SETTLED_RUNS);
  const text = `${counted(left, 'run')} before the newest ${MAX_SETTLED_RUNS} with nodes that got no command`;
  return {
    later: later.understood,
    settled: notes,
    unread: [...problemsOf(later), ...unread, ...(left === 0 ? [] : [text])],
  };
};

/** Reads one cluster: by keys alone, and as many rows as its present work has. */
export const readCluster = async (
  store: AuditStore,
  policy: ClusterPolicy,
  shared: Shared,
  now: string,
): Promise<ClusterSeen> => {
  const { name: cluster } = policy;
  const open = shared.open.filter((run) => run.cluster === cluster);
  const sweep = await lastSweep(store, cluster, open);
  const oldest = isoTime(epochMs(now) - MAX_AGE_MS);
  const began = sweep.understood
    .map(({ startedAt, createdAt }) => startedAt ?? createdAt)
    .toSorted()
    .at(0);
  const from = began === undefined || began < oldest ? oldest : began;
  const [cut, { later, settled, unread }, lanes] = await Promise.all([
    readSignalsCut(store, cluster, now),
    readLater(store, cluster, from, sweep.understood),
    Promise.all(
      shared.lanes
        .filter((lane) => lane.cluster === cluster)
        .map(async (lane) => ({
          lane,
          rows: await store.rows(PendingNode, startingWith(keys.lane(lane.lane).pk, keys.pendingNodePrefix)),
        })),
    ),
  ]);
  const scopes = new Set([ALL_CLUSTERS, clusterScope(cluster)]);
  return {
    policy,
    present: presentState(sweep.understood, settled, later),
    sweep: sweep.understood,
    open,
    lanes: lanes.map(({ lane, rows }) => ({ lane, rows: rows.understood })),
    trust: shared.trust.filter((row) => row.cluster === cluster),
    pauses: shared.pauses.filter(({ scope }) => scopes.has(scope)),
    quarantined: shared.quarantined.filter((node) => node.cluster === cluster),
    signalsCut: cut.signalsCut,
    unread: [
      ...(began !== undefined && began < oldest ? [`runs between the last sweep (${began}) and ${oldest}`] : []),
      ...cut.unread,
      ...problemsOf(sweep),
      ...unread,
      ...lanes.flatMap(({ rows }) => problemsOf(rows)),
    ],
  };
};
