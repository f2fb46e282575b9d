import { isSilent } from '../guards/holds.ts';
import { epochMs } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunningRun, RunState } from '../state/run-state.ts';
import { isOver } from './command.ts';

/** Whether a command only waits for nodes that do not answer, and that no other run can send to before its hard deadline. */
const isLeftOver = (c: CommandState, now: string, limits: Limits): boolean => {
  if (isOver(c)) return true;
  if (c.status !== 'sent' || c.sentAt === undefined || c.hardDeadlineAt === undefined) return false;
  // The cool-down begins with the sending, and SSM may take the command as late as a frozen copy can still sign for it.
  const sendingMs = (limits.runControllerTimeoutSeconds + limits.adoptionGraceSeconds) * 1000;
  const longestMs = epochMs(c.hardDeadlineAt) - epochMs(c.sentAt) + sendingMs;
  return longestMs <= limits.coolDownSeconds * 1000 && isSilent(c.sentAt, now, limits);
};

/**
 * The run in a group of its own, where its lane need not wait for it: all that it still waits for is nodes that do not answer.
 * They hold their slots until their final results or their hard deadline; other nodes do not wait for them.
 */
export const leftRun = (run: RunState, now: string, limits: Limits): RunningRun | undefined => {
  if (run.status !== 'draining' || run.outbox.length > 0) return undefined;
  if (!run.commands.every((c) => isLeftOver(c, now, limits))) return undefined;
  return { ...run, lane: run.lane ?? run.group, group: run.runId };
};
