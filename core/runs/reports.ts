import type { Limits } from '../model/policy.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutcomeCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PlannedRun, RunState } from '../state/run-state.ts';
import { batchesOf, batchOf } from './batch.ts';
import { type Change, closeCheck, isUnobserved, OBSERVATION_LOST, onUnobserved } from './close.ts';
import { assumedIn, isNews, isOver, onBatch, onObservation, onReport, type SendReport } from './command.ts';
import { withBatchesDivided } from './invalid-ids.ts';
import { merged } from './outbox.ts';
import { withAnswers } from './refusal.ts';
import type { Knowledge } from './rules.ts';
import { tellFindings } from './tell-findings.ts';

/** The news of a run's commands: what SSM answered, and what was observed. */
export type News = Knowledge & {
  readonly observations: readonly ObservationRow[];
  readonly reports: readonly SendReport[];
  /** The keys of commands whose observation is missing, and is written again. */
  readonly awaited: ReadonlySet<string>;
};

/** Whether the observation of a check's command that is over was lost, and nobody will write it. */
const isForgotten = (
  { key }: CommandState,
  { action, outbox }: RunState,
  added: readonly OutboxEntry[],
  { observations, awaited }: News,
): boolean =>
  action === 'check' &&
  !awaited.has(key) &&
  !observations.some((seen) => seen.key === key) &&
  ![...outbox, ...added].some((entry) => entry.kind === 'observation' && entry.key === key);

/** The observation of a command in place of one that was lost: its nodes are not known. */
const forgotten = (command: CommandState, now: string): readonly OutboxEntry[] =>
  closeCheck(command, 'lost', OBSERVATION_LOST, now).outbox;

/** Whether all nodes of a batch are counted: every part is over, and its observation has been read. */
export const isCounted = (parts: readonly CommandState[]): boolean =>
  parts.every(isOver) && parts[0]?.counts !== undefined;

/** The number of nodes by outcome, over the whole run. The counts are derived, never incremented. */
export const countsOf = (state: RunState): Partial<Record<string, number>> => {
  const counts: Partial<Record<string, number>> = { ...state.settled };
  for (const command of state.commands) {
    for (const [outcome, n] of Object.entries(command.counts ?? {})) counts[outcome] = (counts[outcome] ?? 0) + n;
  }
  return counts;
};

/** A batch with its counts, which its first command has. */
const counted = (parts: readonly CommandState[], counts: OutcomeCounts): readonly CommandState[] =>
  parts.map((command, i) => (i === 0 ? { ...command, counts } : command));

/**
 * The nodes of a batch about which its observations are news; undefined where it has asked for nothing yet. One whose end was
 * lost has not.
 */
const lateIn = ({ commands }: PlannedRun, seen: readonly ObservationRow[]): ReadonlySet<string> | undefined => {
  const pairs = seen.flatMap((row) =>
    commands.flatMap((command) => (command.key === row.key ? [{ command, row }] : [])),
  );
  const isAsked = pairs.some(({ command }) => command.status === 'closed' && command.counts !== undefined);
  return isAsked ? new Set(pairs.flatMap(({ command, row }) => assumedIn(command, row))) : undefined;
};

/**
 * Applies the reports about the run's commands, then their observations. A command that is over changes only if its first
 * observation assumed a reading and a later one is surer.
 */
export const withReports = <Run extends PlannedRun>(before: Run, inputs: News, now: string, limits: Limits): Run => {
  const outbox: OutboxEntry[] = [];
  const observed = new Set<string>();
  const updated = before.commands.map((first) => {
    let command = first;
    const take = (change: Change): void => {
      command = change.command;
      outbox.push(...change.outbox);
    };
    for (const report of inputs.reports.filter((r) => r.key === first.key)) {
      if (command.status === 'sending') take(onReport(command, report, before, now, limits));
    }
    const seen = inputs.observations.find((o) => o.key === first.key);
    if (seen !== undefined && isNews(command, seen)) {
      take(onObservation(command, seen, before));
      observed.add(batchOf(command.key));
    }
    if (isUnobserved(command, seen, now)) take(onUnobserved(command, seen, before, now));
    return command;
  });
  const all = before.action === 'check' ? withBatchesDivided(updated) : updated;
  const commands = batchesOf(all).flatMap((parts): readonly CommandState[] => {
    const [lead] = parts;
    const isNew = lead !== undefined && (lead.counts === undefined || observed.has(batchOf(lead.key)));
    if (!isNew) return parts;
    const told = tellFindings(before, parts, inputs.observations, inputs);
    outbox.push(...told.outbox);
    if (!parts.every(isOver)) return told.commands;
    const seen = parts.flatMap((c) => inputs.observations.find((o) => o.key === c.key) ?? []);
    // The outbox of this run writes the observation of a command that did not run; the next step reads it.
    if (seen.length < parts.length) {
      outbox.push(...parts.flatMap((part) => (isForgotten(part, before, outbox, inputs) ? forgotten(part, now) : [])));
      return parts;
    }
    // A repair whose observation is lost is counted already, with what a look had seen of it.
    if (before.action === 'repair' && !seen.every(({ final }) => final)) return parts;
    const late = lateIn(before, seen);
    const { counts, outbox: asked } = onBatch(lead, seen, before, { ...inputs, late }, limits);
    outbox.push(...asked);
    return counted(told.commands, counts);
  });
  const isChanged = outbox.length > 0 || commands.some((c, i) => c !== before.commands[i]);
  if (!isChanged) return before;
  const known = inputs.reports.filter((r) => before.commands.some((c) => c.key === r.key && c.status === 'sending'));
  return withAnswers({ ...before, commands, outbox: [...before.outbox, ...merged(outbox)] }, before, known, now);
};
