import { describeIssue } from '../../core/model/issue.ts';
import { wakeOf, wakeRun } from '../../core/model/wake.ts';
import { commandRowOf, wakesOf } from '../../core/runs/command.ts';
import { isRunning } from '../../core/runs/invocation.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import { COMMAND_STATUS_CHANGE, CommandStatusEvent, documentFamily } from '../../events/ssm-command.ts';
import { readComment } from '../adapters/ssm/run-command.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { CommandTrackerPorts } from './ports.ts';

/** The number of reads of a command after its end event, and their gap: list calls may lag behind events. */
const READS = 4;
const READ_GAP_MS = 1000;

/**
 * Where a command belongs. Its event can be quicker than the row that run-controller writes, or run-controller may have died
 * before it: then the Comment leads to the run. Undefined for a command that is not ours.
 */
const locate = async (
  deps: CommandTrackerPorts,
  commandId: string,
): Promise<{ readonly row: CommandRow; readonly isGivenUp?: boolean } | undefined> => {
  const row = await deps.results.getCommand(commandId);
  if (row !== undefined) return { row };
  const listed = await deps.reader.byId(commandId);
  const ours = listed === undefined ? undefined : readComment(listed.comment);
  if (listed === undefined || ours === undefined) return undefined;
  const stored = await deps.runs.read(ours.runId);
  const run = stored.kind === 'run' ? stored.run : undefined;
  const command = run?.commands.find((c) => c.key === ours.key);
  // One that has another id is not the one that this run sent.
  if (run === undefined || command === undefined) return undefined;
  if (command.commandId !== undefined && command.commandId !== commandId) return undefined;
  // The row of a command without nodes was stored before the run's state: since the first read, or it has expired.
  if (command.instanceIds.length === 0) {
    const again = await deps.results.getCommand(commandId);
    return again && { row: again };
  }
  const found = commandRowOf(run, command, commandId, listed.requestedAt, deps.limits);
  await deps.results.putCommand(found);
  return { row: found, isGivenUp: command.status === 'lost' };
};

/** Whether every node of a command has its final reading. The other parts of its batch may still run. */
const isFinal = async ({ runs }: CommandTrackerPorts, { runId, key }: CommandRow): Promise<boolean> =>
  (await runs.observation(runId, key))?.final === true;

/**
 * Whether a look has seen the end of every node of a repair. What it did not write after that, scheduler writes: the command
 * stays due until its results are stored.
 */
const hasEnded = async ({ runs }: CommandTrackerPorts, { runId, key, action, instanceIds }: CommandRow) => {
  if (action === 'check' || instanceIds.length < 2) return false;
  const standing = await runs.observation(runId, key);
  return standing?.final === true && standing.assumed === undefined;
};

/** Takes one command-level event: results first, then the observation, then the wake; then it is acknowledged. */
export const trackEvent = async (deps: CommandTrackerPorts, body: unknown): Promise<void> => {
  const parsed = CommandStatusEvent.safeParse(body);
  if (!parsed.success) {
    throw new PermanentError(`reading the ${COMMAND_STATUS_CHANGE}: ${describeIssue(parsed.error, '(event)')}`);
  }
  const { 'command-id': commandId, 'document-name': documentName, status } = parsed.data.detail;
  if (!deps.documentFamilies.has(documentFamily(documentName)) || isRunning(status)) {
    deps.count('EventIgnored');
    return;
  }
  const located = await locate(deps, commandId);
  if (located === undefined) {
    deps.count('CommandNotOurs');
    deps.log.info('ignoring command that no run sent', { commandId, documentName, status });
    return;
  }
  const { row: command, isGivenUp = false } = located;
  if (await hasEnded(deps, command)) {
    deps.count('EndSeenBefore');
    await deps.wakes.wake(wakesOf(command, deps.now().toISOString(), deps.limits));
    return;
  }
  let progress = await deps.observer.observe(command);
  for (let read = 1; progress === 'running' || (progress === 'open' && !(await isFinal(deps, command))); read++) {
    if (read === READS) {
      // Its deadline is stored: scheduler reads it then.
      deps.count('EndNotShownYet');
      deps.log.warn('waiting for invocations that SSM does not show yet', {
        commandId,
        runId: command.runId,
      });
      return;
    }
    await deps.wait(READ_GAP_MS);
    progress = await deps.observer.observe(command);
  }
  // A run has nothing to do until all parts of a batch are in, or have answered about some nodes: the function that sees that
  // wakes the run.
  // The run of a command that was given up may have ended: what the document did to the node still counts.
  const wakes = isGivenUp
    ? [wakeOf(command), wakeRun(command.runId)]
    : wakesOf(command, deps.now().toISOString(), deps.limits);
  if (progress !== 'incomplete') await deps.wakes.wake(wakes);
  deps.log.info('recording results', { commandId, runId: command.runId, key: command.key, status });
};
