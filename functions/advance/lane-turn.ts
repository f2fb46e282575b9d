import { epochMs, isoTime } from '../core/ids.ts';
import { afterRun, dueRows, holdOf, isAnswered, nextDue } from '../core/lane.ts';
import { isOldNews } from '../core/plan.ts';
import type { LaneState, MailboxRow, RunState } from '../core/rows.ts';
import { NODE_CHECK, resultOf } from '../core/run-outbox.ts';
import type { Candidate } from '../core/start-run.ts';
import { type AdvanceDeps, nowIso } from './deps.ts';
import { driveRun } from './drive-run.ts';
import { performOutbox } from './outbox.ts';
import { planRun, queuedRun } from './plan-run.ts';
import { claimDisruption, endDisruption } from './slots.ts';

/** Rows that one turn reads; a fuller mailbox is looked at again at the next turn. */
const MAX_ROWS = 1000;
/** Runs that one wake may start one after the other, for example where nothing had to be sent. */
const MAX_TURNS = 8;

const isCheckLane = (lane: LaneState): boolean => lane.remediation === NODE_CHECK;

const mailboxRun = (deps: AdvanceDeps, lane: LaneState, runId: string): RunState =>
  queuedRun(deps, {
    runId,
    cluster: lane.cluster,
    remediation: lane.remediation,
    action: isCheckLane(lane) ? 'check' : 'repair',
    group: isCheckLane(lane) ? runId : lane.lane,
    lane: lane.lane,
    documentKey: isCheckLane(lane) ? NODE_CHECK : `${lane.remediation}-repair`,
    origin: { source: 'signal' },
  });

/** Takes rows off that need no run: answered ones, and news older than the repair that answered it. */
const tidy = async (deps: AdvanceDeps, lane: LaneState, rows: readonly MailboxRow[]): Promise<MailboxRow[]> => {
  const states = isCheckLane(lane)
    ? new Map()
    : await deps.results.nodeStates(
        rows.map((r) => r.instanceId),
        lane.remediation,
      );
  const kept: MailboxRow[] = [];
  for (const row of rows) {
    if (!isAnswered(row) && !isOldNews(row.lastSeenAt, states.get(row.instanceId))) {
      kept.push(row);
      continue;
    }
    deps.log.info('old news', { lane: lane.lane, instanceId: row.instanceId, lastSeenAt: row.lastSeenAt });
    deps.count('OldNews');
    await deps.lanes.drop(row);
  }
  return kept;
};

/** Records once for each waiting row why the lane does not act on it. */
const recordHold = async (
  deps: AdvanceDeps,
  lane: LaneState,
  rows: readonly MailboxRow[],
  why: 'Paused' | 'BreakerOpen',
  until: string,
  message: string,
): Promise<void> => {
  const told = rows.filter((r) => r.skipped !== why);
  if (told.length === 0) return;
  const now = nowIso(deps);
  const run = mailboxRun(deps, lane, deps.newRunId());
  const outbox = told.flatMap((row) => [
    resultOf(run, row.instanceId, { outcome: 'Skipped', why, reason: row.reason, message }, now),
    {
      kind: 'defer' as const,
      lane: lane.lane,
      instanceId: row.instanceId,
      version: row.version,
      notBefore: until,
      why,
      decidedAt: now,
    },
  ]);
  // The record of a decision not to act is a run too, over from the start: `runs` shows it.
  await deps.runs.create({
    ...run,
    status: 'ended',
    endedAt: now,
    settled: { [why]: told.length },
    stopped: { why, at: now },
  });
  await performOutbox(deps, outbox);
};

/** What the lane turns to next: an operator's run before the mailbox. */
const nextRunId = async (
  deps: AdvanceDeps,
  lane: LaneState,
): Promise<{ readonly runId: string } | { readonly dueAt: string | undefined }> => {
  const now = nowIso(deps);
  const pause = await deps.results.pauseFor(lane.cluster);
  const hold = isCheckLane(lane)
    ? undefined
    : holdOf(lane, pause && `paused by ${pause.by} at ${pause.at}: ${pause.reason}`, now);
  const all = await deps.lanes.mailbox(lane.lane, MAX_ROWS);
  const rows = await tidy(deps, lane, dueRows(all, now));
  if (hold !== undefined) {
    await recordHold(deps, lane, rows, hold.why, hold.until, hold.message);
    const queued = await deps.lanes.queuedRuns(lane.lane);
    return { dueAt: all.length + queued.length === 0 ? undefined : hold.until };
  }
  for (const { runId, sortKey } of await deps.lanes.queuedRuns(lane.lane)) {
    const run = await deps.runs.get(runId);
    if (run?.status === 'queued') return { runId };
    await deps.lanes.removeQueuedRun(lane.lane, sortKey);
  }
  if (rows.length > 0) return { runId: deps.newRunId() };
  return {
    dueAt: nextDue(
      all.filter((r) => r.notBefore !== undefined && r.notBefore > now),
      now,
    ),
  };
};

/** The lane's run as it is to be driven: stored and planned, whatever a crash left of it. */
const openRun = async (deps: AdvanceDeps, lane: LaneState, runId: string, signal: AbortSignal): Promise<RunState> => {
  const stored = await deps.runs.get(runId);
  if (stored !== undefined && stored.status !== 'queued') return stored;
  if (stored !== undefined) {
    const asked = stored.asked ?? (await deps.fleet.list(stored.cluster));
    const planned = await planRun(
      deps,
      stored,
      asked.map((instanceId) => ({ instanceId })),
      lane,
      signal,
    );
    return await deps.runs.save(planned);
  }
  const { limits } = deps.settings.policy;
  const max = isCheckLane(lane) ? limits.maxNodesPerCheckRun : limits.maxNodesPerRepairRun;
  const rows = dueRows(await deps.lanes.mailbox(lane.lane, MAX_ROWS), nowIso(deps)).slice(0, max);
  const candidates: Candidate[] = rows.map((row) => ({ instanceId: row.instanceId, row }));
  const planned = await planRun(
    deps,
    mailboxRun(deps, lane, runId),
    candidates,
    isCheckLane(lane) ? undefined : lane,
    signal,
  );
  await deps.runs.create(planned);
  return planned;
};

/** Hands a check run to its own group. Its rows wait for the check's cool-down first, or the next turn would take them again. */
const handOver = async (deps: AdvanceDeps, lane: LaneState, run: RunState): Promise<void> => {
  const now = nowIso(deps);
  const notBefore = isoTime(epochMs(now) + deps.settings.policy.limits.checkCoolDownSeconds * 1000);
  const taken = [
    ...run.pending,
    ...run.commands.flatMap((c) => c.instanceIds.map((id, i) => [id, c.versions?.[i] ?? ''] as const)),
  ];
  const defers = taken
    .filter(([, version]) => version !== '')
    .map(([instanceId, version]) => ({
      kind: 'defer' as const,
      lane: lane.lane,
      instanceId,
      version,
      notBefore,
      decidedAt: now,
    }));
  await performOutbox(deps, [...defers, ...run.outbox.filter((e) => e.kind === 'defer')]);
  await deps.wakes.wake([{ kind: 'run', runId: run.runId }]);
};

/** One look at a lane: goes on with its run, or starts the next one, until there is nothing to do now. */
export const laneTurn = async (deps: AdvanceDeps, name: string, signal: AbortSignal): Promise<void> => {
  const found = await deps.lanes.get(name);
  if (found === undefined) {
    deps.log.warn('woken for a lane that is not stored', { lane: name });
    return;
  }
  let lane = found;
  const entry = deps.settings.remediations.find((r) => r.name === lane.remediation);
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    if (lane.activeRunId === undefined) {
      const next = await nextRunId(deps, lane);
      if ('dueAt' in next) {
        const { dueAt, ...rest } = lane;
        await deps.lanes.save(next.dueAt === undefined ? rest : { ...rest, dueAt: next.dueAt });
        return;
      }
      if (entry?.disruptive === true && !(await claimDisruption(deps, lane.cluster, lane.lane))) {
        await deps.lanes.save({ ...lane, dueAt: isoTime(epochMs(nowIso(deps)) + 60_000) });
        return;
      }
      lane = await deps.lanes.save({ ...lane, activeRunId: next.runId, dueAt: nowIso(deps) });
    }
    const opened = await openRun(deps, lane, lane.activeRunId ?? '', signal);
    if (isCheckLane(lane)) {
      await handOver(deps, lane, opened);
      const { activeRunId, ...rest } = lane;
      lane = await deps.lanes.save(rest);
      continue;
    }
    const run = await driveRun(deps, opened, signal);
    if (run.status !== 'ended') {
      lane = await deps.lanes.save({ ...lane, dueAt: run.dueAt });
      return;
    }
    const after = afterRun(lane, run, nowIso(deps), deps.settings.policy.limits);
    await performOutbox(deps, after.outbox);
    if (entry?.disruptive === true) await endDisruption(deps, lane.cluster, lane.lane);
    lane = await deps.lanes.save(after.lane);
  }
  await deps.wakes.wake([{ kind: 'lane', lane: name }]);
};
