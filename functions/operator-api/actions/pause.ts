import pMap from 'p-map';
import * as z from 'zod';
import { DryRun, type InFlightCommand, Reason, RequestedBy } from '../../../core/api/request.ts';
import { pauseText } from '../../../core/guards/pause.ts';
import { defined } from '../../../core/model/defined.ts';
import { ClusterName, epochMs, IsoTime, isoTime } from '../../../core/model/ids.ts';
import { laneName } from '../../../core/model/lane-name.ts';
import { newLane } from '../../../core/runs/lane.ts';
import type { PauseRow } from '../../../core/state/cluster-state.ts';
import { type LaneState, salvagedLane } from '../../../core/state/lane-state.ts';
import { ALL_CLUSTERS, clusterScope } from '../../adapters/table/keys.ts';
import { refuse } from '../../runtime/answer.ts';
import { requireCluster } from '../../shared/require-cluster.ts';
import { defineAction } from '../define-action.ts';
import { inFlightOf } from '../in-flight.ts';
import type { OperatorApiPorts } from '../ports.ts';

/** A pause that nobody lifts ends after this time, so that a forgotten one does not leave nodes broken for ever. */
const DEFAULT_HOURS = 24;
const MAX_DAYS = 30;
const HOUR_MS = 3_600_000;

/** The end of a pause: a time, 24 hours from now without one, and at most 30 days from now. */
const endOf = (until: string | undefined, nowMs: number): string => {
  if (until === undefined) return isoTime(nowMs + DEFAULT_HOURS * HOUR_MS);
  const endMs = epochMs(until);
  if (endMs > nowMs && endMs <= nowMs + MAX_DAYS * 24 * HOUR_MS) return isoTime(endMs);
  return refuse(
    'until',
    `expected a time after ${isoTime(nowMs)} and within ${MAX_DAYS} days; without it, a pause ends after ${DEFAULT_HOURS} hours`,
  );
};

/** The repair commands that were under way when a pause began: they end by themselves. */
const repairsInFlight = async (
  deps: OperatorApiPorts,
  cluster: string | undefined,
): Promise<readonly InFlightCommand[]> => {
  const { policy, remediations } = deps.settings;
  const clusters = cluster === undefined ? policy.clusters.map(({ name }) => name) : [cluster];
  const lanes = clusters.flatMap((name) => remediations.map((remediation) => laneName(name, remediation.name)));
  const commands = await pMap(
    lanes,
    async (lane) => {
      const stored = await deps.lanes.read(lane);
      // Of a lane that cannot be read, its run can be.
      const { activeRunId, left = [] }: Partial<Pick<LaneState, 'activeRunId' | 'left'>> =
        stored.kind === 'absent'
          ? {}
          : stored.kind === 'row'
            ? stored.row
            : salvagedLane(newLane(lane), stored.item, '');
      const runIds = [...(activeRunId === undefined ? [] : [activeRunId]), ...left.map(({ runId }) => runId)];
      const runs = await Promise.all(runIds.map((runId) => deps.runs.read(runId)));
      const inFlight = runs.map(async (run) => (run.kind === 'run' ? await inFlightOf(deps, run.run) : []));
      return (await Promise.all(inFlight)).flat();
    },
    { concurrency: 8 },
  );
  return commands.flat();
};

const scopeOf = (deps: OperatorApiPorts, cluster: string | undefined): string => {
  if (cluster === undefined) return ALL_CLUSTERS;
  requireCluster(deps, cluster);
  return clusterScope(cluster);
};

const pausedRow = (
  deps: OperatorApiPorts,
  cluster: string | undefined,
  covers: 'repairs' | 'everything',
  until: string | undefined,
) => {
  const scope = scopeOf(deps, cluster);
  const now = deps.now();
  return { scope, covers, state: 'paused' as const, at: now.toISOString(), until: endOf(until, now.getTime()) };
};

/** The row of a resume, and the other pause that would still hold, such as that of all clusters. */
const resumedRow = (deps: OperatorApiPorts, cluster: string | undefined) => ({
  scope: scopeOf(deps, cluster),
  covers: 'everything' as const,
  state: 'resumed' as const,
  at: deps.now().toISOString(),
});

const shownResume = ({ covers, ...row }: ReturnType<typeof resumedRow>, other: PauseRow | undefined) => ({
  ...row,
  ...defined({ held: other && pauseText(other) }),
});

export const pause = defineAction({
  name: 'pause',
  title:
    'Pauses a cluster, or every cluster where `cluster` is missing: its repairs, or `everything`. It ends at `until`, or after 24 hours.',
  way: 'stop',
  payload: z.strictObject({
    cluster: ClusterName.optional(),
    covers: z.enum(['repairs', 'everything']).default('repairs'),
    until: IsoTime.optional(),
    requestedBy: RequestedBy,
    reason: Reason,
    ...DryRun,
  }),
  preview: async (deps, _caller, { cluster, covers, until }) => ({
    ...pausedRow(deps, cluster, covers, until),
    inFlight: await repairsInFlight(deps, cluster),
  }),
  perform: async (deps, caller, { cluster, covers, until, requestedBy: by, reason }) => {
    const row = pausedRow(deps, cluster, covers, until);
    await deps.requests.setPause({ ...row, by, reason, ...caller }, deps.newId());
    return { ...row, inFlight: await repairsInFlight(deps, cluster) };
  },
});

export const resume = defineAction({
  name: 'resume',
  title: 'Ends the pause of a cluster, or of every cluster where `cluster` is missing.',
  way: 'act',
  payload: z.strictObject({ cluster: ClusterName.optional(), requestedBy: RequestedBy, reason: Reason, ...DryRun }),
  preview: async (deps, _caller, { cluster }) => {
    const row = resumedRow(deps, cluster);
    // That of the cluster itself would end.
    const all = cluster === undefined ? undefined : await deps.results.pauseFor('', 'repair', row.at);
    return shownResume(row, all);
  },
  perform: async (deps, caller, { cluster, requestedBy: by, reason }) => {
    const row = resumedRow(deps, cluster);
    await deps.requests.setPause({ ...row, by, reason, ...caller }, deps.newId());
    return shownResume(row, cluster === undefined ? undefined : await deps.results.pauseFor(cluster, 'repair', row.at));
  },
});
