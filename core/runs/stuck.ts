import { without } from '../model/defined.ts';
import type { CommandState } from '../state/command-state.ts';
import type { Failures, LaneState } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { EndedRun, QueuedRun, RunningRun, RunState } from '../state/run-state.ts';
import { COMMAND_LOST, closeCheck, lostOf } from './close.ts';
import { requeued } from './outbox.ts';
import { laneRun } from './plan.ts';
import { countsOf } from './reports.ts';
import type { Rules } from './rules.ts';
import { endNotice } from './run-end.ts';
import { latestEnd } from './run-step.ts';
import type { Step } from './step.ts';
import { withoutUnsent } from './stop.ts';

/** How many turns may fail one after the other, before the run at work ends. */
export const STUCK_TURNS = 5;
/** After so many, the run is left as it is: not even its end can be stored. */
const GIVE_UP_TURNS = 2 * STUCK_TURNS;

const MAX_MESSAGE = 600;

/** The failures with one more. */
export const withFailure = (failures: Failures | undefined, message: string, now: string): Failures => ({
  count: (failures?.count ?? 0) + 1,
  firstAt: failures?.firstAt ?? now,
  message: message.slice(0, MAX_MESSAGE),
});

/** Whether so many turns failed one after the other that the run at work must end. */
export const isStuck = ({ failures }: { readonly failures?: Failures | undefined }): boolean =>
  (failures?.count ?? 0) >= STUCK_TURNS;

/** The notice that a run was ended because its turns failed, or because its row cannot be read. */
const stuckNotice = (
  { runId, cluster, remediation, action, group, requestId, endedAt: at }: EndedRun,
  message: string,
  about = runId,
): OutboxEntry => ({
  kind: 'notice',
  id: `${about}/stuck`,
  at,
  detailType: 'Run Stuck',
  detail: { runId: about, cluster, remediation, action, group, requestId, message: message.slice(0, MAX_MESSAGE) },
});

/**
 * A command that may be at SSM, and that nobody will look for: its nodes are `Unknown`, and those of a repair are checked.
 * Until it has ended in any case they hold their slots, and what it says counts.
 */
const lost = (run: RunState, command: CommandState, until: string, now: string) => {
  const { outbox } =
    run.action === 'check' ? closeCheck(command, 'lost', COMMAND_LOST, now) : { outbox: lostOf(run, command, now) };
  return { command: { ...command, hardDeadlineAt: until }, outbox };
};

/**
 * Ends a run whose turns fail. Its unsent nodes go back to the lane with a next look; those of sent commands hold their
 * slots until their hard deadlines, and command-tracker writes their results.
 */
export const stuckRun = (run: QueuedRun | RunningRun, message: string, rules: Rules, now: string): EndedRun => {
  const { limits } = rules.policy;
  const stopped = { reason: 'Stuck', at: now } as const;
  const settled = withoutUnsent(run, stopped, now, limits);
  const changes = settled.commands.map((command) =>
    command.status === 'sending' ? lost(settled, command, latestEnd(run, rules, now), now) : { command, outbox: [] },
  );
  const ended: EndedRun = {
    ...without(settled, 'failures'),
    commands: changes.map(({ command }) => command),
    status: 'ended',
    endedAt: now,
    end: 'Stuck',
    stopped,
    dueAt: now,
  };
  const outbox = changes.flatMap((change) => change.outbox);
  const notices = [endNotice(ended, countsOf(ended), now), stuckNotice(ended, message)];
  return { ...ended, outbox: [...ended.outbox, ...outbox, ...notices] };
};

/** What is known of a lane whose turns fail, and of its run. */
export type StuckSeen = {
  readonly lane: LaneState;
  /** The lane's active run; undefined where it is not stored, or cannot be read. */
  readonly run: RunState | undefined;
  /** What is known of a run that cannot be read. */
  readonly salvaged?: Salvaged | undefined;
  readonly message: string;
  readonly newRunId: string;
  readonly rules: Rules;
  readonly now: string;
};

/** Nodes that wait for a run which cannot be read, and have no row of their own in its lane. */
export type Salvaged = { readonly requestId?: string | undefined; readonly instanceIds: readonly string[] };

const handedBackOf = ({ salvaged, now }: Pick<StuckSeen, 'salvaged' | 'now'>, run: RunState): OutboxEntry[] =>
  salvaged === undefined || run.action === 'check'
    ? []
    : requeued({ ...run, requestId: salvaged.requestId ?? run.requestId }, salvaged.instanceIds, now);

/** The record of a run that is not stored or cannot be read: a run that is over from the start. `runs` shows it. */
export const stuckRecord = (seen: Omit<StuckSeen, 'run'>, about: string): EndedRun => {
  const { message, now } = seen;
  const stopped = { reason: 'Stuck', at: now } as const;
  const run = laneRun(seen, []);
  const ended: EndedRun = { ...run, status: 'ended', endedAt: now, end: 'Stuck', stopped };
  return { ...ended, outbox: [...handedBackOf(seen, ended), stuckNotice(ended, message, about)] };
};

/** Ends the active run of a lane whose turns fail, so that the lane goes on with the next. */
export const stuckStep = (seen: StuckSeen): Step => {
  const { lane: before, run, message, rules, now } = seen;
  const { activeRunId = '', failures, ...rest } = before;
  // The outbox of a run that has ended is performed in the run's own group.
  if (run?.status === 'ended') {
    return { commit: { lane: { before, after: rest, isIdle: false } }, effects: [], isDone: false };
  }
  if (run !== undefined && (failures?.count ?? 0) < GIVE_UP_TURNS) {
    const after = stuckRun(run, message, rules, now);
    return {
      commit: { lane: { before, after: { ...rest, activeRunId }, isIdle: false }, run: { before: run, after } },
      effects: [],
      isDone: false,
    };
  }
  const record = stuckRecord(seen, activeRunId);
  return {
    commit: {
      lane: { before, after: { ...rest, activeRunId: record.runId }, isIdle: false },
      run: { before: undefined, after: record },
    },
    effects: [],
    isDone: false,
  };
};
