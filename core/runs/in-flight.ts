import type { InFlight } from '../guards/places.ts';
import type { CommandState } from '../state/command-state.ts';
import { isStuckEnd, type RunState } from '../state/run-state.ts';
import { batchesOf } from './batch.ts';
import { isOver } from './command.ts';

/** The number of a command's nodes that have not ended. A check that was sent no longer lists its nodes. */
const sizeOf = (c: CommandState): number => {
  if (c.open !== undefined) return c.open.length;
  return c.instanceIds.length > 0 ? c.instanceIds.length : c.size - (c.unreachable?.length ?? 0);
};

/** Whether SSM has a command, or may have it. */
const isInFlight = (c: CommandState): boolean => !isOver(c) && c.status !== 'planned';

/**
 * Nodes that hold a slot: SSM has their command, or may have it. A planned command runs nowhere and holds none. The parts
 * of a batch have the same nodes.
 */
export const nodesInFlight = (state: Pick<RunState, 'commands'>): number =>
  batchesOf(state.commands.filter(isInFlight)).reduce((sum, parts) => sum + Math.max(...parts.map(sizeOf)), 0);

/** When the last command of the run was sent that has nodes in flight. */
export const lastSentOf = (state: Pick<RunState, 'commands'>): string | undefined =>
  state.commands
    .flatMap((c) => (isInFlight(c) ? (c.sentAt ?? c.sendingAt ?? []) : []))
    .toSorted()
    .at(-1);

/** What a run and the earlier runs of its lane have in flight. */
export const inFlightOf = (
  state: Pick<RunState, 'commands'>,
  before: Pick<InFlight, 'left' | 'lastSentAt'>,
): InFlight => ({
  own: nodesInFlight(state),
  left: before.left,
  lastSentAt: [lastSentOf(state), before.lastSentAt]
    .flatMap((time) => time ?? [])
    .toSorted()
    .at(-1),
});

/** Until when nodes of the run may hold their slots: the latest hard deadline of its commands. */
export const heldUntil = (state: Pick<RunState, 'commands'>, ofUnsent: string): string =>
  state.commands
    .flatMap((c) => (isInFlight(c) ? [c.hardDeadlineAt ?? ofUnsent] : []))
    .toSorted()
    .at(-1) ?? '';

/** Whether a run has ended before its commands, because its turns failed: their results still count. */
export const awaitsResults = (run: RunState): boolean =>
  isStuckEnd(run) && run.commands.some((command) => !isOver(command));
