import { isPausing } from '../guards/pause.ts';
import { isTripped, openBreakerOf } from '../guards/trust.ts';
import { counted } from '../model/counted.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { mayRepair } from '../model/may-repair.ts';
import { meaningOf, SkipReason } from '../model/outcome.ts';
import { type ClusterPolicy, modeOf } from '../model/policy.ts';
import { nodesInFlight } from '../runs/in-flight.ts';
import { isCheckLane } from '../runs/lane-step.ts';
import { deployedOf, mayRepairOn, type Rules } from '../runs/rules.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import { withCounts } from '../state/counts.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import { isWaiting, type PendingNode, WHOLE_CLUSTER } from '../state/pending-node.ts';
import type { RunDigest } from '../state/run-digest.ts';
import type { RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { Present } from './present-state.ts';
import type { BreakerStatus, ClusterStatus, PauseStatus, SweepStatus } from './status.ts';

/** A sweep begins within one interval of its tick and has a second one to end in: after the third, its cluster is late. */
export const LATE_AFTER_INTERVALS = 3;

/** What was read of one cluster. */
export type ClusterSeen = {
  readonly policy: ClusterPolicy;
  readonly present: Present;
  /** The runs of the last sweep that has looked at the nodes. */
  readonly sweep: readonly RunDigest[];
  /** The runs of the cluster that have not ended. */
  readonly open: readonly RunState[];
  readonly lanes: readonly { readonly lane: LaneState; readonly rows: readonly PendingNode[] }[];
  readonly trust: readonly TrustRow[];
  readonly pauses: readonly PauseRow[];
  readonly quarantined: readonly NodeStateRow[];
  /** Signals of today that named nodes which nothing proves, beyond the budget of the day. */
  readonly signalsCut: number;
  readonly unread: readonly string[];
};

/** A pause as an answer shows it. */
export const pauseStatus = ({ scope, covers, by, reason, at, until }: PauseRow): PauseStatus => ({
  scope: scope === 'ALL' ? 'all' : 'cluster',
  ...{ covers, by, reason, at, ...defined({ until }) },
});

/** The breaker of a document as an answer shows it; undefined where it is closed. */
export const breakerStatus = (
  remediation: string,
  trust: TrustRow | undefined,
  { policy }: Pick<Rules, 'policy'>,
  now: string,
): BreakerStatus | undefined => {
  const breaker = trust?.breaker;
  if (trust === undefined || breaker === undefined || !isTripped(trust, now, policy.limits)) return undefined;
  const state = openBreakerOf(trust, now) === undefined ? 'closing' : 'open';
  return { remediation, document: trust.document, state, ...breaker };
};

/** The name of the document that repairs by a remediation now. */
export const repairDocumentOf = (rules: Rules, remediation: string): string | undefined =>
  deployedOf(rules, `${remediation}-repair`)[0]?.name;

const earlySweep = ({ status, early, runId, dueAt }: RunState) =>
  early === undefined || status !== 'queued' ? undefined : { runId, nodegroup: early.nodegroup, at: dueAt };

const sweepsOf = ({ policy, sweep, open }: ClusterSeen, everyMinutes: number, now: string): SweepStatus => {
  const endedAt = sweep
    .map((run) => run.endedAt)
    .toSorted()
    .at(-1);
  const [first] = sweep.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.runId.localeCompare(b.runId));
  const [asked] = open
    .filter((run) => run.because.kind === 'sweep' && run.status !== 'ended')
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  const oldest = isoTime(epochMs(now) - LATE_AFTER_INTERVALS * everyMinutes * 60_000);
  // Where no sweep has ever ended, the first one may be on its way.
  const isLate = endedAt === undefined ? asked !== undefined && asked.createdAt <= oldest : endedAt <= oldest;
  const nodes = sweep.reduce((sum, { counts }) => sum + Object.values(counts).reduce((n, count) => n + count, 0), 0);
  const early = open.flatMap((run) => earlySweep(run) ?? []).toSorted((a, b) => a.at.localeCompare(b.at));
  return {
    isOn: policy.sweeps,
    everyMinutes,
    isLate: policy.sweeps && isLate,
    ...(first === undefined || endedAt === undefined
      ? {}
      : {
          last: { runId: first.runId, startedAt: first.startedAt ?? first.createdAt, endedAt, nodes },
          ageSeconds: Math.max(0, Math.round((epochMs(now) - epochMs(endedAt)) / 1000)),
        }),
    ...(asked === undefined ? {} : { open: { runId: asked.runId, createdAt: asked.createdAt } }),
    ...(early.length === 0 ? {} : { early }),
  };
};

const waitingIn = (lanes: ClusterSeen['lanes'], isCheck: boolean): number =>
  lanes
    .filter(({ lane }) => isCheckLane(lane) === isCheck)
    .reduce((sum, { rows }) => sum + rows.filter((r) => isWaiting(r) && r.instanceId !== WHOLE_CLUSTER).length, 0);

const inFlightOf = (open: readonly RunState[], action: RunState['action']): number =>
  open.filter((run) => run.action === action).reduce((sum, run) => sum + nodesInFlight(run), 0);

const skippedOf = (sweep: readonly RunDigest[]): ClusterStatus['skipped'] =>
  sweep.reduce<ClusterStatus['skipped']>(
    (sum, { counts }) =>
      withCounts(
        sum,
        Object.fromEntries(
          SkipReason.options.flatMap((name) => (counts[name] === undefined ? [] : [[name, counts[name]]])),
        ),
      ),
    {},
  );

const forbiddenIn = ({ present, policy }: ClusterSeen, rules: Rules): number =>
  present.notes.filter(
    ({ outcome, remediation }) => meaningOf(outcome).isFinding && !mayRepairOn(rules, policy.name, remediation),
  ).length;

/** The present state of one cluster. */
export const clusterStatus = (seen: ClusterSeen, rules: Rules, everyMinutes: number, now: string): ClusterStatus => {
  const { policy, present, sweep, open, lanes, trust, pauses, quarantined } = seen;
  const { outcomes } = present;
  return {
    kind: 'cluster',
    cluster: policy.name,
    mode: policy.mode,
    remediations: rules.remediations.map((entry) => {
      const permission = mayRepair(policy, entry);
      return {
        remediation: entry.name,
        mode: modeOf(policy, entry.name),
        allowed: permission.allowed,
        ...(permission.allowed ? {} : { why: permission.why }),
      };
    }),
    ...defined({ nodes: present.nodes }),
    outcomes,
    broken: (outcomes.Broken ?? 0) + (outcomes.NotRepaired ?? 0),
    forbidden: forbiddenIn(seen, rules),
    unknown: (outcomes.Unknown ?? 0) + (outcomes.TimedOut ?? 0),
    unsupported: outcomes.Unsupported ?? 0,
    unreachable: outcomes.Unreachable ?? 0,
    skipped: skippedOf(sweep),
    waiting: waitingIn(lanes, false),
    waitingForCheck: waitingIn(lanes, true),
    inFlight: inFlightOf(open, 'repair'),
    checking: inFlightOf(open, 'check'),
    quarantined: new Set(quarantined.map(({ instanceId }) => instanceId)).size,
    signalsCut: seen.signalsCut,
    sweeps: sweepsOf(seen, everyMinutes, now),
    breakers: rules.remediations.flatMap(({ name }) => {
      const row = trust.find(({ document }) => document === repairDocumentOf(rules, name));
      return breakerStatus(name, row, rules, now) ?? [];
    }),
    registryHolds: lanes.flatMap(({ lane }) =>
      lane.registryHold === undefined
        ? []
        : [{ remediation: lane.remediation, until: lane.registryHold.until, holds: lane.registryHold.holds }],
    ),
    pauses: pauses.filter((pause) => isPausing(pause, 'repair', now)).map(pauseStatus),
    unread: [
      ...seen.unread,
      ...(present.more === 0 ? [] : [`${counted(present.more, 'finding')} of runs whose digests had no room for more`]),
    ],
  };
};
