import { without } from '../model/defined.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import { batchTallies } from './batch-results.ts';
import { isOver } from './command.ts';
import { findingsOf, type Known } from './findings.ts';

/** The commands of a batch, and the findings that go to their lanes. */
type Told = { readonly commands: readonly CommandState[]; readonly outbox: readonly OutboxEntry[] };

/** The commands of a batch with their observations; none where one is missing, or its command may be sent again. */
const observed = (commands: readonly CommandState[], observations: readonly ObservationRow[]) => {
  const parts = commands.flatMap((command) => {
    const seen = observations.find(({ key }) => key === command.key);
    return seen !== undefined && (command.status === 'sent' || isOver(command)) ? [{ command, seen }] : [];
  });
  return parts.length < commands.length ? [] : parts;
};

/**
 * Sends the findings of a check on a node to their lanes once all parts have answered about that node: a repair would find
 * the node busy before that, and a silent node of the batch must not delay those of the others. A command keeps the nodes
 * whose findings are still to come, so that none goes twice; it keeps nothing before its first finding, and at the end of
 * its batch those whose answer was assumed.
 */
export const tellFindings = (
  run: RunState,
  batch: readonly CommandState[],
  observations: readonly ObservationRow[],
  known: Known,
): Told => {
  const parts = run.action === 'check' ? observed(batch, observations) : [];
  if (parts.length === 0) return { commands: batch, outbox: [] };
  const isComplete = batch.every(isOver);
  const isCounted = batch.some(({ counts }) => counts !== undefined);
  const open = isComplete ? [] : parts.flatMap(({ seen }) => seen.open);
  const outbox: OutboxEntry[] = [];
  const commands = parts.map(({ command, seen }): CommandState => {
    const { open: untold, assumedGrade } = command;
    const unsure = new Set([...open, ...(seen.assumed ?? [])]);
    const isTold = (id: string): boolean => (untold === undefined ? isCounted : !untold.includes(id));
    const tallies = Object.entries(batchTallies([seen], run));
    const findings = tallies.flatMap(([id, tally]) =>
      unsure.has(id) || isTold(id) ? [] : findingsOf(run, id, tally, known),
    );
    outbox.push(...findings);
    const left = tallies.flatMap(([id]) => (unsure.has(id) ? [id] : []));
    if (isComplete) return { ...without(command, 'open'), ...(assumedGrade === undefined ? {} : { open: left }) };
    return findings.length === 0 ? command : { ...command, open: left };
  });
  return { commands, outbox };
};
